import type { Decision, Direction, Entry, SessionEnd, SessionFacts } from '../core/entry.ts';
import { messageOf } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { MaskedCount } from '../core/masking.ts';
import type { Decoder } from '../core/protocol.ts';
import { noGrounds } from '../core/verdict.ts';
import { ExchangeState } from './exchange-state.ts';

/** Makes a decoder for a protocol's sessions, or has one go on from what another saved; null where no such protocol is known. */
export type Decoders = (protocol: string, saved?: Json) => Decoder | null;

export interface StreamMeans {
  readonly decoders: Decoders;
  readonly onDecoderFault: (reason: string) => void;
}

/** What a session is taken for whose opening entry is lost. */
const unknownDecision: Decision = {
  verdict: 'permitted',
  code: null,
  reason: null,
  detail: 'The entry that opened this session is missing from its record.',
  grounds: noGrounds,
  approval: null,
};

/** One session as its entries have told it so far: what its row, and those of its open exchanges, hold. */
export class SessionStream {
  readonly id: string;
  /** The row's key; 0 until it has one. */
  key = 0;
  facts: SessionFacts;
  lastSequence = -1;
  lastAt = 0;
  end: SessionEnd | null = null;
  endedAt: number | null = null;
  exchanges = 0;
  refused = 0;
  bytesToTarget = 0;
  bytesToClient = 0;
  gap = false;
  readonly tally = { decided: 0, approved: 0, denied: 0, expired: 0, failed: 0, masked: 0, rows: 0 };
  #changed: ExchangeState[] = [];
  readonly #open = new Map<number, ExchangeState>();
  /** How much was withheld so far, by exchange and direction. */
  readonly #withheldSoFar = new Map<string, number>();
  readonly #means: StreamMeans;
  #decoder: Decoder | null = null;
  #decoderFailed = false;
  #newest = 0;

  constructor(first: Entry, means: StreamMeans) {
    this.id = first.session;
    this.facts = first.kind === 'session' ? first.facts : factsUnknown(first);
    this.#means = means;
  }

  /** What its decoder must know to go on here, and the last exchange that has begun; null where a reader cannot begin here. */
  get decoded(): { readonly state: Json; readonly exchange: number } | null {
    const state = this.#decoder?.save?.([...this.#open.keys()]) ?? null;
    return state === null ? null : { state, exchange: this.#newest };
  }

  /** How many exchanges changed since they were last taken. */
  get changes(): number {
    return this.#changed.length;
  }

  /** The exchanges that changed since this was last called; their rows are to be written. */
  takeChanged(): ExchangeState[] {
    const changed = this.#changed;
    this.#changed = [];
    for (const exchange of changed) exchange.changed = false;
    return changed;
  }

  /** Takes the session's next entry. `fresh` is false for one that the catalog's rows already hold. */
  fold(entry: Entry, fresh: boolean): void {
    this.lastSequence = entry.sequence;
    this.lastAt = entry.at;
    const exchange = this.#open.get(entry.exchange);
    if (exchange !== undefined && fresh) this.#touch(exchange);
    switch (entry.kind) {
      case 'session':
        this.facts = entry.facts;
        this.#decoder = this.#means.decoders(entry.facts.protocol);
        return;
      case 'exchange':
        return this.#opened(new ExchangeState(entry.exchange, entry.at, entry.action), fresh);
      case 'decision':
        return this.#decided(exchange, entry.decision);
      case 'bytes':
        return this.#bytes(exchange, entry.exchange, entry.direction, entry.bytes);
      case 'withheld':
        return this.#withheld(exchange, entry);
      // What masked bytes stand for is for auditors alone: nothing of it is counted, decoded or searched.
      case 'key':
      case 'sealed':
        return;
      case 'masked':
        return this.#masked(exchange, entry.masked);
      case 'gap':
        this.gap = true;
        this.#count(exchange, entry.direction, entry.count);
        exchange?.crossed(entry.count);
        return this.#dropHalfRead(entry.exchange, entry.direction);
      case 'outcome':
        exchange?.close(entry.at, entry.outcome);
        if (entry.outcome.status === 'error') this.tally.failed += 1;
        if (Number.isSafeInteger(entry.outcome.rows)) this.tally.rows += entry.outcome.rows ?? 0;
        this.#open.delete(entry.exchange);
        if (this.#withheldSoFar.size > 0)
          for (const direction of ['request', 'reply']) this.#withheldSoFar.delete(`${entry.exchange} ${direction}`);
        return;
      case 'end':
        return this.#ended(entry.end, entry.at, fresh);
      case 'audit':
        return;
    }
  }

  /** Entries are missing before the one that comes next. */
  brokeOff(): void {
    this.gap = true;
    for (const ordinal of [0, ...this.#open.keys()])
      for (const direction of ['request', 'reply'] as const) this.#dropHalfRead(ordinal, direction);
  }

  #touch(exchange: ExchangeState): void {
    if (exchange.changed) return;
    exchange.changed = true;
    this.#changed.push(exchange);
  }

  #opened(exchange: ExchangeState, fresh: boolean): void {
    this.exchanges += 1;
    this.#newest = Math.max(this.#newest, exchange.ordinal);
    this.#open.set(exchange.ordinal, exchange);
    exchange.stored = !fresh;
    if (fresh) this.#touch(exchange);
  }

  #decided(exchange: ExchangeState | undefined, decision: Decision): void {
    if (exchange === undefined) return;
    const before = exchange.barred;
    this.#tell(exchange.decision, -1);
    exchange.decision = decision;
    this.#tell(decision, 1);
    this.refused += Number(exchange.barred) - Number(before);
  }

  #tell(decision: Decision | null, by: 1 | -1): void {
    if (decision === null) return;
    const { verdict } = decision;
    this.tally.decided += by;
    if (verdict === 'approved' || verdict === 'denied' || verdict === 'expired') this.tally[verdict] += by;
  }

