import type { AuditEvent, SessionFacts } from '../../core/entry.ts';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import { sessionBytes } from '../../core/frame.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Seal } from '../../core/originals.ts';
import type { RecordingTerms, SessionRecord } from '../../core/recorder.ts';
import { endPayload, outcomePayload } from './encoding.ts';
import { Ledger } from './ledger.ts';
import type { Lock } from './lock.ts';
import type { CutSession, Recovery } from './recover.ts';
import type { Reserve } from './reserve.ts';
import type { SegmentFile } from './segment-file.ts';
import { type Desk, KeptRecord } from './session-record.ts';
import type { Party } from './party.ts';
import { asError, type Failure, releaseOne, Writer } from './writer.ts';
import { defaultSegmentBytes, type Journal, type JournalOptions, type Statistics } from './options.ts';

const rearmEvery = 1000;

/** The journal on its segments: who is recorded, and what happens when the disk fails. */
export class SegmentJournal implements Journal {
  readonly ledger: string;
  readonly #options: JournalOptions;
  readonly #writer: Writer;
  readonly #desk: Desk;
  readonly #segmentBytes: number;
  readonly #reserve: Reserve;
  readonly #lock: Lock | null;
  readonly #ledger: Ledger;
  readonly #records = new Map<string, KeptRecord>();
  #gaps = 0;
  /** Why the journal cannot be written, and since when; null while it can. */
  #broken: { readonly fault: Error; readonly reason: string; readonly since: number } | null = null;
  /** After a failed flush nobody knows what is on disk (a second flush may succeed without having written): only a new segment will do. */
  #isSuspect = false;
  #rearmTimer: NodeJS.Timeout | null = null;
  #rearming: Promise<void> | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: JournalOptions, segment: SegmentFile, reserve: Reserve, lock: Lock | null) {
    const { folder, now, log } = options;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
    const onCommit = options.onCommit ?? (() => {});
    const onFailure = (failure: Failure) => this.#fail(failure);
    this.#writer = new Writer(segment, { folder, segmentBytes: this.#segmentBytes, now, onCommit, onFailure, log });
    this.#desk = {
      writer: this.#writer,
      isBroken: () => this.#broken !== null,
      close: (record) => this.#closeRecord(record),
      forget: (record) => this.#records.delete(record.id),
    };
    this.#reserve = reserve;
    this.#lock = lock;
    this.#ledger = new Ledger(options.gatewayId, this.#writer);
    this.ledger = options.gatewayId;
  }

  async start(recovery: Recovery): Promise<void> {
    const { torn, cut, damaged } = recovery;
    const { log, version } = this.#options;
    for (const session of cut) this.#interrupt(session);
    if (torn !== null)
      log(`journal: segment ${torn.segment} was torn at ${torn.offset}; ${torn.bytes} bytes are put aside in ${torn.file}`);
    for (const damage of damaged) {
      log(`journal: segment ${damage.segment} is damaged at ${damage.offset} (${damage.reason}); what follows there cannot be read`);
      this.#ledger.writeNow(gatewayEvent('journal.damaged', { ...damage }));
    }
    if (torn !== null) this.#ledger.writeNow(gatewayEvent('journal.torn', { ...torn }));
    const detail = { recovered: cut.length, tornBytes: torn?.bytes ?? 0, ...(version === undefined ? {} : { version }) };
    this.#ledger.writeNow(gatewayEvent('gateway.started', detail));
    await this.#writer.drain();
    await this.#holdReserve();
  }

  open(facts: SessionFacts, terms: RecordingTerms, onFault: (fault: Error) => void, seal: Seal | null = null): SessionRecord {
    const unready = this.unready();
    if (unready !== null) throw new ChaperoneError('RECORDER_FAULT', `no session can be recorded: ${unready}`);
    if (this.#records.has(facts.id)) throw new ChaperoneError('INTERNAL', `session ${facts.id} is on record already`);
    const record = new KeptRecord(facts, terms, onFault, seal, this.#desk);
    this.#records.set(facts.id, record);
    return record;
  }

  audit(event: AuditEvent): Promise<void> {
    const unready = this.#closed === null ? (this.#broken?.reason ?? null) : 'the journal is closed';
    if (unready === null) return this.#ledger.write(event);
    return Promise.reject(new ChaperoneError('RECORDER_FAULT', `"${event.event}" could not be put on record: ${unready}`));
  }

  unready(): string | null {
    if (this.#closed !== null) return 'the journal is closed';
    return this.#broken?.reason ?? null;
  }

  position(): { segment: number; offset: number } {
    return this.#writer.position;
  }

  statistics(): Statistics {
    const { commits, entries, bytes, flushes, pending } = this.#writer;
    return { commits, entries, bytes, flushes, gaps: this.#gaps, pending };
  }

  rollSegment(): Promise<void> {
    if (this.#closed !== null) return Promise.reject(new ChaperoneError('RECORDER_FAULT', 'the journal is closed'));
    return this.#writer.roll();
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    if (this.#rearmTimer !== null) clearInterval(this.#rearmTimer);
    for (const record of this.#records.values()) void record.end({ status: 'ended', reason: 'The gateway stopped.' });
    const stopped = this.audit(gatewayEvent('gateway.stopped', {})).catch((fault: unknown) => this.#options.log(messageOf(fault)));
    await this.#rearming;
    await this.#writer.close();
    await stopped;
    this.#lock?.release();
  }

  #interrupt({ id, nextSequence, lastAt, open }: CutSession): void {
    const end = endPayload({ status: 'interrupted', reason: 'The gateway stopped without closing the session.' });
    this.#writer.writeNow(
      new CutParty(id, nextSequence),
      (put) => {
        for (const exchange of open) put(exchange, 'outcome', null, cut);
        put(0, 'end', null, end);
      },
      lastAt,
    );
  }

  async #holdReserve(): Promise<void> {
    try {
      const shortage = this.#reserve.shortage(this.#segmentBytes);
      if (shortage !== null) this.#break(new Error(shortage), shortage);
      else await this.#reserve.fill();
    } catch (fault) {
      this.#reserve.release();
      this.#break(asError(fault));
    }
  }

  #fail({ fault, at, entries, pendings }: Failure): void {
    this.#break(fault);
    if (at === 'flush') this.#isSuspect = true;
    if (isFull(fault)) this.#giveReserve();
    for (const entry of entries) this.#records.get(entry.session)?.absorb(entry);
    const crossing = pendings.filter((pending) => pending.fail === null && pending.party.goesOn);
    if (at === 'flush') for (const { party, exchange, direction, bytes } of crossing) party.lost(exchange, direction, bytes.length);
    const stopped = [...this.#records.values()].filter((record) => record.stop(fault));
    if (at === 'write') this.#writer.settle(crossing);
    else for (const pending of crossing) releaseOne(pending);
    for (const record of stopped) this.#closeRecord(record);
    for (const { fail } of pendings) fail?.(fault);
    const told = new ChaperoneError('RECORDER_FAULT', fault.message, { cause: fault });
    for (const record of stopped) record.announce(told);
  }

  #break(fault: Error, reason = `the journal in ${this.#options.folder} cannot be written: ${fault.message}`): void {
    if (this.#broken !== null) return;
    this.#broken = { fault, reason, since: this.#options.now() };
    this.#options.log(reason);
    this.#rearmTimer ??= setInterval(() => {
      this.#rearming ??= this.#rearm().finally(() => {
        this.#rearming = null;
      });
    }, rearmEvery).unref();
  }

  #closeRecord(record: KeptRecord): void {
    try {
      this.#writeBacklog(record);
    } catch (fault) {
      // It stays in the backlog and is written when the journal can be; if that never happens, recovery marks it interrupted.
      record.unclosed(asError(fault));
      return;
    }
    this.#settleEnd(record);
  }

  #settleEnd(record: KeptRecord): void {
    const receiver = { receive: () => record.closed() };
    const fail = (fault: Error) => {
      this.#records.delete(record.id);
      record.unclosed(fault);
    };
    this.#writer.settle([{ party: record, exchange: 0, direction: 'request', bytes: noBytes, receiver, fail }]);
  }

  #writeBacklog(record: KeptRecord): void {
    const reason = this.#broken?.fault.message ?? 'the journal could not be written';
    let gaps = 0;
    const write = () =>
      this.#writer.writeNow(record, (put) => {
        gaps = record.backlog.put(put, reason);
      });
    try {
      write();
    } catch (fault) {
      if (!isFull(fault)) throw fault;
      this.#giveReserve();
      write();
    }
    this.#gaps += gaps;
    record.backlog.clear();
  }

  #giveReserve(): void {
    try {
      this.#reserve.release();
    } catch (fault) {
      this.#options.log(`the journal's reserve could not be given up: ${messageOf(fault)}`);
    }
  }

  /** Goes back to work once there is space and a write succeeds: first what is owed, then new sessions. */
  async #rearm(): Promise<void> {
    const broken = this.#broken;
    if (broken === null || this.#closed !== null) return;
    try {
      if (this.#reserve.shortage(this.#segmentBytes) !== null) return;
      await this.#reserve.fill();
      this.#writer.repair();
      if (this.#isSuspect) await this.#writer.roll();
      this.#isSuspect = false;
      for (const record of this.#records.values()) this.#payBack(record);
      this.#ledger.writeNow(gatewayEvent('journal.restored', { reason: broken.reason, since: new Date(broken.since).toISOString() }));
    } catch (fault) {
      this.#options.log(`the journal still cannot be written: ${messageOf(fault)}`);
      return;
    }
    this.#broken = null;
    if (this.#rearmTimer !== null) clearInterval(this.#rearmTimer);
    this.#rearmTimer = null;
    this.#options.log('the journal is written again');
  }

  #payBack(record: KeptRecord): void {
    if (record.backlog.isEmpty) return;
    this.#writeBacklog(record);
    if (record.isOver) this.#settleEnd(record);
  }
}

/** A session of a former gateway, only to be closed. */
class CutParty implements Party {
  readonly sessionBytes: Uint8Array;
  readonly durability = 'write';
  readonly goesOn = false;
  readonly places = null;
  readonly halted = false;
  sequence: number;
  committed: number;
  batch = 0;

  constructor(id: string, nextSequence: number) {
    this.sessionBytes = sessionBytes(id);
    this.sequence = nextSequence;
    this.committed = nextSequence;
  }

  // Nothing of it crosses any more.
  lost(): void {}
  broke(): void {}
}

const noBytes = new Uint8Array(0);
const cut = outcomePayload({ status: 'cut', rows: null, tag: null, error: null });

function isFull(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && (fault.code === 'ENOSPC' || fault.code === 'EDQUOT');
}

function gatewayEvent(event: string, detail: JsonObject): AuditEvent {
  return { event, actor: 'gateway', detail };
}
