import type { Json } from './json.ts';

/** What an action does to its target. `unknown` is treated as the most dangerous. */
export const effects = ['read', 'write', 'schema', 'admin', 'unknown'] as const;
export type Effect = (typeof effects)[number];

/** Something an action touches: its Cedar entity type and its name within the connection. */
export interface ActionObject {
  readonly type: string;
  readonly name: string;
}

/** One thing that is done to one object. Policy must permit every demand of an action. */
export interface Demand {
  /** The protocol's own name for it, `<protocol>:<verb>`; `connect` for the admission itself. */
  readonly action: string;
  readonly effect: Effect;
  /** Null where it is done to the connection itself. */
  readonly object: ActionObject | null;
  /** Why it is not known what this does, where whoever asks may have made a mistake; a clause. Policies do not see it. */
  readonly doubt?: string;
}

/** What an exchange asks of its target. Pure data, made by the protocol from the bytes that will be forwarded. */
export interface Action {
  /** That of its most dangerous demand, and so its effect. */
  readonly name: string;
  readonly effect: Effect;
  /** Never empty. */
  readonly demands: readonly Demand[];
  /** Those of the demands, each once. */
  readonly objects: readonly ActionObject[];
  /** What a person reads: the statement, the request line, the command. */
  readonly text: string;
  /** What policies may test: every fact that the protocol declares. */
  readonly facts: { readonly [name: string]: Json };
}

/** An action that makes one demand of the connection itself, and has no facts. */
export function plainAction(name: string, effect: Effect, text: string): Action {
  return { name, effect, demands: [{ action: name, effect, object: null }], objects: [], text, facts: {} };
}

/** Whether two actions ask the same of the target: whatever policy permits of one, it permits of the other. */
export function asksTheSame(one: Action, other: Action): boolean {
  return JSON.stringify([one.demands, one.facts]) === JSON.stringify([other.demands, other.facts]);
}

/** The kinds of facts: what a policy sees of them in its `context`. */
export type FactKind = 'boolean' | 'number' | 'text' | 'texts';

/** Every fact of a protocol's actions by its name. Each action has all of them, so that no policy fails on one that is missing. */
export type FactCatalog = { readonly [name: string]: { readonly kind: FactKind; readonly says: string } };

/** One action a protocol can ask, as it declares it to policy. */
export interface ActionDeclaration {
  readonly effect: Effect;
  readonly says: string;
}

/** Every action of a protocol by its name. */
export type ActionCatalog = { readonly [name: string]: ActionDeclaration };
