import type { SessionEnd } from '../../core/entry.ts';
import type { Mediate } from '../../core/exchange.ts';
import type { Target } from '../../core/protocol.ts';
import { endingOf, type Session } from '../../core/session.ts';
import { type ClientLine, Conversation } from './conversation.ts';
import { EarlyBytes } from './early-bytes.ts';
import { inOwnWords } from './masking.ts';
import { ownWords } from './own-words.ts';
import type { Settings } from './settings.ts';
import { encodeEnding } from './sqlstates.ts';
import { encodeStartup } from './startup.ts';
import { TargetRefused } from './upstream.ts';
import { findServer } from './target-search.ts';
import type { Upstream } from './target-session.ts';

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
    return new Conversation({ ...client, rest: early.release() }, upstream, session, target, mediate);
  } catch (fault) {
    early.release();
    if (!(fault instanceof TargetRefused)) throw fault;
    if (early.left.aborted) return { status: 'ended', reason: 'the client left while the target was being reached' };
    await tell(client, session);
    return { status: 'ended', reason: `the target could not be reached: ${fault.message}` };
  }
}

/** A server that is told this refuses writes by itself, also those that the gate did not see. */
const readOnly = 'default_transaction_read_only';

/** A pooler that does not know the parameter is reached without it: the gate judges all the same. */
async function open(
  parameters: ReadonlyMap<string, string>,
  session: Session,
  target: Target<Settings>,
  given: AbortSignal,
): Promise<Upstream> {
  // Whether a server takes writes could not be told by its own word then.
  const told = session.onlyReads && !['read-write', 'read-only'].includes(target.settings.target.targetSessionAttrs);
  if (!told) return reachBy(parameters, session, target, given);
  try {
    return await reachBy(new Map([...parameters, [readOnly, 'on']]), session, target, given);
  } catch (fault) {
    if (!(fault instanceof TargetRefused && fault.message.includes(readOnly))) throw fault;
    return reachBy(parameters, session, target, given);
  }
}

function reachBy(
  parameters: ReadonlyMap<string, string>,
  session: Session,
  { settings, dial, probed }: Target<Settings>,
  given: AbortSignal,
): Promise<Upstream> {
  const startup = (minor: number) => encodeStartup(settings.credentials.user, settings.target.database, parameters, minor);
  return findServer({ settings, dial, probed, signal: given, startup, words: ownWords(session, session.signal) });
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
  const words = encodeEnding(ending);
  // A record that has failed can tell nobody: these words are the gateway's own, and go without.
  if (ending.code === 'RECORDER_FAULT') return Promise.resolve(void client.socket.write(words));
  return new Promise((resolve) => {
    const channel = session.channel({
      forward: () => {},
      deliver: (cleared) => {
        client.socket.write(cleared);
        resolve();
      },
    });
    session.signal.addEventListener('abort', () => resolve(), { once: true });
    channel.answer(inOwnWords(words));
  });
}
