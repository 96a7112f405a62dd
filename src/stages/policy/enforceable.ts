import type { EntityUidJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

/** Why a policy would load and yet not be enforced as it reads. */
export interface Unenforced {
  readonly message: string;
  readonly remedy: string;
}

/** What the schema declares. */
export interface Vocabulary {
  readonly actions: ReadonlySet<string>;
  /** Entity types of what lies within a connection. */
  readonly objects: ReadonlySet<unknown>;
}

const connectOnly = 'Write action == Action::"connect", or leave the scope open with a bare action; remove policies that decide more.';

/**
 * Whether this version enforces all that a policy says. It decides when a session opens; a policy about single statements, about
 * objects within a connection, or one that waits for approval would be read and not obeyed, so it may not load at all.
 * What is in no vocabulary is left to the validator, which knows what was meant.
 */
export function unenforced(policy: PolicyJson, vocabulary: Vocabulary): Unenforced | null {
  if (policy.annotations && Object.hasOwn(policy.annotations, 'approval'))
    return {
      message: 'the policy needs approvals (@approval), which this version does not enforce',
      remedy: 'Remove @approval: the forbid is then final. Or remove the policy.',
    };
  const scope = foreignActionScope(policy, vocabulary.actions);
  if (scope !== null) return { message: scope, remedy: connectOnly };
  const mention = foreignMention([policy.resource, policy.conditions], vocabulary.objects);
  if (mention !== null)
    return {
      message: `the policy is about ${mention}, and this version decides only when a session opens on a Connection`,
      remedy: 'Name a Connection as the resource and test principal, context.agent, context.run and context.issuer alone.',
    };
  return null;
}

/**
 * What is wrong with the actions of a scope. A forbid of connect and more is obeyed, because without connect there is nothing
 * more; a permit of connect and more would seem to permit only those and yet, at this version, would let everything through.
 */
function foreignActionScope({ action, effect }: PolicyJson, actions: ReadonlySet<string>): string | null {
  if (action.op === 'All') return null;
  const named = namedActions(action);
  if (named.length === 0) return 'the policy names no action, so it never applies';
  const unknown = named.find((name) => !actions.has(name));
  if (unknown !== undefined) return `there is no Action::"${unknown}"`;
  const foreign = named.find((name) => name !== 'connect');
  if (foreign === undefined || (effect === 'forbid' && named.includes('connect'))) return null;
  return `the policy decides single statements (Action::"${foreign}"), which this version does not enforce`;
}

function namedActions(action: PolicyJson['action']): string[] {
  if ('entities' in action) return action.entities.map(idOf);
  return 'entity' in action ? [idOf(action.entity)] : [];
}

function idOf(entity: EntityUidJson): string {
  return '__entity' in entity ? entity.__entity.id : entity.id;
}

const knownContext: readonly unknown[] = ['agent', 'run', 'issuer'];

/** Something in a scope or a condition that no `connect` ever is or has, in words; null where there is none. */
function foreignMention(node: unknown, objects: ReadonlySet<unknown>): string | null {
  if (typeof node !== 'object' || node === null) return null;
  const mention = aboutEntity(node, objects) ?? aboutType(node, objects) ?? aboutContext(node);
  if (mention !== null) return mention;
  for (const child of Object.values(node)) {
    const within = foreignMention(child, objects);
    if (within !== null) return within;
  }
  return null;
}

function aboutEntity(node: object, objects: ReadonlySet<unknown>): string | null {
  if (!('type' in node && 'id' in node)) return null;
  const { type, id } = node;
  const foreign = type === 'Action' ? id !== 'connect' : objects.has(type);
  return foreign ? `${String(type)}::"${String(id)}"` : null;
}

function aboutType(node: object, objects: ReadonlySet<unknown>): string | null {
  return 'entity_type' in node && objects.has(node.entity_type) ? String(node.entity_type) : null;
}

/** `context has x` is false for an x that is never there, so that the validator has nothing to complain of. */
function aboutContext(node: object): string | null {
  if (!('has' in node) || typeof node.has !== 'object' || node.has === null) return null;
  const { left, attr } = node.has as { left?: unknown; attr?: unknown };
  const first: unknown = Array.isArray(attr) ? attr[0] : attr;
  const ofContext = typeof left === 'object' && left !== null && 'Var' in left && left.Var === 'context';
  return ofContext && !knownContext.includes(first) ? `context.${String(first)}` : null;
}
