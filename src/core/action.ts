import type { Json } from './json.ts';

/** What an action does to its target. `unknown` is treated as the most dangerous. */
export const effects = ['read', 'write', 'schema', 'admin', 'unknown'] as const;
export type Effect = (typeof effects)[number];

/** Something an action touches: its Cedar entity type and its name within the connection. */
export interface ActionObject {
  readonly type: string;
  readonly name: string;
}

/** What an exchange asks of its target. Pure data, made by the protocol from the bytes that will be forwarded. */
export interface Action {
  /** The protocol's own name for it, `<protocol>:<verb>`; `connect` for the admission itself. */
  readonly name: string;
  readonly effect: Effect;
  readonly objects: readonly ActionObject[];
  /** What a person reads: the statement, the request line, the command. */
  readonly text: string;
  /** What policies may test. */
  readonly facts: { readonly [name: string]: Json };
}

/** One action a protocol can ask, as it declares it to policy. */
export interface ActionDeclaration {
  readonly effect: Effect;
  readonly says: string;
}

/** Every action of a protocol by its name. */
export type ActionCatalog = { readonly [name: string]: ActionDeclaration };
