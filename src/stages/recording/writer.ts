import type { Direction, Entry } from '../../core/entry.ts';
import { KnownPayload, type Payload } from '../../core/known-payload.ts';
import type { Receiver } from '../../core/recorder.ts';
import type { Put } from './backlog.ts';
import { Batch } from './batch.ts';
import type { Party } from './party.ts';
import type { Places } from './places.ts';
import { SegmentFile } from './segment-file.ts';
import { type Pending, Waiting } from './waiting.ts';

/** `write` durability means: on disk at the latest this many milliseconds after the commit. */
const flushEvery = 50;

/** What a commit that failed held; the segment's end is where it was before. */
export interface Failure {
  readonly fault: Error;
  /** `flush`: the entries are in the segment, but perhaps not on disk. */
  readonly at: 'write' | 'flush';
  readonly entries: readonly Entry[];
  readonly pendings: readonly Pending[];
}

export interface WriterOptions {
  readonly folder: string;
  readonly segmentBytes: number;
  readonly now: () => number;
  readonly onCommit: (position: { segment: number; offset: number }) => void;
  readonly onFailure: (failure: Failure) => void;
  readonly log: (line: string) => void;
}

/**
 * Commits what one turn of the event loop appended by one write, then calls the releases in order. One flush to disk at a
 * time; whoever asked for `fsync` waits for one that began after its write.
 */
