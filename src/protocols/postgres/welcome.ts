import type { SessionEnd } from '../../core/entry.ts';
import type { Mediate } from '../../core/exchange.ts';
import type { Target } from '../../core/protocol.ts';
import { endingOf, type Session } from '../../core/session.ts';
import { type ClientLine, Conversation } from './conversation.ts';
import { EarlyBytes } from './early-bytes.ts';
import type { Settings } from './settings.ts';
import { encodeEnding } from './sqlstates.ts';
import { encodeStartup } from './startup.ts';
import { openUpstream, TargetRefused, type Upstream } from './upstream.ts';

/** Either a conversation to run, or why there is none; the client was told then. */
export async function reachTarget(
  client: ClientLine,
  parameters: ReadonlyMap<string, string>,
  session: Session,
  target: Target<Settings>,
  mediate: Mediate,
): Promise<Conversation | SessionEnd> {
  const early = new EarlyBytes(client.socket, client.rest);
  try {
    const upstream = await open(parameters, session, target, AbortSignal.any([session.signal, early.left]));
    return new Conversation({ socket: client.socket, rest: early.release() }, upstream, session, target, mediate);
  } catch (fault) {
    early.release();
    if (!(fault instanceof TargetRefused)) throw fault;
    if (early.left.aborted) return { status: 'ended', reason: 'the client left while the target was being reached' };
    await tell(client, session);
    return { status: 'ended', reason: `the target could not be reached: ${fault.message}` };
  }
}

/** Puts the start-up message on record, and then opens the session at the target by it. */
async function open(
  parameters: ReadonlyMap<string, string>,
  session: Session,
  target: Target<Settings>,
  given: AbortSignal,
): Promise<Upstream> {
  const { user } = target.settings.credentials;
  const startup = encodeStartup(user, target.settings.target.database, parameters);
  await new Promise<void>((resolve, reject) => {
    session.signal.addEventListener('abort', () => reject(new TargetRefused(endingOf(session.signal).message)), { once: true });
    session.channel({ forward: () => resolve(), deliver: () => {} }).ask(startup, session.permit);
  });
  return openUpstream(target.settings, target.dial, startup, given);
}

/** The cause may name hosts and users that are none of the client's business: it stands in the record alone. */
function tell(client: ClientLine, session: Session): Promise<void> {
  const ending = session.signal.aborted
    ? endingOf(session.signal)
    : {
        code: 'TARGET_UNREACHABLE' as const,
        message: `The target of "${session.facts.connection}" could not be reached.`,
        hint: `The record of session ${session.facts.id} says why; tell whoever runs Chaperone.`,
      };
  return new Promise((resolve) => {
    const channel = session.channel({
      forward: () => {},
      deliver: (words) => {
        client.socket.write(words);
        resolve();
      },
    });
    session.signal.addEventListener('abort', () => resolve(), { once: true });
    channel.answer(encodeEnding(ending));
  });
}
