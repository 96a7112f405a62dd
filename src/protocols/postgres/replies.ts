import type { Outcome } from '../../core/entry.ts';
import type { MaskedCount, SessionMasking } from '../../core/masking.ts';
import type { Shown } from '../../core/proof.ts';
import { Framing, type MessageSink } from './framing.ts';
import { isWords, MaskedWords } from './masked-words.ts';
import { inOwnWords, ReplyRun } from './masking.ts';
import type { ReadStatement } from './read-statement.ts';
import { nothingSaid, type Said } from './masking-words.ts';
import { ResultMasks } from './masking-results.ts';
import { parseFields, replyMessages } from './messages.ts';
import { passingFor, stateOf, unexpected } from './reply-state.ts';
import { skipped, type StatementExchange } from './statement-exchange.ts';
import { completions, ExtendedStep, runningIn, type Step, type Steps } from './steps.ts';
import { deallocated } from './takings.ts';

/** Where replies that no exchange asked for go: notifications, parameter changes, a target's farewell. */
export interface ReplyChannel {
  answer(bytes: Shown, original?: Uint8Array): void;
  /** What was masked of what no exchange asked for. */
  masked(counts: readonly MaskedCount[]): void;
  /** The target has closed portals, it may be all; or a prepared statement, or with null all of them. */
  portalsGone(): void;
  preparedGone(name: string | null): void;
  /** The target has told a setting. */
  settingTold(name: string, value: string): void;
  /** The target is ready: for anything, within a transaction, or within one that has failed. */
  ready(state: 'idle' | 'open' | 'failed'): void;
}

const code = (letter: string): number => letter.charCodeAt(0);
const codesOf = (letters: string): readonly number[] => letters.split('').map(code);
const ERROR = code('E');
const READY = code('Z');
const DATA_ROW = code('D');
const COPY_IN = code('G');
const COMMAND_COMPLETE = code('C');
const EMPTY_QUERY = code('I');
const SUSPENDED = code('s');
const PARAMETER_STATUS = code('S');
const NOTIFICATION = code('A');
const NOTICE = code('N');
const COPY_OUT = code('H');
const COPY_DONE = code('c');
const CALL_RESPONSE = code('V');
const readyStates: ReadonlyMap<number, 'idle' | 'open' | 'failed'> = new Map([
  [code('I'), 'idle'],
  [code('T'), 'open'],
  [code('E'), 'failed'],
]);
const queryCanceled = '57014';
/** Tags of statements that close portals; one that closes fewer than all makes the gateway forget more than it must. */
const endsPortals = new Set(['COMMIT', 'ROLLBACK', 'PREPARE TRANSACTION', 'CLOSE CURSOR', 'CLOSE CURSOR ALL']);
const completionCodes = new Map(Object.entries(completions).map(([kind, letters]) => [kind, codesOf(letters)]));

/** Reads the target's stream: says of each byte which exchange it answers, and what became of the exchange. */
export class Replies implements MessageSink {
  readonly #framing = new Framing(replyMessages, this);
  readonly #steps: Steps;
  readonly #channel: ReplyChannel;
  readonly #run: ReplyRun;
  readonly #words: MaskedWords | null;
  #last: StatementExchange | null = null;
  /** What the client is told in place of the target's own words, should it say before it is ready that a statement was cancelled. */
  wordsOfCancel: Buffer | null = null;
  /** Whether the target has said that a transaction is open. */
  inTransaction = false;
  /** True once the target has said a fatal error: its closing the connection is then no surprise. */
  saidFarewell = false;

  /** Null where nothing of the session is masked. */
  readonly #masks: ResultMasks | null;

  constructor(steps: Steps, channel: ReplyChannel, masking: SessionMasking | null) {
    this.#steps = steps;
    this.#channel = channel;
    this.#words = masking && new MaskedWords(masking, (counts) => channel.masked(counts));
    this.#masks = masking && this.#words && new ResultMasks(masking, this.#words);
    this.#run = new ReplyRun(this.#masks, (owner, bytes, original) => this.#deliver(owner, bytes, original));
  }

  /** Takes note of a statement that is about to be sent. */
  note(statement: ReadStatement | null): void {
    this.#masks?.note(statement);
  }

  /** What the target announced before it was asked anything, as the client may see it. */
  announced(messages: Buffer): Buffer {
    return this.#words?.announced(messages) ?? messages;
  }