export class Writer {
  commits = 0;
  entries = 0;
  bytes = 0;
  flushes = 0;
  readonly #options: WriterOptions;
  readonly #batch = new Batch();
  readonly #head = {
    session: new Uint8Array(16) as Uint8Array,
    sequence: 0,
    exchange: 0,
    at: 0,
    kind: 'bytes' as Entry['kind'],
    direction: null as Direction | null,
    place: 0,
  };
  #segment: SegmentFile;
  /** The number of the segment that what is appended now will stand in. */
  #ahead: number;
  #number = 1;
  #touched: Party[] = [];
  #waiting = new Waiting();
  /** That of the commit before, to be used again; null while its receivers are called. */
  #spare: Waiting | null = null;
  #unflushed: Pending[] = [];
  #scheduled = false;
  #lastAt = 0;
  #notBefore = 0;
  #dirty = false;
  #flushing: Promise<void> | null = null;
  #flushTimer: NodeJS.Timeout | null = null;
  #rolling: Promise<void> | null = null;
  #held = false;
  #isClosing = false;
  #rollFrom: number;

  constructor(segment: SegmentFile, options: WriterOptions) {
    this.#segment = segment;
    this.#ahead = segment.number;
    this.#options = options;
    this.#rollFrom = options.segmentBytes;
  }

  get position(): { segment: number; offset: number } {
    return { segment: this.#segment.number, offset: this.#segment.offset };
  }

  get pending(): number {
    return this.#waiting.length + this.#unflushed.length;
  }

  append(party: Party, exchange: number, kind: Entry['kind'], direction: Direction | null, payload: Payload): void {
    this.#add(this.#batch, party, exchange, kind, direction, payload);
    if (party.batch !== this.#number) {
      party.batch = this.#number;
      this.#touched.push(party);
    }
    this.#schedule();
  }

  /** Hands the bytes to the receiver once everything appended so far is committed, by the party's durability. */
  await(
    party: Party,
    exchange: number,
    direction: Direction,
    bytes: Uint8Array,
    receiver: Receiver,
    fail: ((fault: Error) => void) | null,
  ): void {
    this.#waiting.add(party, exchange, direction, bytes, receiver, fail);
    this.#schedule();
  }

  /**
   * Writes one party's entries at once, past the batch: for what must be closed when the batch cannot be written.
   * None of it is dated before `notBefore`. Throws, with nothing written, where it cannot.
   */
  writeNow(party: Party, add: (put: Put) => void, notBefore = 0): void {
    const batch = new Batch();
    this.#notBefore = notBefore;
    try {
      add((exchange, kind, direction, payload) => this.#add(batch, party, exchange, kind, direction, payload));
      this.#write(batch);
      party.committed = party.sequence;
    } catch (fault) {
      party.sequence = party.committed;
      this.#segment.repair();
      throw fault;
    } finally {
      this.#notBefore = 0;
    }
    this.#options.onCommit(this.position);
  }

  repair(): void {
    this.#segment.repair();
  }

  /** Commits now what was appended, then waits until it is on disk and released. */
  async drain(): Promise<void> {
    await this.#rolling?.catch(() => {});
    this.#commitNow();
    do {
      await this.#flushing;
      await this.#flush();
    } while (this.#unflushed.length > 0 || this.#dirty);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.drain();
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#segment.close();
  }

  /** Goes on in a new segment; the old one is whole and on disk before the new one's first entry is written. */
  roll(): Promise<void> {
    this.#rolling ??= this.#toNextSegment().finally(() => {
      this.#rolling = null;
      this.#held = false;
      this.#commit();
    });
    return this.#rolling;
  }

  #add(batch: Batch, party: Party, exchange: number, kind: Entry['kind'], direction: Direction | null, payload: Payload): void {
    const head = this.#head;
    // One look at the clock a batch: what one turn of the event loop brings is one moment.
    if (batch.entries === 0) this.#lastAt = Math.max(this.#lastAt, this.#options.now());
    head.session = party.sessionBytes;
    head.sequence = party.sequence;
    head.exchange = exchange;
    head.at = Math.max(this.#lastAt, this.#notBefore);
    head.kind = kind;
    head.direction = direction;
    head.place = 0;
    if (batch === this.#batch && payload instanceof KnownPayload && party.places !== null) this.#addKnown(payload, party.places);
    else batch.add(head, payload);
    party.sequence += 1;
  }

  /** Whole the first time in each segment. */
  #addKnown(payload: KnownPayload, places: Places): void {
    const head = this.#head;
    head.place = places.find(payload, this.#ahead);
    if (head.place > 0) return this.#batch.repeat(head, payload);
    head.place = places.take(payload, this.#ahead);
    this.#batch.add(head, payload);
  }

  // The check phase follows the poll phase: everything that the sockets brought in this turn is in the batch by then.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#onCheck);
  }
  // Made once: for a function within `#schedule` V8 sets memory aside at each call, and there are seven for each statement.
  readonly #onCheck = (): void => {
    this.#scheduled = false;
    this.#commit();
  };

  #commit(): void {
    if (!this.#held) this.#commitNow();
  }

  #commitNow(): void {
    const waiting = this.#waiting;
    this.#waiting = this.#spare ?? new Waiting();
    this.#spare = null;
    if (this.#batch.entries > 0) {
      try {
        this.#write(this.#batch);
      } catch (fault) {
        this.#fail(fault, waiting.takeAll());
        return;
      }
      for (const party of this.#touched) party.committed = party.sequence;
      this.#nextBatch();
    }
    waiting.settle(this.#settleOne);
    this.#spare = waiting;
    this.#flushUnflushed();
    if (this.#segment.offset >= this.#rollFrom) this.#rollLater();
  }

  #write(batch: Batch): void {
    this.#segment.append(batch.vectors(), batch.bytes);
    this.commits += 1;
    this.entries += batch.entries;
    this.bytes += batch.bytes;
    this.#dirty = true;
    this.#flushSoon();
  }

  #flushSoon(): void {
    this.#flushTimer ??= setTimeout(() => this.#flushOnTime(), flushEvery).unref();
  }

  #nextBatch(): void {
    this.#batch.clear();
    this.#touched = [];
    this.#number += 1;
    this.#options.onCommit(this.position);
  }

  #fail(thrown: unknown, pendings: readonly Pending[]): void {
    const entries = this.#batch.decode();
    for (const party of this.#touched) {
      party.sequence = party.committed;
      party.places?.forget();
    }
    this.#batch.clear();
    this.#touched = [];
    this.#number += 1;
    this.#tryRepair();
    this.#options.onFailure({ fault: asError(thrown), at: 'write', entries, pendings });
  }

  /** Releases what is committed: at once, or after the next flush. */
  settle(pendings: readonly Pending[]): void {
    for (const pending of pendings) this.#settleOne(pending);
    this.#flushUnflushed();
  }
  readonly #settleOne = (pending: Pending): void => {
    if (pending.party.durability === 'fsync') this.#unflushed.push({ ...pending });
    else releaseOne(pending);
  };
  #flushUnflushed(): void {
    if (this.#unflushed.length > 0 && this.#flushing === null) void this.#flush();
  }

  #flushOnTime(): void {
    this.#flushTimer = null;
    if (this.#dirty && this.#flushing === null) void this.#flush();
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#flushOnce().finally(() => {
      this.#flushing = null;
      if (this.#unflushed.length > 0 && !this.#held) void this.#flush();
      else if (this.#dirty) this.#flushSoon();
    });
    return this.#flushing;
  }

  #flushOnce(): Promise<void> {
    const waiting = this.#unflushed;
    this.#unflushed = [];
    this.#dirty = false;
    return new Promise((resolve) => {
      this.#segment.sync((fault) => {
        this.flushes += 1;
        if (fault === null) for (const pending of waiting) releaseOne(pending);
        else this.#failFlush(fault, waiting);
        resolve();
      });
    });
  }

  #tryRepair(): void {
    try {
      this.#segment.repair();
    } catch (fault) {
      this.#options.log(`the journal's segment could not be cut back to its last whole commit: ${String(fault)}`);
    }
  }

  #failFlush(fault: Error, pendings: readonly Pending[]): void {
    // Sessions are closed past the batch, so what the batch holds of them must go first.
    this.#commitNow();
    this.#tryRepair();
    this.#options.onFailure({ fault, at: 'flush', entries: [], pendings });
  }

  #rollLater(): void {
    if (this.#rolling !== null || this.#isClosing) return;
    this.roll().catch((fault: unknown) => {
      // The old segment still takes entries. If the disk is what fails, the next commit says so.
      this.#rollFrom = this.#segment.offset + this.#options.segmentBytes;
      this.#options.log(`the journal stays in segment ${this.#segment.number}, the next could not be made: ${asError(fault).message}`);
    });
  }

  async #toNextSegment(): Promise<void> {
    const next = await SegmentFile.create(this.#options.folder, this.#segment.number + 1);
    // What was appended so far may name places of the old segment.
    this.#commitNow();
    this.#held = true;
    this.#ahead = next.number;
    await this.#flushing;
    await this.#flush();
    const old = this.#segment;
    this.#segment = next;
    this.#rollFrom = this.#options.segmentBytes;
    old.close();
    this.#options.onCommit(this.position);
  }
}

export function releaseOne(pending: Pending): void {
  if (pending.party.halted && pending.fail === null) return;
  try {
    pending.receiver.receive(pending.bytes, pending.direction);
  } catch (fault) {
    pending.party.broke(fault);
  }
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
