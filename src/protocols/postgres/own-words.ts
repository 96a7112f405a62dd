import type { Session } from '../../core/session.ts';
import { inOwnWords } from './masking.ts';
import type { OwnWords } from './target-session.ts';
import { TargetRefused } from './upstream.ts';

/**
 * What the gateway says to a target of its own accord: on record in the session's own channel, the answers as well. Of a
 * session that is over nothing can be put on record any more: `given` says when it is, or when nobody wants it any more.
 */
export function ownWords(session: Session, given: AbortSignal): OwnWords {
  const nowhere = { forward: () => {}, deliver: () => {} };
  return {
    say: (bytes) => onRecord(bytes, session, given),
    heard: (bytes, original) => session.channel(nowhere).answer(inOwnWords(bytes), original),
  };
}

/** Puts a message to the target on record; what it resolves with may be sent. */
async function onRecord(bytes: Buffer, session: Session, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const stop = () => reject(new TargetRefused('the session ended while the target was being asked'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  else session.channel({ forward: resolve, deliver: () => {} }).ask(bytes, session.permit);
  return promise.finally(() => signal.removeEventListener('abort', stop));
}
