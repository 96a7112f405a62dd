import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { type Scope, scopeOf } from './scope.ts';

/** What a policy says beside its rule. */
export interface Annotations {
  /** Its `@id`; null where it has none. */
  readonly id: string | null;
  /** Its `@reason`: what an agent is told. */
  readonly reason: string | null;
  /** Its `@approval`: a member of this group can lift the prohibition. */
  readonly approval: string | null;
  /** Its `@breakGlass`: a member of this group can pass the prohibition by giving a reason. */
  readonly breakGlass: string | null;
}

/** Why an annotation cannot be obeyed. */
export interface Misannotated {
  readonly message: string;
  readonly remedy: string;
}

const known = ['id', 'reason', 'approval', 'breakGlass'] as const;
const lifting = ['approval', 'breakGlass'] as const;

/** Reads a policy's annotations. What could be taken for obeyed and is not is a mistake; foreign annotations are left alone. */
export function readAnnotations(policy: PolicyJson): Annotations | Misannotated {
  const given = new Map<string, string | null>(Object.entries(policy.annotations ?? {}));
  for (const name of given.keys()) {
    const meant = known.find((other) => other !== name && other.toLowerCase() === name.toLowerCase());
    if (meant !== undefined) return { message: `@${name} is not an annotation of Chaperone's`, remedy: `Did you mean @${meant}?` };
  }
  if (given.has('id') && !given.get('id')) return { message: '@id is empty', remedy: 'Write @id("a-short-name"), or leave it out.' };
  for (const name of lifting) {
    const mistake = given.has(name) ? misplaced(name, given.get(name) ?? '', policy) : null;
    if (mistake !== null) return mistake;
  }
  const [id = null, reason = null, approval = null, breakGlass = null] = known.map((name) => given.get(name) ?? null);
  return { id, reason, approval, breakGlass };
}

function misplaced(name: (typeof lifting)[number], group: string, policy: PolicyJson): Misannotated | null {
  if (policy.effect === 'permit')
    return {
      message: `@${name} stands on a permit, where it would ask nobody`,
      remedy: `Write it on a forbid: the forbid says what may not be, @${name} says who can lift it.`,
    };
  if (group.trim() === '')
    return {
      message: `@${name} names no group`,
      remedy: `Write @${name}("the group that can lift it"), or remove it: the forbid is then final.`,
    };
  return name === 'approval' && onlyConnects(scopeOf(policy))
    ? {
        message: 'connect cannot wait for approval',
        remedy: 'Name the actions of the session that need approval, or remove @approval: the forbid is then final.',
      }
    : null;
}

function onlyConnects({ actions }: Scope): boolean {
  return actions !== null && actions.every((action) => action === 'connect');
}
