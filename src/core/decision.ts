import type { Decision } from './entry.ts';
import type { Permit, Refusal } from './verdict.ts';

const permitted = new WeakMap<Permit, Decision>();

/** A verdict as the record keeps it. A permit has one decision, so that a recorder can encode it once. */
export function decisionOf(outcome: Permit | Refusal): Decision {
  if (outcome.kind === 'refusal') return refused(outcome);
  const known = permitted.get(outcome);
  if (known) return known;
  const { grounds, approval, detail } = outcome;
  const decision: Decision = { verdict: approval === null ? 'permitted' : 'approved', code: null, reason: null, detail, grounds, approval };
  permitted.set(outcome, decision);
  return decision;
}

function refused(refusal: Refusal): Decision {
  const { verdict, code, message, detail, grounds, approval } = refusal;
  return { verdict, code, reason: message, detail, grounds, approval };
}
