import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent } from '../../core/entry.ts';
import { messageOf } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Protocol } from '../../core/protocol.ts';
import type { Ending } from '../../core/session.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { ConnectionSettings } from '../configuration/connections.ts';
import { changesBetween, endingBy, endsSessions } from './changes.ts';
import { type Composed, compose, type DraftProblem, leadsElsewhere, withKept } from './draft.ts';
import { forgetLeftTargets } from './left-targets.ts';
import { findKept, forget, type Found, keep, type KeptConnection, type Stamp, versionOf } from './kept.ts';
import * as refused from './refused.ts';
import { SealingKeys } from './sealing-keys.ts';
import { seal, type Secrets } from './seal.ts';

/** A connection that was made in the console, and what became of it at the start. */
interface Known {
  readonly kept: KeptConnection;
  readonly secrets: Secrets;
  /** Why nobody can use it; null where everybody may who may. */
  readonly fault: string | null;
}

export interface RegisterOptions {
  readonly configuration: Pick<
    Configuration,
    'state' | 'path' | 'listen' | 'connections' | 'connectionLines' | 'maskedConnections' | 'keys'
  >;
  readonly protocols: ReadonlyMap<string, Protocol<unknown>>;
  readonly now: () => number;
  readonly log: (line: string) => void;
  /** Resolves once it is on record; rejects where it cannot be. */
  readonly audit: (event: AuditEvent) => Promise<void>;
  /** Ends the open sessions of a connection; resolves once they are over. */
  readonly end: (connection: string, ending: Ending) => Promise<void>;
}

/** What somebody wants to try: what there is, or a draft. */
export interface Trial {
  readonly name: string;
  readonly connection: JsonObject | null;
}

/** What somebody wants, and who. Plain data. */
export interface Wish {
  readonly name: string;
  /** As in the configuration, but its name. */
  readonly connection: JsonObject;
  /** As the trail names them. */
  readonly by: string;
}

/** What somebody wants to become of what is there. */
export interface Change extends Wish {
  /** The versions that it may be of, or any where it is `*`; null where nothing is said. */
  readonly versions: readonly string[] | '*' | null;
}

export type Registered = { readonly kind: 'done' } | refused.Refused;

const mostKept = 1_000;

/** Every connection there is: those of the configuration, which only its file changes, and those that were made in the console. */
export class ConnectionRegister {
  readonly #options: RegisterOptions;
  readonly #keys: SealingKeys;
  readonly #current: Map<string, ConnectionSettings>;
  readonly #known = new Map<string, Known | { readonly fault: string }>();
  /** One change at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: RegisterOptions) {
    this.#options = options;
    this.#keys = new SealingKeys(options.configuration);
    this.#current = new Map(options.configuration.connections);
  }

  /** Reads what is kept in the state folder. What cannot be used is said and kept, and nobody can use it. */
  static async open(options: RegisterOptions): Promise<ConnectionRegister> {
    const register = new ConnectionRegister(options);
    for (const found of await findKept(options.configuration.state)) await register.#take(found);
    await register.#forgetLeft();
    return register;
  }