  /** Throws MalformedBytes where the target breaks the protocol; what came before is answered. */
  feed(chunk: Buffer): void {
    try {
      this.#framing.feed(chunk);
    } finally {
      this.#flush();
    }
    if (this.#steps.length === 0 && this.#last?.outcome) this.#leave(null);
  }

  /** Hands over what was read so far and takes nothing more: the session is over. */
  halt(): void {
    this.#flush();
    this.#halted = true;
  }
  #halted = false;

  /** Whether the client has been given a message's beginning without its end: then no other message can be put in. */
  get midPiece(): boolean {
    return this.#framing.midPiece;
  }

  /** The session is over: what the target has answered already was not cut, though the end of its answer never came. */
  close(): void {
    this.#last?.tellMasked();
    this.#leave(null);
  }

  /** Whether a long message must be whole before any of it is passed on. Throws where it is too long for that. */
  holds(type: number, total: number): boolean {
    return this.#masks !== null && this.#masks.holds(type, runningIn(this.#steps.first()), total);
  }

  message(type: number, buffer: Buffer, from: number, to: number): boolean {
    if (this.#halted) return false;
    // What an error says is on record with its exchange's outcome, too.
    const masked = this.#words !== null && isWords(type) ? this.#words.prepare(type, buffer, from, to, this.#said()) : null;
    const owner = masked && type === ERROR ? this.#read(type, masked, 0, masked.length) : this.#read(type, buffer, from, to);
    if (owner === 'swallowed' || this.#halted) return !this.#halted;
    const words = type === ERROR && this.wordsOfCancel;
    if (words && owner?.outcome?.error?.code === queryCanceled) this.#run.say(owner, words);
    else this.#run.message(type, owner, buffer, from, to);
    this.#endOf(owner);
    return !this.#halted;
  }

  piece(type: number, buffer: Buffer, from: number, to: number, first: boolean): void {
    if (this.#halted) return;
    if (first) {
      const owner = this.#read(type, buffer, from, to);
      this.#pieceOf = owner === 'swallowed' ? null : owner;
    }
    this.#run.piece(type, this.#pieceOf, buffer, from, to);
    this.#endOf(this.#pieceOf);
  }
  /** Whose the message is that is passed on in pieces. */
  #pieceOf: StatementExchange | null = null;

  /** Advances the queue by one message and says whose it is; null is the session's own channel. */
  #read(type: number, buffer: Buffer, from: number, to: number): StatementExchange | null | 'swallowed' {
    if (type === NOTIFICATION) return null;
    if (this.#steps.failed) this.#skipToSync();
    const step = this.#steps.first();
    if (passingFor(step)[type] !== 1) throw unexpected(type, stateOf(step));
    if (type === NOTICE || type === PARAMETER_STATUS) {
      if (type === PARAMETER_STATUS) this.#parameterStatus(buffer.subarray(from + 5, to));
      return step === undefined ? null : this.#ownerOf(step);
    }
    if (step === undefined) {
      // Without a question only an error may come, and then the connection ends (idle timeouts, shutdown).
      this.#noteFarewell(buffer, from, to);
      return null;
    }
    switch (step.kind) {
      case 'query':
        return this.#readQuery(step, type, buffer, from, to);
      case 'sync':
        return this.#readSync(step, type, buffer, from, to);
      case 'call':
        return this.#readCall(step, type, buffer, from, to);
      case 'refused':
        return this.#readRefused(step);
      case 'question':
        return this.#readQuestion(step, type, buffer, from, to);
      case 'copy-end':
        throw new RangeError('the end of a copy is never first');
      default:
        return this.#readExtended(step, type, buffer, from, to);
    }
  }

  /** What the client has said in what is being answered. */
  #said(): Said {
    const step = this.#steps.first();
    const owner = step && this.#ownerOf(step);
    const asking = step?.kind === 'query' ? step.exchanges : owner ? [owner] : [];
    return this.#masks?.said(asking) ?? nothingSaid;
  }

  #ownerOf(step: Step): StatementExchange | null {
    switch (step.kind) {
      case 'query':
        return step.exchanges[Math.min(step.current, step.exchanges.length - 1)] ?? null;
      case 'sync':
        return step.batch.at(-1) ?? null;
      case 'copy-end':
      case 'question':
        return null;
      default:
        return step.exchange;
    }
  }

  #readQuery(step: Step & { kind: 'query' }, type: number, buffer: Buffer, from: number, to: number): StatementExchange | null {
    const last = step.exchanges.length - 1;
    if (type === READY) {
      this.#steps.shift();
      for (const change of step.changes) change.confirm();
      this.#noteState(buffer, from);
      const owner = step.exchanges[Math.min(step.current, last)] ?? null;
      // With the last bytes of its owner the query is over; what never ran was skipped because of an error.
      for (const exchange of step.exchanges) if (exchange !== owner) exchange.end(skipped);
      this.#endAfterRun(owner);
      return owner;
    }
    let owner = step.exchanges[Math.min(step.current, last)] ?? null;
    if (owner?.outcome && step.current < last) {
      step.current += 1;
      owner = step.exchanges[step.current] ?? null;
    }
    if (owner) this.#readOutcome(owner, type, buffer, from, to);
    return owner;
  }

  #readExtended(step: ExtendedStep, type: number, buffer: Buffer, from: number, to: number): StatementExchange | null {
    const { kind, exchange, change } = step;
    if (type === ERROR) {
      if (exchange) this.#readOutcome(exchange, type, buffer, from, to);
      else this.#noteFarewell(buffer, from, to);
      this.#skipToSync();
      return exchange;
    }
    if (kind === 'execute' && exchange) this.#readOutcome(exchange, type, buffer, from, to);
    if (completionCodes.get(kind)?.includes(type)) {
      this.#steps.shift();
      change?.confirm();
    }
    return exchange;
  }