  #masked(exchange: ExchangeState | undefined, masked: readonly MaskedCount[]): void {
    if (exchange === undefined) return;
    if (exchange.masked === null) this.tally.masked += 1;
    exchange.wasMasked(masked);
  }

  #bytes(exchange: ExchangeState | undefined, ordinal: number, direction: Direction, bytes: Uint8Array): void {
    this.#count(exchange, direction, bytes.length);
    exchange?.crossed(bytes.length);
    if (this.#decoder === null) {
      if (this.#decoderFailed) exchange?.cut('search');
      return;
    }
    try {
      for (const part of this.#decoder.bytes(ordinal, direction, bytes)) exchange?.part(part, direction);
    } catch (fault) {
      this.#giveUpDecoding(fault);
      exchange?.cut('search');
    }
  }

  /** `count` runs from the direction's first withheld byte on: what came since the entry before is what crossed now. */
  #withheld(exchange: ExchangeState | undefined, { exchange: ordinal, direction, count, sha256 }: Entry & { kind: 'withheld' }): void {
    const place = `${ordinal} ${direction}`;
    const crossed = count - (this.#withheldSoFar.get(place) ?? 0);
    this.#withheldSoFar.set(place, count);
    this.#count(exchange, direction, crossed);
    exchange?.crossed(crossed);
    exchange?.wasWithheld(direction, count, sha256);
    this.#dropHalfRead(ordinal, direction);
  }

  /** What a refused exchange asked is on record but went nowhere. */
  #count(exchange: ExchangeState | undefined, direction: Direction, count: number): void {
    if (direction === 'reply') this.bytesToClient += count;
    else if (exchange === undefined || !exchange.barred) this.bytesToTarget += count;
  }

  #dropHalfRead(ordinal: number, direction: Direction): void {
    this.#open.get(ordinal)?.cut('search');
    try {
      this.#decoder?.withheld(ordinal, direction);
    } catch (fault) {
      this.#giveUpDecoding(fault);
    }
  }

  #giveUpDecoding(fault: unknown): void {
    this.#decoder = null;
    this.#decoderFailed = true;
    this.#means.onDecoderFault(messageOf(fault));
  }

  #ended(end: SessionEnd, at: number, fresh: boolean): void {
    this.end = end;
    this.endedAt = at;
    for (const exchange of this.#open.values()) {
      exchange.close(at, { status: 'cut', rows: null, tag: null, error: null });
      if (fresh) this.#touch(exchange);
    }
    this.#open.clear();
    this.#decoder = null;
  }
}

function factsUnknown(first: Entry): SessionFacts {
  return {
    id: first.session,
    connection: 'unknown',
    protocol: 'unknown',
    principal: null,
    run: null,
    clientAddress: 'unknown',
    startedAt: first.at,
    decision: unknownDecision,
    retentionDays: 90,
  };
}