  /** Nothing hangs on it: where it cannot be done, that is said. */
  async #forgetLeft(): Promise<void> {
    const { configuration, log } = this.#options;
    const ledTo = new Set([...this.#current.values()].map(({ folder }) => folder));
    // Of those that cannot be used now it is not known which one is theirs.
    const isTheirs = (folder: string) => this.#known.has(folder.slice(0, Math.max(0, folder.lastIndexOf('.'))));
    try {
      const left = await forgetLeftTargets(configuration.state, (folder) => ledTo.has(folder) || isTheirs(folder));
      for (const folder of left) log(`removed what was kept of a target that no connection leads to any more: targets/${folder}`);
    } catch (fault) {
      log(`what was kept of targets that no connection leads to could not be removed: ${messageOf(fault)}`);
    }
  }

  /** Those that can be used, as they are now. */
  get current(): ReadonlyMap<string, ConnectionSettings> {
    return this.#current;
  }

  /** What was made in the console, whether it can be used or not. */
  get known(): ReadonlyMap<string, Known | { readonly fault: string }> {
    return this.#known;
  }

  make(wish: Wish): Promise<Registered> {
    return this.#inTurn(async () => {
      const { configuration } = this.#options;
      const { name } = wish;
      if (configuration.connections.has(name)) return refused.nameTaken(name, `the configuration file ${this.#lineOf(name)}`);
      if (this.#known.has(name)) return refused.nameTaken(name, 'the console');
      if (this.#known.size >= mostKept) return refused.tooMany(mostKept);
      const composed = this.compose(wish, null, newGeneration());
      if (isProblems(composed)) return refused.notInOrder(composed);
      const now = this.#stamp(wish.by);
      const unrecorded = await this.#audit('connection.made', wish.by, { name, fields: changesBetween(null, composed) });
      return unrecorded ?? this.#keep(composed, { made: now, changed: now }, null);
    });
  }

  change(wish: Change): Promise<Registered> {
    return this.#inTurn(async () => {
      const { name } = wish;
      const before = this.#known.get(name);
      if (before === undefined) return this.#notKept(name);
      const unmet = otherVersion(before, wish);
      if (unmet !== null) return unmet;
      const known = 'kept' in before ? before : null;
      const plain = known?.kept.connection ?? null;
      const first = this.compose(wish, known && plain && { plain, secrets: known.secrets }, known?.kept.generation ?? newGeneration());
      if (isProblems(first)) return refused.notInOrder(first);
      const elsewhere = plain === null || leadsElsewhere(plain, first.plain, first.settings.protocol);
      const folder = elsewhere ? folderNamed(name, newGeneration()) : first.settings.folder;
      const composed = { ...first, settings: { ...first.settings, folder } };
      const now = this.#stamp(wish.by);
      const unrecorded = await this.#audit('connection.changed', wish.by, { name, fields: changesBetween(plain, composed) });
      if (unrecorded !== null) return unrecorded;
      const done = await this.#keep(composed, { made: known?.kept.made ?? now, changed: now }, known);
      if (endsSessions(plain, composed)) this.#end(name, endingBy(name, 'changed', wish.by), elsewhere ? known : null);
      return done;
    });
  }

  remove({ name, by, versions }: Omit<Change, 'connection'>): Promise<Registered> {
    return this.#inTurn(async () => {
      const before = this.#known.get(name);
      if (before === undefined) return this.#notKept(name);
      const unmet = otherVersion(before, { name, versions });
      if (unmet !== null) return unmet;
      if (this.#options.configuration.maskedConnections.has(name)) return refused.namedByMasking(name);
      const unrecorded = await this.#audit('connection.removed', by, { name });
      if (unrecorded !== null) return unrecorded;
      await forget(this.#options.configuration.state, name);
      this.#known.delete(name);
      this.#current.delete(name);
      this.#end(name, endingBy(name, 'removed', by), 'kept' in before ? before : null);
      return { kind: 'done' };
    });
  }

  /** A connection as it is, or as a wish would make it; nothing is kept. */
  toTry({ name, connection }: Trial): ConnectionSettings | refused.Refused {
    if (connection === null) return this.#current.get(name) ?? refused.noSuch(name);
    // A session of a draft is on record by its name: it may not be taken for one of what the file has under it.
    if (this.#options.configuration.connections.has(name)) return refused.nameTaken(name, `the configuration file ${this.#lineOf(name)}`);
    const known = this.#known.get(name);
    const before = known !== undefined && 'kept' in known ? { plain: known.kept.connection, secrets: known.secrets } : null;
    const composed = this.compose({ name, connection }, before, newGeneration());
    return isProblems(composed) ? refused.notInOrder(composed) : composed.settings;
  }

  /** What a wish would make, and changes nothing. Its secrets may be those that are kept. */
  compose(
    { name, connection }: Pick<Wish, 'name' | 'connection'>,
    before: { readonly plain: JsonObject; readonly secrets: Secrets } | null,
    generation: string,
  ): Composed | readonly DraftProblem[] {
    const { protocols, configuration } = this.#options;
    return compose(name, connection, before, { protocols, listen: configuration.listen, folder: folderNamed(name, generation) });
  }

  async #take(found: Found): Promise<void> {
    const fault = 'fault' in found ? found.fault : await this.#open(found.kept);
    if (fault === null) return;
    const { name } = found;
    if (!('kept' in found)) this.#known.set(name, { fault });
    this.#options.log(`the connection "${name}", which was made in the console, cannot be used: ${fault}`);
  }

  /** Null where it can be used from now on, or why not. */
  async #open(found: KeptConnection): Promise<string | null> {
    const { sealed, ...beside } = found;
    const opened = this.#keys.unseal(beside, sealed);
    const kept = opened?.isFormer === true ? await this.#sealAnew(found, opened.secrets) : found;
    const secrets = opened?.secrets ?? new Map<string, never>();
    const lost = opened === null ? 'its secrets cannot be opened: the key is another one, or its file was changed by hand' : null;
    const plain = kept.connection;
    const whole = { name: kept.name, connection: withKept(plain, Object.keys(kept.secrets)) };
    const composed = this.compose(whole, { plain, secrets }, kept.generation);
    const wrong = isProblems(composed)
      ? composed.map(({ place, message, remedy }) => `${`${place} ${message}`.trim()}. ${remedy}`).join(' ')
      : null;
    const fault = lost ?? wrong;
    this.#known.set(kept.name, { kept, secrets, fault });
    if (fault === null && !isProblems(composed)) this.#current.set(kept.name, composed.settings);
    return fault;
  }

  /** File by file, each whole or not at all: a start that is cut short leaves what either key opens, and the next one goes on. */
  async #sealAnew(found: KeptConnection, secrets: Secrets): Promise<KeptConnection> {
    const { audit, configuration, log } = this.#options;
    const { sealed: _former, ...beside } = found;
    const { name } = beside;
    try {
      await audit({ event: 'connection.sealed-anew', actor: 'gateway', detail: { name } });
      const kept = { ...beside, sealed: seal(this.#keys.now, beside, secrets) };
      await keep(configuration.state, kept);
      log(`the secrets of the connection "${name}" were sealed anew, and need the former key no more`);
      return kept;
    } catch (fault) {
      log(`the secrets of the connection "${name}" still need the former key, and could not be sealed anew: ${messageOf(fault)}`);
      return found;
    }
  }

  async #keep(
    { plain, secrets, given, settings }: Composed,
    stamps: { made: Stamp; changed: Stamp },
    before: Known | null,
  ): Promise<Registered> {
    const { name } = settings.terms;
    const fields = [...secrets.keys()].map((field) => {
      const since = given.includes(field) ? undefined : before?.kept.secrets[field];
      return [field, since ?? stamps.changed] as const;
    });
    const connection = structuredClone(plain) as KeptConnection['connection'];
    const generation = settings.folder.slice(name.length + 1);
    const beside = { format: 1 as const, name, generation, ...stamps, connection, secrets: Object.fromEntries(fields) };
    const kept = { ...beside, sealed: seal(this.#keys.now, beside, secrets) };
    await keep(this.#options.configuration.state, kept);
    this.#known.set(name, { kept, secrets, fault: null });
    this.#current.set(name, settings);
    return { kind: 'done' };
  }

  /** Nobody waits for sessions to end; what was learnt of a target that is no longer led to is removed behind them. */
  #end(name: string, ending: Ending, left: Known | null): void {
    const { end, configuration, log } = this.#options;
    const forgetTarget = async () => {
      await end(name, ending);
      if (left !== null)
        await rm(join(configuration.state, 'targets', folderNamed(name, left.kept.generation)), { recursive: true, force: true });
    };
    forgetTarget().catch((fault: unknown) => log(`what was kept of the target of "${name}" could not be removed: ${messageOf(fault)}`));
  }

  /** Null once it is on record; nothing is done before. */
  async #audit(event: string, by: string, detail: JsonObject): Promise<refused.Refused | null> {
    try {
      await this.#options.audit({ event, actor: by, detail });
      return null;
    } catch (fault) {
      return refused.notRecorded(messageOf(fault));
    }
  }

  #notKept(name: string): refused.Refused {
    return this.#options.configuration.connections.has(name) ? refused.fixedByFile(name, this.#lineOf(name)) : refused.noSuch(name);
  }

  #lineOf(name: string): string {
    const { path, connectionLines } = this.#options.configuration;
    return `${path}:${connectionLines.get(name) ?? 1}`;
  }

  #stamp(by: string): Stamp {
    return { at: new Date(this.#options.now()).toISOString(), by };
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Null where it is the version that is meant: two people who change one at once must both know. */
function otherVersion(
  before: Known | { readonly fault: string },
  { name, versions }: Pick<Change, 'name' | 'versions'>,
): refused.Refused | null {
  if (versions === null) return refused.versionMissing(name);
  if (versions === '*' || versions.includes(versionOf(before))) return null;
  return refused.versionStale(name, 'kept' in before ? before.kept.changed : null);
}

function isProblems(composed: Composed | readonly DraftProblem[]): composed is readonly DraftProblem[] {
  return Array.isArray(composed);
}

/** Below `targets`; no name has a dot in it. */
function folderNamed(name: string, generation: string): string {
  return `${name}.${generation}`;
}

function newGeneration(): string {
  return randomBytes(4).toString('hex');
}