  #readSync(step: Step & { kind: 'sync' }, type: number, buffer: Buffer, from: number, to: number): StatementExchange | null | 'swallowed' {
    const owner = step.batch.at(-1) ?? null;
    if (type === ERROR) {
      // The implicit commit failed, a deferred constraint for instance: what was `ok` was not.
      if (owner) this.#readOutcome(owner, type, buffer, from, to);
      else this.#noteFarewell(buffer, from, to);
      return owner;
    }
    this.#steps.recover();
    this.#steps.shift();
    this.#noteState(buffer, from);
    for (const exchange of step.batch) if (exchange !== owner) exchange.end();
    this.#endAfterRun(owner);
    return step.own ? 'swallowed' : owner;
  }

  #readCall(step: Step & { kind: 'call' }, type: number, buffer: Buffer, from: number, to: number): StatementExchange {
    const { exchange } = step;
    if (type === READY) {
      this.#steps.shift();
      this.#noteState(buffer, from);
      this.#endAfterRun(exchange);
    } else this.#readOutcome(exchange, type, buffer, from, to);
    return exchange;
  }

  #readRefused(step: Step & { kind: 'refused' }): 'swallowed' {
    this.#flush();
    this.#leave(step.exchange);
    (step.exchange ?? this.#channel).answer(inOwnWords(step.words));
    this.#steps.shift();
    this.#skipToSync();
    return 'swallowed';
  }

  #readQuestion({ question }: Step & { kind: 'question' }, type: number, buffer: Buffer, from: number, to: number): null | 'swallowed' {
    if (type === ERROR) {
      this.#noteFarewell(buffer, from, to);
      this.#skipToSync();
      return question.apart && !this.saidFarewell ? 'swallowed' : null;
    }
    const value = question.take(buffer.subarray(from, to));
    if (value !== null) {
      this.#steps.shift();
      question.settle(value);
    }
    return 'swallowed';
  }

  /** After an error PostgreSQL reads and drops everything up to the next Sync, what has yet to come included. */
  #skipToSync(): void {
    this.#steps.skipToSync((step) => {
      if (step instanceof ExtendedStep) step.change?.reject();
      if (step.kind === 'query') this.#skipQuery(step);
      else if (step.kind === 'call') step.exchange.end(skipped);
      else if (step.kind === 'question') step.question.settle(null);
      else if ('exchange' in step && step.exchange) step.exchange.outcome ??= skipped;
    });
  }

  #skipQuery(step: Step & { kind: 'query' }): void {
    for (const exchange of step.exchanges) exchange.end(skipped);
    for (const change of step.changes) change.reject();
  }

  #readOutcome(exchange: StatementExchange, type: number, buffer: Buffer, from: number, to: number): void {
    if (type === COMMAND_COMPLETE || type === ERROR || type === COPY_DONE) exchange.copy = 'none';
    if (type === DATA_ROW) exchange.rows += 1;
    else if (type === COPY_IN) exchange.copy = this.#steps.beginCopy() ? 'in' : 'none';
    else if (type === COPY_OUT) exchange.copy = 'out';
    else if (type === CALL_RESPONSE) exchange.outcome = { status: 'ok', rows: null, tag: null, error: null };
    else if (type === COMMAND_COMPLETE) {
      const tag = buffer.toString('utf8', from + 5, Math.max(from + 5, to - 1));
      exchange.outcome = outcomeOf(tag, exchange.rows);
      this.#noteTag(tag, exchange.action.text);
    } else if (type === EMPTY_QUERY) exchange.outcome = { status: 'ok', rows: 0, tag: '', error: null };
    else if (type === SUSPENDED) exchange.outcome = { status: 'ok', rows: exchange.rows, tag: 'PORTAL SUSPENDED', error: null };
    else if (type === ERROR) {
      const fields = this.#noteFarewell(buffer, from, to);
      const error = { code: fields.code ?? 'XX000', message: (fields.message ?? '').slice(0, 1024) };
      exchange.outcome = { status: 'error', rows: exchange.rows, tag: null, error };
    }
  }

  /** What statements of SQL take from the names that the extended protocol made. */
  #noteTag(tag: string, text: string): void {
    if (endsPortals.has(tag)) this.#channel.portalsGone();
    if (tag === 'DEALLOCATE ALL' || tag === 'DISCARD ALL') this.#channel.preparedGone(null);
    if (tag === 'DEALLOCATE') this.#channel.preparedGone(deallocated(text));
  }

  /** Outside of a transaction no portal is left. */
  #noteState(buffer: Buffer, from: number): void {
    this.wordsOfCancel = null;
    const state = readyStates.get(buffer[from + 5] ?? 0) ?? 'failed';
    this.inTransaction = state !== 'idle';
    if (!this.inTransaction) this.#channel.portalsGone();
    this.#channel.ready(state);
  }

  #noteFarewell(buffer: Buffer, from: number, to: number) {
    const fields = parseFields(buffer.subarray(from + 5, to));
    if (fields.severity === 'FATAL' || fields.severity === 'PANIC') this.saidFarewell = true;
    return fields;
  }

  #parameterStatus(body: Buffer): void {
    const [name, value] = body.toString('utf8').split('\0');
    if (name !== undefined && value !== undefined) this.#channel.settingTold(name, value);
  }

  /** Ends the exchange whose last message that was. */
  #endOf(owner: StatementExchange | null): void {
    if (this.#ending === owner && owner !== null) {
      this.#ending = null;
      this.#flush();
      owner.end();
      this.#last = null;
    }
  }

  #ending: StatementExchange | null = null;
  #endAfterRun(owner: StatementExchange | null): void {
    this.#ending = owner;
  }

  #flush(): void {
    this.#run.flush();
  }

  #deliver(of: StatementExchange | null, bytes: Shown, original?: Uint8Array): void {
    const owner = of?.ended ? null : of;
    if (owner !== null && owner !== this.#last) this.#leave(owner);
    if (owner === null) this.#channel.answer(bytes, original);
    else owner.answer(bytes, original);
  }

  /** Replies have moved on to another exchange: one whose outcome is known is over. */
  #leave(next: StatementExchange | null): void {
    const left = this.#last;
    this.#last = next;
    if (left && left !== next && left.outcome) left.end();
  }
}

/** The same few tags come again and again: an outcome that is one object is read by a recorder once. */
const outcomes = new Map<string, Outcome>();
const rememberedOutcomes = 1024;

function outcomeOf(tag: string, rows: number): Outcome {
  const known = outcomes.get(tag);
  if (known !== undefined) return known;
  const counted = / (\d+)$/.exec(tag)?.[1];
  if (counted === undefined) return { status: 'ok', rows: rows || null, tag, error: null };
  const outcome: Outcome = { status: 'ok', rows: Number(counted), tag, error: null };
  if (outcomes.size >= rememberedOutcomes) outcomes.clear();
  outcomes.set(tag, outcome);
  return outcome;
}
