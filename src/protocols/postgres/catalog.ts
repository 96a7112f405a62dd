import type { SchemaSnapshot } from '../../sql/schema-snapshot.ts';
import { SnapshotReader, type SystemEntries } from '../../sql/snapshot-query.ts';
import { catalogQuestion, checkQuestion, madeQuestion } from './catalog-query.ts';
import { askApart, type Asker, type Row } from './own-line.ts';
import type { Settings } from './settings.ts';
import { StatementReader } from './statement-reader.ts';

/** What the gateway knows of a target's catalog. */
interface Known {
  readonly snapshot: SchemaSnapshot;
  readonly fingerprint: string;
  /** User and search path of a session that sets neither. */
  readonly user: string;
  readonly searchPath: string;
}

/** What of it came with PostgreSQL itself: nine tenths of most, and hardly ever changed. */
interface SystemPart {
  readonly entries: SystemEntries;
  readonly fingerprint: string;
}

/** Looked at again in the background from this age on; a statement waits for that from the second age on. */
const ages = { refreshMs: 10_000, limitMs: 20_000 } as const;
/** How long a catalog that could not be read is left alone, and how old one may be that lacks a name. */
const retryMs = 2_000;
const lackingMs = 1_000;

/** The catalog of one connection's target, shared by all of its sessions; it is read when the first statement needs it. */
export class Catalog {
  readonly reader = new StatementReader();
  #known: Known | null = null;
  #system: SystemPart | null = null;
  #loading: Promise<void> | null = null;
  /** When it was last known to be so, and when it was last tried, by the process's clock. */
  #checkedAt = -Infinity;
  #triedAt: number;
  #outdated = false;
  /** Whether what is being looked at was outdated: until then nothing is read by what is known. */
  #late = false;

  /** `never`: of a target that has none. */
  constructor(reads: 'when needed' | 'never' = 'when needed') {
    this.#triedAt = reads === 'never' ? Infinity : -Infinity;
  }

  /** Null where it could not be read. */
  get known(): Known | null {
    return this.#known;
  }

  /**
   * Something has changed it: whoever reads a statement from here on waits until it was looked at again. Where it only may have,
   * by code that nobody has read, it is looked at once a second at most: some programs do nothing but call such code.
   */
  outdate(surely: boolean): void {
    if (surely || performance.now() - this.#checkedAt > lackingMs) this.#outdated = true;
  }

  /** Nothing where it is fresh enough to read by. */
  fresh(asker: Asker): void | Promise<void> {
    const now = performance.now();
    const age = now - this.#checkedAt;
    const known = this.#known !== null;
    const late = this.#outdated || this.#late || age >= ages.limitMs;
    if (known && !late && age < ages.refreshMs) return undefined;
    if (!known && now - this.#triedAt < retryMs) return this.#loading ?? undefined;
    const looking = this.#look(asker);
    return known && !late ? undefined : looking;
  }

  /** Looks again for a name that it lacks; nothing where it was looked at just now. */
  lacking(asker: Asker): Promise<void> | null {
    if (this.#known === null || performance.now() - this.#checkedAt < lackingMs) return null;
    return this.#look(asker);
  }

  /** As it is from now on, however fresh it is; null where it cannot be read, which changes nothing for others. */
  async newest(asker: Asker): Promise<SchemaSnapshot | null> {
    const asked = performance.now();
    // What began before may have seen an older one.
    await this.#loading;
    await this.#look(asker);
    return this.#checkedAt < asked ? null : (this.#known?.snapshot ?? null);
  }

  /** One at a time. One that began before the catalog was outdated is followed by another. */
  async #look(asker: Asker): Promise<void> {
    while (this.#loading !== null) {
      const again = this.#outdated;
      await this.#loading;
      if (!again && this.#known !== null) return;
    }
    this.#late = this.#outdated;
    this.#loading = this.#load(asker).finally(() => {
      this.#loading = null;
      this.#late = false;
    });
    return this.#loading;
  }

  /** What cannot be read is not known: names then mean nothing, and what they do is unknown. */
  async #load(asker: Asker): Promise<void> {
    const begun = performance.now();
    const outdated = this.#outdated;
    this.#triedAt = begun;
    this.#outdated = false;
    try {
      const known = this.#known;
      const unchanged = known !== null && (await fingerprintOf(asker)) === known.fingerprint;
      if (!unchanged) await this.#read(asker);
      this.#checkedAt = begun;
    } catch {
      if (asker.ended.aborted || asker.session.signal.aborted) this.#triedAt = -Infinity;
      if (this.#known !== null && !outdated && performance.now() - this.#checkedAt < ages.limitMs) return;
      this.#known = null;
    }
  }

  /** After a change of the schema only what people have made: a migration waits for this at every step. */
  async #read(asker: Asker): Promise<void> {
    const before = this.#system;
    let read = await load(asker, before);
    if (before !== null && read.system.fingerprint !== before.fingerprint) read = await load(asker, null);
    this.#known = read.known;
    this.#system = read.system;
  }
}

/** With PostgreSQL's own part as it is known, which the answer may say is no longer so. */
async function load(asker: Asker, system: SystemPart | null): Promise<{ readonly known: Known; readonly system: SystemPart }> {
  const reader = new SnapshotReader(system?.entries);
  const firsts: Row[] = [];
  await askApart(asker, system === null ? catalogQuestion : madeQuestion, (row) => {
    if (firsts.length < 2) firsts.push(row);
    else reader.take(row);
  });
  const [beginning, fingerprints] = firsts;
  const [fingerprint, ofSystem] = fingerprints ?? [];
  if (fingerprint == null || ofSystem == null) throw new Error('the target did not tell of its catalog');
  const known = { snapshot: reader.snapshot(), fingerprint, user: beginning?.[0] ?? '', searchPath: beginning?.[1] ?? '' };
  return { known, system: { entries: reader.system, fingerprint: ofSystem } };
}

async function fingerprintOf(asker: Asker): Promise<string | null> {
  let fingerprint: string | null = null;
  await askApart(asker, checkQuestion, ([told]) => {
    fingerprint = told ?? null;
  });
  return fingerprint;
}

/** By the settings of their connections. */
export const catalogs = new WeakMap<Settings, Catalog>();

/** The same for all sessions of a connection. */
export function catalogOf(settings: Settings): Catalog {
  const known = catalogs.get(settings) ?? new Catalog();
  catalogs.set(settings, known);
  return known;
}
