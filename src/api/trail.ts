import type { SessionItem } from '../archive/items.ts';
import type { AuditEvent } from '../core/entry.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { Viewer } from './access.ts';
import type { GatewayPort } from './gateway-port.ts';

/**
 * Puts on record that somebody looks at something, before they see the first byte of it; where that cannot be recorded they
 * see nothing (503).
 */
export async function recordLook(
  gateway: Pick<GatewayPort, 'audit'>,
  { principal }: Viewer,
  event: string,
  detail: JsonObject,
): Promise<void> {
  await record(gateway, { event, actor: personOf(principal), detail }, 'That you look at this', 'it is not shown');
}

/** Puts on record what somebody does, before it is done; where that cannot be recorded it is not done (503). */
export async function recordDeed(gateway: GatewayPort, actor: string, event: string, detail: JsonObject): Promise<void> {
  await record(gateway, { event, actor, detail }, 'This', 'it was not done');
}

/** Somebody as the trail names them. */
export function personOf({ subject, issuer }: Principal): string {
  return `${subject} (${issuer})`;
}

async function record(gateway: Pick<GatewayPort, 'audit'>, event: AuditEvent, what: string, so: string): Promise<void> {
  try {
    await gateway.audit(event);
  } catch (fault) {
    throw new ChaperoneError('RECORDER_FAULT', `${what} could not be recorded (${messageOf(fault)}), so ${so}.`, { cause: fault });
  }
}

/** Whose session it is, as the trail names it. */
export function lookedAt(session: SessionItem): JsonObject {
  const { id, connection, principal } = session;
  return { session: id, connection, of: principal === null ? null : `${principal.subject} (${principal.issuer})` };
}
