import type { SessionItem } from '../archive/items.ts';
import type { AuditEvent } from '../core/entry.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Viewer } from './access.ts';
import type { GatewayPort } from './gateway-port.ts';

/**
 * Puts on record that somebody looks at something, before they see the first byte of it; where that cannot be recorded they
 * see nothing (503).
 */
export async function recordLook(gateway: GatewayPort, { principal }: Viewer, event: string, detail: JsonObject): Promise<void> {
  const audit: AuditEvent = { event, actor: `${principal.subject} (${principal.issuer})`, detail };
  try {
    await gateway.audit(audit);
  } catch (fault) {
    throw new ChaperoneError('RECORDER_FAULT', `That you look at this could not be recorded (${messageOf(fault)}), so it is not shown.`, {
      cause: fault,
    });
  }
}

/** Whose session it is, as the trail names it. */
export function lookedAt(session: SessionItem): JsonObject {
  const { id, connection, principal } = session;
  return { session: id, connection, of: principal === null ? null : `${principal.subject} (${principal.issuer})` };
}
