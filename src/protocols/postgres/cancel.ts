import type { Outcome } from '../../core/entry.ts';
import type { Crossing, Exchange } from '../../core/exchange.ts';
import { messageOf } from '../../core/errors.ts';
import type { Dial, Target } from '../../core/protocol.ts';
import type { Session } from '../../core/session.ts';
import type { Permit, Refusal } from '../../core/verdict.ts';
import { cancelAction } from './actions.ts';
import type { Settings } from './settings.ts';
import { encodeCancel } from './startup.ts';
import { reach } from './upstream.ts';
import type { TargetKey } from './target-session.ts';

const outcome = (status: Outcome['status'], message?: string): Outcome => ({
  status,
  rows: null,
  tag: null,
  error: message === undefined ? null : { code: '08006', message },
});

/**
 * A cancel as an exchange of the session it aims at: it comes and goes on connections of its own, and nobody answers it.
 * The record has the request with its secret left out.
 */
export function createCancel(settings: Settings, dial: Dial, key: TargetKey): Exchange {
  let crossing: Crossing | null = null;
  return {
    action: cancelAction,
    act: () => ({ action: cancelAction, bytes: encodeCancel(key.process, Buffer.alloc(0)), parameters: [], estimate: null }),
    cancelled: new AbortController().signal,
    perform(permit: Permit, given: Crossing) {
      crossing = given;
      given.ask(encodeCancel(key.process, Buffer.alloc(key.secret.length)), permit);
    },
    refuse(_refusal: Refusal, given: Crossing) {
      given.attempt(encodeCancel(key.process, Buffer.alloc(key.secret.length)));
      given.end(outcome('refused'));
    },
    notice() {},
    forward() {
      send(settings, dial, key).then(
        () => crossing?.end(outcome('ok')),
        (fault: unknown) => crossing?.end(outcome('error', messageOf(fault))),
      );
    },
    deliver() {},
  };
}

/**
 * A cancel that the gateway itself wants: it asks nobody, and is on record in the session's own channel, on the permit that
 * opened the session. That it could not be sent is not on record: whoever called for it sees that by the statement's answer.
 */
export function cancelByGateway(session: Session, { settings, dial }: Target<Settings>, key: TargetKey): void {
  const forward = () => void send(settings, dial, key).catch(() => {});
  session.channel({ forward, deliver: () => {} }).ask(encodeCancel(key.process, Buffer.alloc(key.secret.length)), session.permit);
}

/**
 * It goes to the very address that the session is at. PostgreSQL closes the connection once it has dealt with the request; libpq waits
 * for that as well.
 */
async function send(settings: Settings, dial: Dial, key: TargetKey): Promise<void> {
  const { socket, source } = await reach(settings, key.place, dial, AbortSignal.timeout(10_000));
  source.release();
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(encodeCancel(key.process, key.secret));
  });
}
