import type { EntityUidJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

/** What a policy plainly says of where it applies. */
export interface Scope {
  /** The user, or the group of users; null for any, and `other` for what is not so plain. */
  readonly principal: { readonly type: string; readonly id: string } | 'other' | null;
  /** Actions and effects; null for any. */
  readonly actions: readonly string[] | null;
  /** The connection or the object that the resource is or lies in; null for any. */
  readonly resource: { readonly type: string; readonly id: string } | null;
  /** Whether it can tell apart what lies in one connection. */
  readonly seesObjects: boolean;
  /** Whether it has conditions beside its scope. */
  readonly conditional: boolean;
}

export function scopeOf({ principal, action, resource, conditions }: PolicyJson): Scope {
  const anchor = anchorOf(resource);
  const wide = resource.op === 'All' || (resource.op === 'in' && anchor?.type === 'Connection');
  return {
    principal: principalOf(principal),
    actions: action.op === 'All' ? null : named(action),
    resource: anchor,
    seesObjects: !wide || mentionsResource(conditions),
    conditional: conditions.length > 0,
  };
}

function principalOf(principal: PolicyJson['principal']): Scope['principal'] {
  if (principal.op === 'All') return null;
  return (principal.op === '==' || principal.op === 'in') && 'entity' in principal ? uidOf(principal.entity) : 'other';
}

function mentionsResource(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  return Object.entries(node).some(([key, child]) => (key === 'Var' && child === 'resource') || mentionsResource(child));
}

/**
 * Whether a policy can apply to an action on a connection or on anything in it. Only what its scope plainly excludes is
 * out: without those, Cedar answers as it does with them, in a fraction of the time.
 */
export function mayApply({ actions, resource }: Scope, connection: string, action: string, effect: string): boolean {
  if (actions !== null && !actions.includes(action) && !actions.includes(effect)) return false;
  if (resource === null) return true;
  return resource.type === 'Connection' ? resource.id === connection : resource.id.startsWith(`${connection}:`);
}

function named(action: Exclude<PolicyJson['action'], { op: 'All' }>): string[] {
  if ('entities' in action) return action.entities.map((entity) => uidOf(entity).id);
  return 'entity' in action ? [uidOf(action.entity).id] : [];
}

function anchorOf(resource: PolicyJson['resource']): Scope['resource'] {
  if ('entity' in resource) return uidOf(resource.entity);
  if ('in' in resource && resource.in && 'entity' in resource.in) return uidOf(resource.in.entity);
  return null;
}

function uidOf(entity: EntityUidJson): { readonly type: string; readonly id: string } {
  return '__entity' in entity ? entity.__entity : entity;
}
