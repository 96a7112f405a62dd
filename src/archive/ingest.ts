import { renameSync, unlinkSync } from 'node:fs';
import { type FrameRead, maxPayloadBytes, readFrame } from '../core/frame.ts';
import { SaidSoFar } from '../core/said.ts';
import { Anomalies, type Anomaly } from './anomalies.ts';
import { segmentsOf, syncFile, syncFolder, syncNames, journalFolder } from './layout.ts';
import { appendFrames } from './recording-file.ts';
import { readPiece, segmentPath, segmentSize } from './segment-reader.ts';
import type { Decoders } from './session-stream.ts';
import type { CatalogStore, Position } from './store.ts';
import { FrameRun } from './frame-run.ts';
import { type ArchiveStream, type Log, noteAnomalies, openStream, saveStreams, type StreamContext, take } from './stream.ts';

export interface IngestOptions {
  readonly state: string;
  readonly decoders: Decoders;
  readonly log: Log;
  readonly store: CatalogStore;
  /** The time that anomalies without an entry of their own are noted at, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Called between the steps of a batch; a test looks at the disk there. */
  readonly step?: (name: string) => void;
}

/** How much of the journal one batch takes, and how many exchanges: each is some 10 KB in memory until its rows are written. */
const batchBytes = 2 * 1024 * 1024;
const batchExchanges = 2_000;
const largestFrame = maxPayloadBytes + 1024;
/** To settle takes some 40 ms of flushes; it is due at the latest after so much, in bytes or in segments that were finished. */
const settledBytes = 32 * 1024 * 1024;
const finishedAtOnce = 64;

/** More may follow, and belongs to the next batch. */
interface Enough {
  readonly kind: 'enough';
}
const enough: Enough = { kind: 'enough' };

/**
 * Takes the journal into recordings and catalog. A crash between any two steps leaves a state from which reading again,
 * beginning at the stored position, leads to the same result. After a fault the instance must be thrown away.
 */
export class Ingester {
  readonly #context: StreamContext;
  readonly #options: IngestOptions;
  readonly #streams = new Map<string, ArchiveStream>();
  readonly #touched = new Set<ArchiveStream>();
  readonly #unsynced = new Set<string>();
  /** Segments that were read to their end and go once the position behind them is stored. */
  readonly #finished: { readonly number: number; readonly damaged: boolean }[] = [];
  /** Every batch is read into it: nobody may keep a view of an entry's bytes beyond its batch. */
  readonly #buffer = Buffer.allocUnsafeSlow(batchBytes);
  /** What the segment at hand has said so far. */
  #said = new SaidSoFar();
  #saidIn = 0;
  #position: Position | null = null;
  #stored: Position | null;
  #damaged: number | null = null;
  #unsettledBytes = 0;
  entries = 0;
  exchanges = 0;
  sessions = 0;

  constructor(options: IngestOptions) {
    const { state, decoders, log, store } = options;
    this.#options = options;
    this.#context = { state, decoders, log, store, anomalies: new Anomalies(state) };
    store.transact(() => {
      for (const anomaly of this.#context.anomalies.all()) {
        store.anomaly(anomaly);
        if (anomaly.session !== null) store.markGap(anomaly.session);
      }
    });
    this.#stored = store.position();
  }

  /** Up to where entries are in recordings and catalog; null before the first batch. */
  get position(): Position | null {
    return this.#position ?? this.#stored;
  }

  /** Whether something was archived that is not durable yet. */
  get unsettled(): boolean {
    const { position } = this;
    return this.#unsynced.size > 0 || position?.segment !== this.#stored?.segment || position?.offset !== this.#stored?.offset;
  }

  /** Whether this process has seen the session open and not end. */
  isOpen(session: string): boolean {
    return this.#streams.has(session);
  }

