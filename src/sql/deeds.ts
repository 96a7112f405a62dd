/** What a statement does to something, from the harmless to the most dangerous; `unknown` is what is not understood. */
export type DeedEffect = 'read' | 'write' | 'schema' | 'admin' | 'unknown';

export const verbs = [
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'copy-in',
  'copy-out',
  'lock',
  'call',
  'do',
  'create',
  'alter',
  'drop',
  'comment',
  'grant',
  'revoke',
  'set',
  'set-role',
  'show',
  'transaction',
  'discard',
  'prepare',
  'deallocate',
  'declare',
  'fetch',
  'close',
  'listen',
  'notify',
  'maintenance',
  'explain',
  'load',
  'unknown',
] as const;
export type Verb = (typeof verbs)[number];

/** One thing that a statement does to one object. */
export interface Deed {
  readonly verb: Verb;
  readonly effect: DeedEffect;
  /** Null where there is no object to name. */
  readonly object: DeedObject | null;
  /** Why it is not known what this does, where whoever wrote it may have mistaken a name; a clause. */
  readonly doubt?: string;
}

export interface DeedObject {
  /** `Table` (and whatever else is read like one), `Function`, `Schema`, `Role`, `Setting`, `File`, `Program` … */
  readonly type: string;
  readonly name: string;
}

/** Deeds, each once, in the order of their finding. */
export class Deeds {
  readonly #all = new Map<string, Deed>();

  add(verb: Verb, effect: DeedEffect, type?: string, name = ''): void {
    this.#put({ verb, effect, object: type === undefined ? null : { type, name } });
  }
  /** Something is done with what is not known. */
  addDoubted(verb: Verb, type: string, name: string, doubt: string): void {
    this.#put({ verb, effect: 'unknown', object: { type, name }, doubt });
  }
  addAll(deeds: readonly Deed[]): void {
    for (const deed of deeds) this.#put(deed);
  }
  #put(deed: Deed): void {
    const { verb, effect, object } = deed;
    const key = `${verb} ${effect} ${object?.type ?? ''} ${object?.name ?? ''}`;
    if (!this.#all.has(key)) this.#all.set(key, deed);
  }
  get list(): readonly Deed[] {
    return [...this.#all.values()];
  }
}
