import { openCrossing } from './crossing.ts';
import { decisionOf } from './decision.ts';
import { messageOf } from './errors.ts';
import type { Crossing, Exchange } from './exchange.ts';
import type { Session } from './session.ts';
import type { Circumstance, Stages } from './stages.ts';
import { type Permit, type Refusal, refuse, type Verdict } from './verdict.ts';

/**
 * Takes one exchange through the flow: on record, judged, asked about, performed or refused. Synchronous where the
 * verdict is at hand, so that a permitted exchange costs one commit and no turn of the event loop.
 */
export function mediate(session: Session, exchange: Exchange, stages: Stages): void | Promise<void> {
  const ordinal = session.record.exchange(exchange.action);
  const crossing = openCrossing(session.record, ordinal, exchange);
  let verdict: Verdict | Promise<Verdict>;
  try {
    verdict = stages.judge(circumstanceOf(session), exchange.action);
  } catch (fault) {
    verdict = faulty(fault);
  }
  if (!(verdict instanceof Promise) && verdict.kind !== 'question') return conclude(session, exchange, crossing, verdict);
  return wait(session, exchange, crossing, stages, verdict);
}

async function wait(
  session: Session,
  exchange: Exchange,
  crossing: Crossing,
  stages: Stages,
  pending: Verdict | Promise<Verdict>,
): Promise<void> {
  let verdict: Verdict;
  try {
    verdict = await pending;
    if (verdict.kind === 'question') {
      const notice = (text: string) => exchange.notice(text, crossing);
      const act = await exchange.act();
      verdict = 'kind' in act ? { ...act, grounds: verdict.grounds } : await stages.ask(verdict, session, act, exchange.cancelled, notice);
    }
  } catch (fault) {
    verdict = faulty(fault);
  }
  conclude(session, exchange, crossing, verdict);
}

const circumstances = new WeakMap<Session, Circumstance>();

/** The same object for all of a session, so that policy can tell by it what it has judged before. */
function circumstanceOf(session: Session): Circumstance {
  const known = circumstances.get(session);
  if (known !== undefined) return known;
  const { connection, run } = session.facts;
  const circumstance = { principal: session.principal, connection, run };
  circumstances.set(session, circumstance);
  return circumstance;
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
