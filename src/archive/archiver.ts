import type { AuditEvent } from '../core/entry.ts';
import { messageOf } from '../core/errors.ts';
import { Ingester } from './ingest.ts';
import { catalogPath, makePrivateFolder, segmentsOf, syncFolder } from './layout.ts';
import { prepareCatalog } from './rebuild.ts';
import { sweep } from './retention.ts';
import { bytesBetween } from './segment-reader.ts';
import type { Decoders } from './session-stream.ts';
import { CatalogStore, type Position } from './store.ts';
import type { Log } from './stream.ts';
import { join } from 'node:path';

export interface ArchiverOptions {
  /** The state folder. */
  readonly state: string;
  readonly decoders: Decoders;
  /** Puts an event on record; called before a recording is deleted. */
  readonly audit: (event: AuditEvent) => Promise<void>;
  readonly log: Log;
  /** Milliseconds since the epoch; the machine's clock by default. */
  readonly now?: () => number;
  /** How often recordings over their time are looked for, in milliseconds; an hour by default. */
  readonly retentionSweepMs?: number;
  /** What is committed shows in the catalog after about so many milliseconds; 200 by default. */
  readonly visibleEveryMs?: number;
  /** How many milliseconds to rest after so many of work, with so many bytes left to do; none by default. */
  readonly rest?: (workedMs: number, lagBytes: number) => number;
}

export interface ArchiverStatus {
  /** Journal segments on disk, the one being written included. */
  readonly segmentsWaiting: number;
  /** Committed journal bytes that the catalog does not show yet. */
  readonly lagBytes: number;
  /** Since the start. */
  readonly sessions: number;
  readonly exchanges: number;
  readonly entries: number;
  /** Why archiving stands still; null while it goes on. */
  readonly fault: string | null;
}

export interface Archiver {
  /** The journal is committed up to here. */
  committed(position: Position): void;
  status(): ArchiverStatus;
  /** Deletes recordings over their time now; resolves with how many. */
  sweep(): Promise<number>;
  /** Archives all that is committed, makes it durable and closes the catalog. Rejects where that failed; the journal then still has it. */
  close(): Promise<void>;
}

const settleEveryMs = 5000;
const retryMs = 1000;
const firstSweepMs = 60_000;

/**
 * Archives a state folder's journal for as long as it runs, in a thread that has nothing else to do: it blocks for as long as
 * a batch takes. Rebuilds the catalog first where there is none.
 */
export function archiveJournal(options: ArchiverOptions): Archiver {
  const { state, decoders, log } = options;
  makePrivateFolder(join(state, 'archive', 'sessions'));
  makePrivateFolder(join(state, 'archive', 'ledger'));
  syncFolder(join(state, 'archive'));
  syncFolder(state);
  prepareCatalog(state, decoders, log);
  return new RunningArchiver(options, new CatalogStore(catalogPath(state)));
}

class RunningArchiver implements Archiver {
  readonly #options: ArchiverOptions;
  readonly #store: CatalogStore;
  readonly #now: () => number;
  readonly #sweeps: NodeJS.Timeout;
  readonly #firstSweep: NodeJS.Timeout;
  #ingester: Ingester;
  #committed: Position | null = null;
  #timer: NodeJS.Timeout | null = null;
  #due = Number.POSITIVE_INFINITY;
  #restsUntil = 0;
  #settledAt = 0;
  #fault: string | null = null;
  #sweeping: Promise<number> | null = null;
  #closed = false;
  #before = { sessions: 0, exchanges: 0, entries: 0 };

