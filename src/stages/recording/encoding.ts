import type { Action } from '../../core/action.ts';
import type { MaskedCount } from '../../core/masking.ts';
import type { AuditEvent, Decision, Direction, Outcome, SessionEnd, SessionFacts } from '../../core/entry.ts';
import { KnownPayload, type Payload } from '../../core/known-payload.ts';
import { ownBytes } from '../../core/own-bytes.ts';

// Protocols and policy hand over the same object for the same statement shape again and again, so its JSON is made once.
const actions = new WeakMap<Action, Payload>();
const decisions = new WeakMap<Decision, Payload>();
const outcomes = new WeakMap<Outcome, Payload>();

export function actionPayload(action: Action): Payload {
  return once(actions, action, 'action');
}

export function decisionPayload(decision: Decision): Payload {
  return once(decisions, decision, 'decision');
}

export function outcomePayload(outcome: Outcome): Payload {
  return once(outcomes, outcome, 'outcome');
}

export function sessionPayload(facts: SessionFacts): Buffer {
  return encode({ facts });
}

export function endPayload(end: SessionEnd): Buffer {
  return encode({ end });
}

export function auditPayload(audit: AuditEvent): Buffer {
  return encode({ audit });
}

export function maskedPayload(masked: readonly MaskedCount[]): Buffer {
  return encode({ masked });
}

export function withheldPayload(direction: Direction, count: number, sha256: string): Buffer {
  return encode({ direction, count, sha256 });
}

export function gapPayload(direction: Direction, count: number, reason: string): Buffer {
  return encode({ direction, count, reason });
}

/** What comes a second time will come again, so that its checksum is worth knowing. */
function once<Key extends object>(known: WeakMap<Key, Payload>, value: Key, name: string): Payload {
  const before = known.get(value);
  if (before instanceof KnownPayload) return before;
  const payload = before === undefined ? ownBytes(JSON.stringify({ [name]: value })) : new KnownPayload(before);
  known.set(value, payload);
  return payload;
}

function encode(body: object): Buffer {
  return Buffer.from(JSON.stringify(body), 'utf8');
}
