import type { Action } from '../../core/action.ts';
import type { Decision, Direction, Entry, Outcome, SessionEnd, SessionFacts } from '../../core/entry.ts';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import { encodeFrame, frameHeaderBytes, maxPayloadBytes, sessionBytes } from '../../core/frame.ts';
import type { Payload } from '../../core/known-payload.ts';
import type { MaskedCount } from '../../core/masking.ts';
import { longestOriginal, type Seal } from '../../core/originals.ts';
import type { Receiver, RecordingTerms, SessionRecord } from '../../core/recorder.ts';
import { Backlog } from './backlog.ts';
import { Content } from './content.ts';
import { OpenExchanges } from './open-exchanges.ts';
import { Places } from './places.ts';
import {
  actionPayload,
  decisionPayload,
  endPayload,
  keyPayload,
  maskedPayload,
  outcomePayload,
  sessionPayload,
  withheldPayload,
} from './encoding.ts';
import type { Party } from './party.ts';
import type { Writer } from './writer.ts';

/** What a record needs of the journal it is in. */
export interface Desk {
  readonly writer: Writer;
  /** Whether entries must wait in the backlog because the journal cannot be written. */
  isBroken(): boolean;
  /** Writes the closing entries of a record that ended while the journal was broken. */
  close(record: KeptRecord): void;
  forget(record: KeptRecord): void;
}

const cut = outcomePayload({ status: 'cut', rows: null, tag: null, error: null });
const noBytes = new Uint8Array(0);

/** One session in the journal: numbers its entries, keeps to its content limit, and knows what is still open. */
export class KeptRecord implements SessionRecord, Party {
  readonly id: string;
  readonly sessionBytes: Uint8Array;
  readonly durability: RecordingTerms['durability'];
  readonly goesOn: boolean;
  readonly places = new Places();
  sequence = 0;
  committed = 0;
  batch = 0;
  halted = false;
  readonly backlog = new Backlog();
  readonly #desk: Desk;
  readonly #limit: number;
  readonly #onFault: (fault: Error) => void;
  /** Null where originals are not kept. */
  readonly #seal: Seal | null;
  readonly #channel = new Content();
  readonly #open = new OpenExchanges();
  #exchanges = 0;
  #over = false;
  #endLost = false;
  #owed = false;
  #told = true;
  #status: SessionEnd['status'] = 'ended';
  #closing: PromiseWithResolvers<void> | null = null;

  constructor(facts: SessionFacts, terms: RecordingTerms, onFault: (fault: Error) => void, seal: Seal | null, desk: Desk) {
    this.id = facts.id;
    this.sessionBytes = sessionBytes(facts.id);
    this.durability = terms.durability;
    this.goesOn = terms.onFailure === 'gap';
    this.#limit = terms.contentLimit;
    this.#onFault = onFault;
    this.#seal = seal;
    this.#desk = desk;
    this.#put(0, 'session', null, sessionPayload(facts));
  }

  get isOver(): boolean {
    return this.#over;
  }

