import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Policy, PolicySet } from './policy.ts';
import { mayApply, type Scope } from './scope.ts';

/**
 * Whether no policy could give this principal anything but reads on this connection, whatever it asks and whoever approves. It
 * looks at scopes alone: a condition of a permit may always hold, and one of a prohibition never does.
 */
export function mayOnlyRead({ policies, vocabulary }: PolicySet, { principal, connection }: Circumstance): boolean {
  const all = [...policies.values()];
  const permits = all.filter(({ effect, scope }) => effect === 'permit' && mayMean(scope, principal));
  const forbids = all.filter((policy) => isFinal(policy) && surelyMeans(policy.scope, principal, connection));
  for (const [action, { effect }] of vocabulary) {
    if (effect === null || effect === 'read') continue;
    if (!permits.some(({ scope }) => mayApply(scope, connection, action, effect))) continue;
    if (!forbids.some(({ scope: { actions } }) => actions === null || actions.includes(action) || actions.includes(effect))) return false;
  }
  return true;
}

function isFinal({ effect, approval, breakGlass }: Policy): boolean {
  return effect === 'forbid' && approval === null && breakGlass === null;
}

function mayMean({ principal: named }: Scope, principal: Principal): boolean {
  return named === 'other' || named === null || isNamed(named, principal);
}

function surelyMeans({ principal: named, conditional, seesObjects, resource }: Scope, principal: Principal, connection: string): boolean {
  if (conditional || seesObjects || named === 'other') return false;
  return (named === null || isNamed(named, principal)) && (resource === null || resource.id === connection);
}

function isNamed({ type, id }: { readonly type: string; readonly id: string }, { issuer, subject, groups }: Principal): boolean {
  if (type === 'Group') return groups.includes(id);
  return type === 'User' && id === `${issuer}#${subject}`;
}
