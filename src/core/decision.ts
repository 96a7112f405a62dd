import type { Decision } from './entry.ts';
import type { Permit, Refusal } from './verdict.ts';

const permitted = new WeakMap<object, Decision>();

/** A verdict as the record keeps it. Permits on the same grounds share one decision, so that a recorder can encode it once. */
export function decisionOf(outcome: Permit | Refusal): Decision {
  if (outcome.kind === 'refusal') return refused(outcome);
  if (outcome.approval !== null) return { ...nothingSaid, verdict: 'approved', grounds: outcome.grounds, approval: outcome.approval };
  const known = permitted.get(outcome.grounds);
  if (known) return known;
  const decision: Decision = { ...nothingSaid, verdict: 'permitted', grounds: outcome.grounds };
  permitted.set(outcome.grounds, decision);
  return decision;
}

const nothingSaid = { code: null, reason: null, detail: null, approval: null } as const;

function refused(refusal: Refusal): Decision {
  const { verdict, code, message, detail, grounds, approval } = refusal;
  return { verdict, code, reason: message, detail, grounds, approval };
}