  /** Archives what is committed, at most 2 MiB of it. False where there was nothing to do. */
  batch(committed: Position): boolean {
    const from = (this.#position ??= this.#start(committed));
    if (from.segment > committed.segment || (from.segment === committed.segment && from.offset >= committed.offset)) return false;
    if (this.#damaged === from.segment) return this.#leaveDamaged(committed);
    const next = this.#read(from, committed);
    this.#step('read');
    this.#record();
    this.#save();
    this.#step('saved');
    this.#position = next;
    // A full segment goes as soon as it can; of small ones, as many starts leave, several go at the cost of one.
    if (this.#finished.length >= finishedAtOnce || (this.#finished.length > 0 && this.#unsettledBytes >= settledBytes)) this.settle();
    return true;
  }

  /** Makes durable all that was archived and lets go of the segments that are no longer needed. */
  settle(): void {
    const position = this.#position;
    if (position === null) return;
    this.#unsettledBytes = 0;
    for (const path of this.#unsynced) syncFile(path);
    syncNames(this.#unsynced);
    this.#unsynced.clear();
    // A stored position must never be ahead of the journal: its tail could go in a power loss and be written anew.
    if (position.offset > 0) syncFile(segmentPath(this.#options.state, position.segment));
    this.#step('synced');
    this.#options.store.advance(position);
    this.#stored = position;
    this.#step('advanced');
    for (const { number, damaged } of this.#finished.splice(0)) if (number < position.segment) this.#letGo(number, damaged);
    this.#step('settled');
  }

  #start(committed: Position): Position {
    const oldest = segmentsOf(this.#options.state)[0] ?? committed.segment;
    const stored = this.#stored;
    if (stored === null || oldest < stored.segment) return { segment: oldest, offset: 0 };
    if (stored.offset <= segmentSize(this.#options.state, stored.segment)) return stored;
    // Reading again does no harm: what is in a recording is recognised by its sequence.
    this.#options.log('warn', 'The journal is shorter than what was archived of it; its segment is read again from its start.', {
      ...stored,
    });
    return { segment: stored.segment, offset: 0 };
  }

  #read(from: Position, committed: Position): Position {
    if (this.#saidIn !== from.segment) this.#hear(from);
    for (let into = this.#buffer; ; into = Buffer.allocUnsafeSlow(largestFrame)) {
      const piece = readPiece(this.#options.state, from, committed, into);
      if (piece.kind === 'missing') return this.#skipMissing(from, committed);
      if (piece.kind === 'damaged') return this.#skipDamaged(from, committed, from.offset, piece.reason);
      const { read, end } = this.#takeFrames(piece.bytes);
      const offset = piece.offset + end;
      this.#unsettledBytes += end;
      if (read.kind === 'enough') return { segment: from.segment, offset };
      if (read.kind === 'corrupt') return this.#skipDamaged(from, committed, offset, read.reason);
      if (read.kind === 'torn' && piece.last) return this.#skipDamaged(from, committed, offset, 'an entry is cut short');
      if (read.kind === 'torn' && end === 0 && into === this.#buffer) continue;
      if (!piece.last || from.segment === committed.segment) return { segment: from.segment, offset };
      this.#finished.push({ number: from.segment, damaged: false });
      return { segment: from.segment + 1, offset: 0 };
    }
  }

  /** What comes in a segment may repeat what stands before the position in it, which is archived already. */
  #hear({ segment, offset }: Position): void {
    this.#said = new SaidSoFar();
    this.#saidIn = segment;
    let from: Position = { segment, offset: 0 };
    const before = { segment, offset };
    for (let into = this.#buffer; from.offset < offset; ) {
      const piece = readPiece(this.#options.state, from, before, into);
      if (piece.kind !== 'frames') return;
      let end = 0;
      let read = readFrame(piece.bytes, end, this.#said);
      for (; read.kind === 'entry'; read = readFrame(piece.bytes, end, this.#said)) end = read.next;
      if (read.kind === 'corrupt' || piece.last) return;
      if (end === 0 && into !== this.#buffer) return;
      into = end === 0 ? Buffer.allocUnsafeSlow(largestFrame) : this.#buffer;
      from = { segment, offset: piece.offset + end };
    }
  }

  #takeFrames(bytes: Buffer): { read: FrameRead | Enough; end: number } {
    const run = new FrameRun(bytes);
    const most = this.exchanges + batchExchanges;
    for (let offset = 0; ; ) {
      const read = this.exchanges < most ? readFrame(bytes, offset, this.#said) : enough;
      if (read.kind !== 'entry') {
        run.end();
        return { read, end: offset };
      }
      const { entry, next } = read;
      const stream = this.#streams.get(entry.session) ?? this.#open(entry.session, entry.kind === 'audit' ? 'ledger' : 'session');
      if (entry.sequence > stream.lastSequence) {
        take(stream, entry, true, 0, this.#context);
        run.add(stream, offset, next);
        this.#touched.add(stream);
        this.entries += 1;
        if (entry.kind === 'exchange') this.exchanges += 1;
        if (entry.kind === 'session') this.sessions += 1;
      }
      offset = next;
    }
  }

  #open(id: string, kind: ArchiveStream['kind']): ArchiveStream {
    const stream = openStream(id, kind, this.#context);
    this.#streams.set(id, stream);
    // The recording may hold blocks that no sync has reached.
    if (stream.lastSequence >= 0) this.#unsynced.add(stream.path);
    return stream;
  }

  #record(): void {
    for (const stream of this.#touched) {
      const length = appendFrames(stream.path, stream.pending);
      const bytes = stream.pending.reduce((sum, frames) => sum + frames.length, 0);
      if (stream.session !== null && stream.checkpoints.wrote(bytes)) stream.checkpoints.make(stream.session, this.#said, length);
      stream.pending.length = 0;
      this.#unsynced.add(stream.path);
      this.#step('recorded');
    }
  }

  #save(): void {
    const { store } = this.#options;
    store.transact(() => saveStreams(this.#touched, this.#context));
    for (const stream of this.#touched) if (stream.session !== null && stream.session.end !== null) this.#letGoOf(stream.id);
    this.#touched.clear();
  }

  #letGoOf(session: string): void {
    this.#streams.delete(session);
    this.#said.forget(session);
  }

  #leaveDamaged(committed: Position): boolean {
    const segment = this.#damaged;
    if (segment === null || committed.segment === segment) return false;
    this.#damaged = null;
    this.#finished.push({ number: segment, damaged: true });
    this.#position = { segment: segment + 1, offset: 0 };
    this.settle();
    return true;
  }

  #skipMissing(from: Position, committed: Position): Position {
    const next = segmentsOf(this.#options.state).find((number) => number > from.segment) ?? committed.segment;
    const detail = `The journal's segments ${from.segment} to ${next - 1} are missing.`;
    this.#noteLoss(`segment-${from.segment}`, from, 'segment-missing', detail);
    return { segment: Math.max(next, from.segment + 1), offset: 0 };
  }

  /** The rest of a damaged segment is left alone; reading goes on at the next one, and the file is kept under another name. */
  #skipDamaged(from: Position, committed: Position, offset: number, reason: string): Position {
    const detail = `The journal's segment ${from.segment} is damaged at byte ${offset}: ${reason}. What follows there is not archived.`;
    this.#noteLoss(`segment-${from.segment}`, { segment: from.segment, offset }, 'segment-damaged', detail);
    if (from.segment === committed.segment) {
      this.#damaged = from.segment;
      return { segment: from.segment, offset };
    }
    this.#finished.push({ number: from.segment, damaged: true });
    return { segment: from.segment + 1, offset: 0 };
  }

  /** Any session that was open there may have lost entries, its end included. */
  #noteLoss(id: string, at: Position, kind: Anomaly['kind'], detail: string): void {
    if (this.#context.anomalies.has(id)) return;
    const common = { at: this.#options.now(), segment: at.segment, offset: at.offset };
    const ids = new Set(this.#options.store.openSessions());
    for (const stream of this.#streams.values())
      if (stream.session !== null && stream.session.end === null) ids.add(stream.id);
      else ids.delete(stream.id);
    const found: Anomaly[] = [...ids].map((session) => ({
      ...common,
      id: `${id}/${session}`,
      session,
      kind: 'may-miss-entries',
      detail: `${session} may miss entries that stood in the journal's segment ${at.segment}.`,
    }));
    noteAnomalies([...found, { ...common, id, session: null, kind, detail }], this.#context);
    for (const session of ids) this.#markGap(session);
  }

  #markGap(session: string): void {
    const stream = this.#streams.get(session);
    if (stream?.session) {
      stream.session.gap = true;
      this.#touched.add(stream);
    } else this.#options.store.markGap(session);
  }

  #letGo(number: number, damaged: boolean): void {
    const path = segmentPath(this.#options.state, number);
    if (damaged) renameSync(path, `${path}.damaged`);
    else unlinkSync(path);
    syncFolder(journalFolder(this.#options.state));
  }

  #step(name: string): void {
    this.#options.step?.(name);
  }
}