  constructor(options: ArchiverOptions, store: CatalogStore) {
    this.#options = options;
    this.#store = store;
    this.#now = options.now ?? Date.now;
    this.#ingester = this.#begin();
    const every = options.retentionSweepMs ?? 3_600_000;
    const quietly = () =>
      void this.sweep().catch((fault: unknown) => this.#report('Looking for recordings over their time failed.', fault));
    this.#sweeps = setInterval(quietly, every).unref();
    this.#firstSweep = setTimeout(quietly, Math.min(every, firstSweepMs)).unref();
  }

  committed(position: Position): void {
    this.#committed = position;
    // After a fault the next try is due already.
    if (this.#fault === null) this.#schedule(this.#options.visibleEveryMs ?? 200);
  }

  status(): ArchiverStatus {
    const { state } = this.#options;
    const { sessions, exchanges, entries } = this.#counts();
    const lagBytes = this.#committed === null ? 0 : bytesBetween(state, this.#ingester.position, this.#committed);
    return { segmentsWaiting: segmentsOf(state).length, lagBytes, sessions, exchanges, entries, fault: this.#fault };
  }

  sweep(): Promise<number> {
    const { state, log, audit } = this.#options;
    const isOpen = (session: string) => this.#ingester.isOpen(session);
    this.#sweeping ??= this.#sweepSettled({ state, store: this.#store, now: this.#now, log, audit, isOpen }).finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweeps);
    clearTimeout(this.#firstSweep);
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#sweeping?.catch((fault: unknown) => this.#report('Looking for recordings over their time failed.', fault));
    try {
      if (this.#fault !== null) this.#restart();
      while (this.#committed !== null && this.#ingester.batch(this.#committed));
      this.#ingester.settle();
    } finally {
      this.#store.close();
    }
  }

  /** What is deleted must not be in the part of the journal that a restart would read again. */
  async #sweepSettled(retention: Parameters<typeof sweep>[0]): Promise<number> {
    if (this.#fault !== null) return 0;
    this.#ingester.settle();
    return sweep(retention);
  }

  #schedule(delay: number): void {
    const now = performance.now();
    const due = Math.max(now + delay, this.#restsUntil);
    if (this.#closed || due >= this.#due) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#turn(), due - now);
  }

  #turn(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#timer = null;
    try {
      if (this.#fault !== null) this.#restart();
      const began = performance.now();
      const worked = this.#committed !== null && this.#ingester.batch(this.#committed);
      if (performance.now() - this.#settledAt > settleEveryMs && this.#ingester.unsettled) {
        this.#ingester.settle();
        this.#settledAt = performance.now();
      }
      this.#fault = null;
      if (worked) this.#takeRest(performance.now() - began);
      if (worked) this.#schedule(this.#isBehind() ? 0 : (this.#options.visibleEveryMs ?? 200));
      else if (this.#ingester.unsettled) this.#schedule(settleEveryMs);
    } catch (fault) {
      this.#report('Archiving failed; the journal keeps what is not archived, and it is tried again.', fault);
      this.#fault = messageOf(fault);
      this.#schedule(retryMs);
    }
  }

  #takeRest(workedMs: number): void {
    const { rest, state } = this.#options;
    if (rest === undefined) return;
    this.#restsUntil = performance.now() + rest(workedMs, bytesBetween(state, this.#ingester.position, this.#committed));
  }

  #isBehind(): boolean {
    const [position, committed] = [this.#ingester.position, this.#committed];
    if (position === null || committed === null) return false;
    return position.segment < committed.segment || position.offset < committed.offset;
  }

  /** What a fault left in memory is not to be trusted: reading again begins at what is durable. */
  #restart(): void {
    this.#before = this.#counts();
    this.#ingester = this.#begin();
  }

  #counts(): { sessions: number; exchanges: number; entries: number } {
    const { sessions, exchanges, entries } = this.#ingester;
    const before = this.#before;
    return { sessions: before.sessions + sessions, exchanges: before.exchanges + exchanges, entries: before.entries + entries };
  }

  #begin(): Ingester {
    const { state, decoders, log } = this.#options;
    return new Ingester({ state, decoders, log, store: this.#store, now: this.#now });
  }

  #report(message: string, fault: unknown): void {
    this.#options.log('error', message, { fault: messageOf(fault) });
  }
}
