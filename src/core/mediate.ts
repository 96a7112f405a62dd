import { openCrossing } from './crossing.ts';
import { decisionOf } from './decision.ts';
import { messageOf } from './errors.ts';
import type { Crossing, Exchange } from './exchange.ts';
import type { Session } from './session.ts';
import type { Circumstance, Stages } from './stages.ts';
import { type Permit, type Question, type Refusal, refuse, type Verdict } from './verdict.ts';

/**
 * Takes one exchange through the flow: on record, judged, asked about, performed or refused. Synchronous where the
 * verdict is at hand, so that a permitted exchange costs one commit and no turn of the event loop.
 */
export function mediate(session: Session, exchange: Exchange, stages: Stages): void | Promise<void> {
  const ordinal = session.record.exchange(exchange.action);
  const crossing = openCrossing(session.record, ordinal, exchange);
  const settle = (verdict: Permit | Refusal) => conclude(session, exchange, crossing, verdict);
  let verdict: Verdict | Promise<Verdict>;
  try {
    verdict = stages.judge(circumstanceOf(session), exchange.action);
  } catch (fault) {
    return settle(faulty(fault));
  }
  if (verdict instanceof Promise) return verdict.then((known) => answered(known), faulty).then(settle);
  if (verdict.kind !== 'question') return settle(verdict);
  return asked(verdict).then(settle);

  function answered(known: Verdict): Permit | Refusal | Promise<Permit | Refusal> {
    return known.kind === 'question' ? asked(known) : known;
  }

  async function asked(question: Question): Promise<Permit | Refusal> {
    try {
      return await stages.ask(question, session, exchange.act(), exchange.cancelled, (text) => exchange.notice(text, crossing));
    } catch (fault) {
      return faulty(fault);
    }
  }
}

function circumstanceOf(session: Session): Circumstance {
  const { connection, run } = session.facts;
  return { principal: session.principal, connection, run };
}

function conclude(session: Session, exchange: Exchange, crossing: Crossing, verdict: Permit | Refusal): void {
  session.record.decided(crossing.ordinal, decisionOf(verdict));
  if (verdict.kind === 'refusal') exchange.refuse(verdict, crossing);
  else exchange.perform(verdict, crossing);
}

/** A stage that fails must not let anything pass: its fault becomes a refusal, and the record keeps the cause. */
function faulty(fault: unknown): Refusal {
  return refuse(
    'INTERNAL',
    'Chaperone could not decide this request, so it is refused.',
    'Try again; if it stays so, tell whoever runs Chaperone.',
    {
      detail: messageOf(fault),
    },
  );
}
