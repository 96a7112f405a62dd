import type { Action, Demand, Effect, FactCatalog, FactKind } from '../../core/action.ts';
import type { Json } from '../../core/json.ts';
import type { PolicyCatalog } from './schema.ts';

/** What may be asked of an action by its name. */
export interface Askable {
  /** Null where the action belongs to no effect: `connect`, `unmask`. */
  readonly effect: Effect | null;
  readonly facts: FactCatalog;
  /** Types of the objects that it is done to, besides the connection. */
  readonly objects: readonly string[];
}

/** Everything that policy can be asked: what the schema says, at hand for each request. */
export type Vocabulary = ReadonlyMap<string, Askable>;

export function vocabularyOf(catalogs: readonly PolicyCatalog[]): Vocabulary {
  const objects = catalogs.flatMap((catalog) => catalog.objects);
  return new Map<string, Askable>([
    ['connect', { effect: null, facts: {}, objects: [] }],
    ['unmask', { effect: null, facts: {}, objects }],
    ...catalogs.flatMap((catalog) =>
      Object.entries(catalog.actions).map(
        ([name, { effect }]) => [name, { effect, facts: catalog.facts, objects: catalog.objects }] as const,
      ),
    ),
  ]);
}

/**
 * What of an action is not as its protocol declared it; null where all is. A policy that tests a fact which is missing, or an
 * effect which is another, would be skipped without a word, so that what it forbids would pass.
 */
export function undeclared(action: Action, vocabulary: Vocabulary): string | null {
  if (action.demands.length === 0) return `${action.name} makes no demand`;
  for (const demand of action.demands) {
    const askable = vocabulary.get(demand.action);
    const problem = askable ? unlike(demand, action.facts, askable) : 'it is not declared';
    if (problem !== null) return `${demand.action}: ${problem}`;
  }
  return null;
}

function unlike({ effect, object }: Demand, facts: Action['facts'], askable: Askable): string | null {
  if (askable.effect !== null && effect !== askable.effect) return `its effect is declared ${askable.effect} and not ${effect}`;
  if (object !== null && !askable.objects.includes(object.type)) return `it is not done to a ${object.type}`;
  for (const [name, { kind }] of Object.entries(askable.facts)) {
    const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (value === undefined || !isOf(kind, value)) return `the fact ${name} is no ${kind}`;
  }
  const unknown = Object.keys(facts).find((name) => !Object.hasOwn(askable.facts, name));
  return unknown === undefined ? null : `the fact ${unknown} is not declared`;
}

function isOf(kind: FactKind, value: Json): boolean {
  if (kind === 'texts') return Array.isArray(value) && value.every((text) => typeof text === 'string');
  if (kind === 'number') return Number.isSafeInteger(value);
  return typeof value === (kind === 'text' ? 'string' : 'boolean');
}