  exchange(action: Action): number {
    this.#exchanges += 1;
    if (this.#over) return this.#exchanges;
    this.#open.set(this.#exchanges, new Content());
    this.#put(this.#exchanges, 'exchange', null, actionPayload(action));
    return this.#exchanges;
  }

  decided(exchange: number, decision: Decision): void {
    if (this.#over || this.#open.get(exchange) === undefined) return;
    this.#put(exchange, 'decision', null, decisionPayload(decision));
  }

  cross(exchange: number, direction: Direction, bytes: Uint8Array, receiver: Receiver | null, original?: Uint8Array): void {
    if (this.#over) return;
    // What comes after an exchange's outcome belongs to the session's own channel, so that nothing is without a record.
    const content = this.#open.get(exchange);
    const ordinal = content === undefined ? 0 : exchange;
    const replaced = this.#seal === null || original === undefined || isSame(original, bytes) ? null : original;
    if (!(content ?? this.#channel).keeps(bytes.length + (replaced?.length ?? 0), this.#limit)) {
      this.#withhold(ordinal, content ?? this.#channel, direction, bytes, receiver);
      return;
    }
    if (replaced !== null) this.#sealed(ordinal, direction, replaced, bytes.length);
    if (replaced !== null && bytes.length === 0) return;
    if (bytes.length <= maxPayloadBytes) {
      this.#piece(ordinal, direction, bytes, receiver);
      return;
    }
    for (let at = 0; at < bytes.length; at += maxPayloadBytes)
      this.#piece(ordinal, direction, bytes.subarray(at, at + maxPayloadBytes), receiver);
  }

  masked(exchange: number, masked: readonly MaskedCount[]): void {
    if (this.#over) return;
    this.#put(this.#open.get(exchange) === undefined ? 0 : exchange, 'masked', null, maskedPayload(masked));
  }

  outcome(exchange: number, outcome: Outcome): void {
    if (this.#over || !this.#open.delete(exchange)) return;
    this.#put(exchange, 'outcome', null, outcomePayload(outcome));
  }

  end(end: SessionEnd): Promise<void> {
    if (this.#closing !== null) return this.#closing.promise;
    const closing = this.#beginClosing();
    this.#seal?.close();
    this.#status = end.status;
    this.#cutOpen((ordinal) => this.#put(ordinal, 'outcome', null, cut));
    this.#put(0, 'end', null, endPayload(end));
    this.#over = true;
    if (this.#desk.isBroken()) this.#await({ receive: () => this.#desk.close(this) }, noBytes, () => this.#desk.close(this));
    else this.#await({ receive: () => this.closed() }, noBytes, (fault) => this.#unsure(fault));
    return closing.promise;
  }

  /** Takes back an entry whose commit failed. */
  absorb(entry: Entry): void {
    const { kind, exchange } = entry;
    if (kind === 'end') {
      this.#endLost = true;
      this.#status = entry.end.status;
    }
    if (kind === 'bytes') {
      if (this.goesOn) this.backlog.lose(exchange, entry.direction, entry.bytes.length);
    } else if (kind === 'sealed') {
      // The gap in place of the bytes that it stands for says that it is missing too.
      return;
    } else if (this.goesOn || kind === 'session' || kind === 'exchange' || kind === 'decision') {
      const direction = 'direction' in entry ? entry.direction : null;
      this.backlog.keep(kind, exchange, direction, encodeFrame(entry).subarray(frameHeaderBytes), mustKeep(kind));
    } else if (kind === 'outcome') this.backlog.keep('outcome', exchange, null, cut, true);
  }

  /** The journal cannot be written. Says whether this record is now to be closed, and owes its closing entries. */
  stop(fault: Error): boolean {
    if (this.#owed || (this.#over && !this.#endLost) || (this.goesOn && !this.#over)) return false;
    this.#owed = true;
    if (this.goesOn) return true;
    this.halted = true;
    this.#seal?.close();
    if (!this.#over) {
      this.#over = true;
      this.#told = false;
      this.#beginClosing();
    }
    this.#cutOpen((ordinal) => this.backlog.keep('outcome', ordinal, null, cut, true));
    const reason = `The record could not be written (${fault.message}), so the session was stopped.`;
    this.backlog.keep('end', 0, null, endPayload({ status: this.#status, reason }), true);
    return true;
  }

  /** Tells a session that was stopped, once. */
  announce(fault: Error): void {
    if (this.#told) return;
    this.#told = true;
    this.#onFault(fault);
  }

  closed(): void {
    this.#desk.forget(this);
    this.#closing?.resolve();
  }

  /** The closing entries could not be written yet. */
  unclosed(fault: Error): void {
    this.#closing?.reject(
      new ChaperoneError('RECORDER_FAULT', `the session's end is not on record yet: ${fault.message}`, { cause: fault }),
    );
  }

  lost(exchange: number, direction: Direction, count: number): void {
    this.backlog.lose(exchange, direction, count);
  }

  broke(fault: unknown): void {
    if (this.halted || this.#over) return;
    const reason = `What was on record could not be passed on: ${messageOf(fault)}`;
    void this.end({ status: 'ended', reason });
    this.halted = true;
    this.#onFault(new ChaperoneError('INTERNAL', reason, { cause: fault }));
  }

  #piece(exchange: number, direction: Direction, bytes: Uint8Array, receiver: Receiver | null): void {
    if (this.#desk.isBroken()) this.backlog.lose(exchange, direction, bytes.length);
    else this.#desk.writer.append(this, exchange, 'bytes', direction, bytes);
    if (receiver !== null) this.#await(receiver, bytes, null, exchange, direction);
  }

  /** Puts what masked bytes stand for on record before them; where it cannot be sealed this throws, and they do not cross. */
  #sealed(exchange: number, direction: Direction, original: Uint8Array, standsFor: number): void {
    const seal = this.#seal;
    // What crosses while the journal cannot be written is counted as a gap.
    if (seal === null || this.#desk.isBroken()) return;
    const key = seal.begin();
    if (key !== null) this.#put(0, 'key', null, keyPayload(key));
    for (let at = 0; at < original.length; at += longestOriginal) {
      const place = { session: this.sessionBytes, exchange, sequence: this.sequence };
      const isLast = at + longestOriginal >= original.length;
      const piece = seal.seal(place, original.subarray(at, at + longestOriginal), isLast ? standsFor : 0);
      this.#put(exchange, 'sealed', direction, piece);
    }
  }

  #withhold(exchange: number, content: Content, direction: Direction, bytes: Uint8Array, receiver: Receiver | null): void {
    const { count, sha256 } = content.withhold(direction, bytes);
    this.#put(exchange, 'withheld', direction, withheldPayload(direction, count, sha256));
    if (receiver !== null) this.#await(receiver, bytes, null, exchange, direction);
  }

  #put(exchange: number, kind: Exclude<Entry['kind'], 'gap'>, direction: Direction | null, payload: Payload): void {
    if (this.#desk.isBroken()) this.backlog.keep(kind, exchange, direction, payload, mustKeep(kind));
    else this.#desk.writer.append(this, exchange, kind, direction, payload);
  }

  #await(
    receiver: Receiver,
    bytes: Uint8Array,
    fail: ((fault: Error) => void) | null,
    exchange = 0,
    direction: Direction = 'request',
  ): void {
    this.#desk.writer.await(this, exchange, direction, bytes, receiver, fail);
  }

  #cutOpen(write: (ordinal: number) => void): void {
    for (const ordinal of this.#open.takeAll()) write(ordinal);
  }

  #beginClosing(): PromiseWithResolvers<void> {
    this.#closing = Promise.withResolvers();
    // Who ended the session may not wait for it; the fault is told by `unready` too.
    this.#closing.promise.catch(() => {});
    return this.#closing;
  }

  /** The commit of the end failed: either it comes back by `absorb` and is closed by the journal, or only the flush failed. */
  #unsure(fault: Error): void {
    if (this.#endLost) return;
    this.#desk.forget(this);
    this.unclosed(fault);
  }
}

function mustKeep(kind: Entry['kind']): boolean {
  return kind === 'session' || kind === 'end' || kind === 'key';
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}
