import { type EntityJson, preparsePolicySet, preparseSchema, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Action } from '../../core/action.ts';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import { type Grounds, type Permit, permit, type Refusal, refuse } from '../../core/verdict.ts';
import type { PolicySet } from './load.ts';

/** The policy stage: fills `Stages.judge`. */
export interface PolicyJudge {
  /** Never throws: what cannot be evaluated is refused. */
  judge(circumstance: Circumstance, action: Action): Permit | Refusal;
  readonly version: string;
}

/** Verdicts kept; a client chooses the names in a key, so its length is bounded too: at most 80 MB, usually 10. */
const rememberedVerdicts = 10_000;
const rememberedKeyLength = 4_096;
/** Cedar keeps what is parsed under a name for ever; one name for every set holds the memory of one set. */
const parsedName = 'chaperone';
let parsed: PolicySet | null = null;

/**
 * Judges by the policies of a set. This version decides at `connect`: every action of a session is answered as its `connect` is,
 * which is why the action itself is not looked at. Verdicts are kept by everything that a policy can see.
 */
export function createPolicy(set: PolicySet): PolicyJudge {
  const verdicts = new Map<string, Permit | Refusal>();
  const keys = new WeakMap<Principal, string>();
  return {
    version: set.version,
    judge(circumstance) {
      const { principal, connection, run } = circumstance;
      let who = keys.get(principal);
      if (who === undefined) keys.set(principal, (who = visibleOf(principal)));
      const key = `${who}${run === null ? '' : JSON.stringify(run)}/${connection}`;
      const known = verdicts.get(key);
      if (known) return known;
      const verdict = judgeConnect(set, circumstance);
      if (verdict.kind === 'permit' || verdict.code !== 'POLICY_FAULT') remember(verdicts, key, verdict);
      return verdict;
    },
  };
}

/** What a policy sees of a principal, as one string that no other principal shares. */
function visibleOf({ issuer, subject, email, groups, agent }: Principal): string {
  return JSON.stringify([issuer, subject, email, groups, agent]);
}

function remember(verdicts: Map<string, Permit | Refusal>, key: string, verdict: Permit | Refusal): void {
  if (key.length > rememberedKeyLength) return;
  const [oldest] = verdicts.keys();
  if (oldest !== undefined && verdicts.size >= rememberedVerdicts) verdicts.delete(oldest);
  verdicts.set(key, verdict);
}

function judgeConnect(set: PolicySet, circumstance: Circumstance): Permit | Refusal {
  try {
    return evaluate(set, circumstance);
  } catch (thrown) {
    return fault(set, [], messageOf(thrown));
  }
}

function evaluate(set: PolicySet, { principal, connection, run }: Circumstance): Permit | Refusal {
  parse(set);
  const user = entityOf(principal);
  const resource = { type: 'Connection', id: connection };
  const { issuer, agent } = principal;
  const answer = statefulIsAuthorized({
    principal: user.uid,
    action: { type: 'Action', id: 'connect' },
    resource,
    context: { issuer, ...(agent === null ? {} : { agent }), ...(run === null ? {} : { run }) },
    preparsedPolicySetId: parsedName,
    preparsedSchemaName: parsedName,
    validateRequest: true,
    // Cedar caches no entities and they cost the most: only those that this request is about.
    entities: [user, { uid: resource, attrs: {}, parents: [] }],
  });
  if (answer.type === 'failure') return fault(set, [], answer.errors.map(({ message }) => message).join('; '));
  const { decision, diagnostics } = answer.response;
  // Cedar skips a policy that fails, so that a forbid which fails would permit.
  if (diagnostics.errors.length > 0) {
    const failed = diagnostics.errors.map(({ policyId }) => policyId);
    return fault(set, failed, diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`).join('; '));
  }
  const grounds: Grounds = { policies: diagnostics.reason.toSorted(), version: set.version };
  return decision === 'allow' ? permit(grounds) : refused(set, connection, grounds);
}

/** The user alone, with its groups as parents. */
function entityOf({ issuer, subject, email, groups }: Principal): EntityJson & { uid: { type: string; id: string } } {
  return {
    uid: { type: 'User', id: `${issuer}#${subject}` },
    attrs: { issuer, subject, ...(email === null ? {} : { email }) },
    parents: groups.map((id) => ({ type: 'Group', id })),
  };
}

function parse(set: PolicySet): void {
  if (parsed === set) return;
  parsed = null;
  const texts = Object.fromEntries([...set.policies].map(([id, { text }]) => [id, text]));
  for (const answer of [preparseSchema(parsedName, set.schema), preparsePolicySet(parsedName, { staticPolicies: texts })])
    if (answer.type === 'failure') throw new ChaperoneError('POLICY_FAULT', answer.errors.map(({ message }) => message).join('; '));
  parsed = set;
}

function refused(set: PolicySet, connection: string, grounds: Grounds): Refusal {
  const reasons = grounds.policies.flatMap((id) => set.policies.get(id)?.reason ?? []);
  if (grounds.policies.length === 0)
    return refuse(
      'ACCESS_REFUSED',
      `No policy permits you to connect to "${connection}".`,
      'Ask for a policy that permits one of your groups to connect.',
      { grounds },
    );
  return refuse(
    'ACCESS_REFUSED',
    [`You may not connect to "${connection}": forbidden by ${grounds.policies.join(', ')}.`, ...reasons].join(' '),
    'Ask whoever writes the policies named here; a forbid cannot be outweighed by another policy.',
    { grounds },
  );
}

function fault(set: PolicySet, policies: readonly string[], detail: string): Refusal {
  return refuse(
    'POLICY_FAULT',
    'The policies could not be evaluated, so the request is refused.',
    'Tell whoever writes the policies; the record says which one failed.',
    { grounds: { policies, version: set.version }, detail },
  );
}
