import type { Action } from '../../core/action.ts';
import type { MaskedCount } from '../../core/masking.ts';
import type { SessionKey } from '../../core/originals.ts';
import type { AuditEvent, Decision, Direction, Outcome, SessionEnd, SessionFacts } from '../../core/entry.ts';
import { KnownPayload, type Payload } from '../../core/known-payload.ts';
import { ownBytes } from '../../core/own-bytes.ts';

/** Protocols and policy hand over the same object for the same statement again and again, so its JSON is made once. Null: it came once. */
type Known<Value extends object> = WeakMap<Value, KnownPayload | null>;
const actions: Known<Action> = new WeakMap();
const decisions: Known<Decision> = new WeakMap();
const outcomes: Known<Outcome> = new WeakMap();

export function actionPayload(action: Action): Payload {
  return actions.get(action) ?? learned(actions, action, actionJson);
}

export function decisionPayload(decision: Decision): Payload {
  return decisions.get(decision) ?? learned(decisions, decision, decisionJson);
}

export function outcomePayload(outcome: Outcome): Payload {
  return outcomes.get(outcome) ?? learned(outcomes, outcome, outcomeJson);
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

export function keyPayload({ recipients, wrapped }: Pick<SessionKey, 'recipients' | 'wrapped'>): Buffer {
  return encode({ recipients, wrapped });
}

export function withheldPayload(direction: Direction, count: number, sha256: string): Buffer {
  return encode({ direction, count, sha256 });
}

export function gapPayload(direction: Direction, count: number, reason: string): Buffer {
  return encode({ direction, count, reason });
}

/** What comes a second time will come again, so that it is worth memory of its own, and its checksum worth knowing. */
function learned<Value extends object>(known: Known<Value>, value: Value, json: (value: Value) => string): Payload {
  if (known.get(value) === undefined) {
    known.set(value, null);
    return Buffer.from(json(value), 'utf8');
  }
  const payload = new KnownPayload(ownBytes(json(value)));
  known.set(value, payload);
  return payload;
}

/** The JSON of an action around its text: actions that share their demands differ in it alone. */
interface Frame {
  readonly action: Action;
  readonly before: string;
  readonly behind: string;
}
const frames = new WeakMap<Action['demands'], Frame>();

function actionJson(action: Action): string {
  const { name, effect, demands, objects, text, facts } = action;
  let frame = frames.get(demands);
  if (frame === undefined || !isAlike(frame.action, action)) {
    const head = JSON.stringify({ name, effect, demands, objects });
    frame = { action, before: `{"action":${head.slice(0, -1)},"text":`, behind: `,"facts":${JSON.stringify(facts)}}}` };
    frames.set(demands, frame);
  }
  return frame.before + JSON.stringify(text) + frame.behind;
}

function decisionJson(decision: Decision): string {
  return JSON.stringify({ decision });
}

function outcomeJson(outcome: Outcome): string {
  return JSON.stringify({ outcome });
}

function isAlike(one: Action, other: Action): boolean {
  return one.facts === other.facts && one.objects === other.objects && one.name === other.name && one.effect === other.effect;
}

function encode(body: object): Buffer {
  return Buffer.from(JSON.stringify(body), 'utf8');
}
