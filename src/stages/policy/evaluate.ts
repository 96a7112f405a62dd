import { type EntityJson, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Action, Demand, Effect } from '../../core/action.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import { parsedName, type Slice } from './slices.ts';

/** What a slice of the policies says to one demand; `policies` are those that decided. */
export type Finding =
  | { readonly kind: 'permitted' | 'forbidden'; readonly policies: readonly string[] }
  /** Some policy could not be evaluated. */
  | { readonly kind: 'failed'; readonly policies: readonly string[]; readonly detail: string };

/** One demand as Cedar is asked about it. */
export type Request = Omit<Parameters<typeof statefulIsAuthorized>[0], 'preparsedPolicySetId'>;

/**
 * Without the schema: an action is held against its protocol's declaration before (`undeclared`), and Cedar would parse every
 * entity by the schema again for each request (measured: a third more). So the action brings its effect with it: `effect`, as it is
 * declared, since `connect` and `unmask` belong to none.
 */
export function requestOf(
  { principal, connection, run }: Circumstance,
  facts: Action['facts'],
  demand: Demand,
  effect: Effect | null,
): Request {
  const { issuer, agent } = principal;
  const user = userOf(principal);
  const action = { type: 'Action', id: demand.action };
  const place = { type: 'Connection', id: connection };
  const { object } = demand;
  const resource = object === null ? place : { type: object.type, id: `${connection}:${object.name}` };
  const entities: EntityJson[] = [
    user,
    { uid: action, attrs: {}, parents: effect === null ? [] : [{ type: 'Action', id: effect }] },
    { uid: place, attrs: { name: connection }, parents: [] },
  ];
  if (object !== null) entities.push({ uid: resource, attrs: { name: object.name }, parents: [place] });
  const visitor = { issuer, ...(agent === null ? {} : { agent }), ...(run === null ? {} : { run }) };
  // Facts are booleans, whole numbers, texts and lists of texts: all of them values of Cedar too.
  const context = { ...facts, ...visitor } as Request['context'];
  return { principal: user.uid, action, resource, context, entities };
}

/** The user alone, with its groups as parents: Cedar caches no entities, and they cost the most. */
function userOf({ issuer, subject, email, groups }: Principal): EntityJson & { uid: { type: string; id: string } } {
  return {
    uid: { type: 'User', id: `${issuer}#${subject}` },
    attrs: { issuer, subject, ...(email === null ? {} : { email }) },
    parents: groups.map((id) => ({ type: 'Group', id })),
  };
}

/** Throws where Cedar does not understand the call. In what order Cedar names policies is left to chance, so they are sorted. */
export function evaluate(slice: Slice, request: Request): Finding {
  const answer = statefulIsAuthorized({ ...request, preparsedPolicySetId: parsedName(slice) });
  if (answer.type === 'failure') return { kind: 'failed', policies: [], detail: answer.errors.map(({ message }) => message).join('; ') };
  const { decision, diagnostics } = answer.response;
  // Cedar skips a policy that fails, so that a forbid which fails would permit.
  if (diagnostics.errors.length > 0)
    return {
      kind: 'failed',
      policies: diagnostics.errors.map(({ policyId }) => policyId).toSorted(),
      detail: diagnostics.errors
        .map(({ policyId, error }) => `${policyId}: ${error.message}`)
        .toSorted()
        .join('; '),
    };
  return { kind: decision === 'allow' ? 'permitted' : 'forbidden', policies: diagnostics.reason.toSorted() };
}
