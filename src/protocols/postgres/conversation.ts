import type { Duplex } from 'node:stream';
import type { SessionEnd } from '../../core/entry.ts';
import { messageOf } from '../../core/errors.ts';
import type { Crossing, Ends, Mediate } from '../../core/exchange.ts';
import type { MaskedCount } from '../../core/masking.ts';
import type { Shown } from '../../core/proof.ts';
import type { Target } from '../../core/protocol.ts';
import { type Ending, endingOf, type Session } from '../../core/session.ts';
import { closeGently } from '../../wire/close-gently.ts';
import { cancelByGateway, createCancel } from './cancel.ts';
import { dropCancelKey, holdCancelKey } from './cancel-keys.ts';
import { FlowControl } from './flow-control.ts';
import { OverLimit } from './framing.ts';
import { TooLongToMask, UnreadableCopy } from './held-bytes.ts';
import { inOwnWords } from './masking.ts';
import { encodeError, encodeMessage } from './messages.ts';
import { Replies, type ReplyChannel } from './replies.ts';
import type { Asked } from './asked.ts';
import { after } from './at-once.ts';
import type { RequestPort } from './request-port.ts';
import { Requests } from './requests.ts';
import { reportedSettings } from './session-attributes.ts';
import type { SettingAnswer } from './session-setting.ts';
import { SessionStatements } from './session-statements.ts';
import type { Settings } from './settings.ts';
import { type Overdue, SessionClock, spoken } from './session-clock.ts';
import { encodeEnding, encodeIdleEnding, encodeStatementTimeout } from './sqlstates.ts';
import { isUnsafeEncoding, uint32 } from './startup.ts';
import { StatementExchange, type Surroundings } from './statement-exchange.ts';
import type { GateStatement, ReadText } from './statement-reader.ts';
import { Steps } from './steps.ts';
import type { CancelKey, Upstream } from './target-session.ts';

/** The client's side of a conversation: an open, authenticated line. */
export interface ClientLine {
  readonly socket: Duplex;
  /** What was read behind the password. */
  readonly rest: Buffer;
  /** The minor version of the protocol that the client asked for. */
  readonly minor: number;
  /** The search path that its start-up message asked for; null where it did not. */
  readonly searchPath: string | null;
}

const tooLongHint = 'Leave out the long values, or ask for pieces of them.';
const unreadableHint = 'Copy as text, csv or binary, without further options.';
const readWhileWaiting = 1024 * 1024;

/** Everything between the start-up and the end of one session: the two streams, and what the gate does to them. */
export class Conversation implements RequestPort, ReplyChannel {
  readonly #client: ClientLine;
  readonly #upstream: Upstream;
  readonly #session: Session;
  readonly #target: Target<Settings>;
  readonly #mediate: Mediate;
  readonly #channel: Crossing;
  readonly #towardsTarget: FlowControl;
  readonly #towardsClient: FlowControl;
  readonly #requests: Requests;
  readonly #replies: Replies;
  readonly #key: CancelKey;
  readonly #steps = new Steps();
  readonly #statements: SessionStatements;
  readonly #surroundings: Surroundings;
  /** Aborts when the session is over. */
  readonly #ended = new AbortController();
  /** Null where nothing is limited. */
  readonly #clock: SessionClock | null;
  /** Form of the key message that is on record: without the secret. */
  #keyOnRecord: Buffer = Buffer.alloc(0);
  #waiting: StatementExchange | null = null;
  /** A cancel has come for what waits and has no exchange yet. */
  #isCancelled = false;
  /** Whether requests wait for something. */
  #stalled = false;
  #lateNotices: (() => void)[] = [];
  #saidGoodbye = false;
  #over: ((end: SessionEnd) => void) | null = null;

  constructor(client: ClientLine, upstream: Upstream, session: Session, target: Target<Settings>, mediate: Mediate) {
    this.#client = client;
    this.#upstream = upstream;
    this.#session = session;
    this.#target = target;
    this.#mediate = mediate;
    this.#towardsTarget = new FlowControl(client.socket, upstream.socket);
    this.#towardsClient = new FlowControl(upstream.socket, client.socket);
    const ends: Ends = {
      forward: (request) => this.#towardsTarget.write(request),
      deliver: (reply) => this.#towardsClient.write(this.#isKeyOnRecord(reply) ? this.#encodeKey(this.#key.secret) : reply),
    };
    this.#channel = session.channel(ends);
    const reported = reportedSettings(upstream.announced);
    this.#statements = new SessionStatements({ session, target, ended: this.#ended.signal }, { reported, searchPath: client.searchPath });
    this.#surroundings = { ends, notify: this.#notify, inquiry: this.#statements };
    this.#requests = new Requests(this.#steps, this);
    this.#replies = new Replies(this.#steps, this, session.masking);
    const clock = new SessionClock(target.timeouts, (kind, again) => this.#overdue(kind, again));
    this.#clock = clock.limits ? clock : null;
    this.#key = holdCancelKey(client.minor, () => this.#cancel());
  }

  /** Greets the client in the target's name and converses until either side, or the gateway, ends it. */
  run(): Promise<SessionEnd> {
    return new Promise((resolve) => {
      this.#over = resolve;
      try {
        this.#greet();
      } catch (fault) {
        return this.#targetBroke(fault);
      }
      this.#listen();
      if (this.#session.signal.aborted) this.#stop();
      if (this.#client.socket.destroyed) this.#finish('the client left while the target was being reached');
    });
  }

  /** Closes the target's side; the client's is its greeting's. */
  close(): void {
    dropCancelKey(this.#key.process);
    closeGently(this.#upstream.socket);
  }

  #greet(): void {
    const authenticationOk = encodeMessage('R', uint32(0));
    const ready = encodeMessage('Z', Buffer.from('I'));
    this.#keyOnRecord = this.#encodeKey(Buffer.alloc(this.#key.secret.length));
    const { announced } = this.#upstream;
    const greeting = (messages: Buffer) => Buffer.concat([authenticationOk, messages]);
    this.#channel.answer(inOwnWords(greeting(this.#replies.announced(announced))), greeting(announced));
    this.#channel.answer(inOwnWords(this.#keyOnRecord));
    this.#channel.answer(inOwnWords(ready));
  }

  #isKeyOnRecord(reply: Uint8Array): boolean {
    return reply === this.#keyOnRecord;
  }

  #encodeKey(secret: Buffer): Buffer {
    return encodeMessage('K', uint32(this.#key.process), secret);
  }

  #listen(): void {
    const client = this.#client.socket;
    const target = this.#upstream.socket;
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    target.on('data', (chunk: Buffer) => this.#fromTarget(chunk));
    client.once('close', () => this.#clientClosed());
    client.once('end', () => this.#clientClosed());
    target.once('close', () => this.#targetClosed());
    target.once('end', () => this.#targetClosed());
    this.#session.signal.addEventListener('abort', () => this.#stop(), { once: true });
    if (this.#client.rest.length > 0) this.#fromClient(this.#client.rest);
    if (this.#upstream.rest.length > 0) this.#fromTarget(this.#upstream.rest);
    client.resume();
    target.resume();
    this.#noteActivity();
  }

  #fromClient(chunk: Buffer): void {
    if (this.#over === null) return;
    try {
      this.#requests.feed(chunk);
    } catch (fault) {
      this.fault(fault);
    }
    if (this.#requests.waitingBytes > readWhileWaiting) this.#towardsTarget.hold(true);
    this.#noteActivity();
  }

  #fromTarget(chunk: Buffer): void {
    if (this.#over === null) return;
    try {
      this.#replies.feed(chunk);
    } catch (fault) {
      if (this.#saidGoodbye) return this.#finish('the client said goodbye');
      if (fault instanceof TooLongToMask) return this.#end({ code: 'LIMIT_EXCEEDED', message: fault.message, hint: tooLongHint });
      if (fault instanceof UnreadableCopy) return this.#end({ code: 'PROTOCOL_REFUSED', message: fault.message, hint: unreadableHint });
      return this.#targetBroke(fault);
    }
    if (this.#lateNotices.length > 0 && !this.#replies.midPiece) for (const send of this.#lateNotices.splice(0)) send();
    this.#noteActivity();
  }

  #targetBroke(fault: unknown): void {
    const hint = 'Look at the target; the session’s record has what it sent.';
    this.#end({ code: 'TARGET_FAULT', message: `The target broke the protocol: ${messageOf(fault)}.`, hint });
  }

  #noteActivity(): void {
    if (this.#clock === null || this.#over === null) return;
    if (this.#steps.length > 0) this.#clock.note('statement', this.#steps.progress);
    else if (this.#stalled) this.#clock.note('waiting', this.#steps.progress);
    else this.#clock.note(this.#replies.inTransaction ? 'idleInTransaction' : 'idle', this.#steps.progress);
  }

  #overdue(kind: Overdue, again: boolean): void {
    const limit = spoken(this.#target.timeouts[kind] ?? 0);
    if (kind !== 'statement') return this.#endBy(encodeIdleEnding(kind, limit), `the session was idle for ${limit}`);
    if (again || this.#upstream.key === null) return this.#endBy(encodeStatementTimeout('FATAL', limit), `a statement ran for ${limit}`);
    this.#replies.wordsOfCancel = encodeStatementTimeout('ERROR', limit);
    cancelByGateway(this.#session, this.#target, this.#upstream.key);
  }

  /** PostgreSQL runs what was asked before a goodbye to its end, and so it is left to do that; nobody waits for the rest. */
  #clientClosed(): void {
    if (!this.#saidGoodbye) this.#abandon();
    this.#finish(this.#saidGoodbye ? 'the client said goodbye' : 'the client closed the connection');
  }

  /** Cancels what still runs at the target: it would run on, with its locks, until it had something to say. */
  #abandon(): void {
    if (this.#over === null || this.#steps.length === 0 || this.#upstream.key === null) return;
    cancelByGateway(this.#session, this.#target, this.#upstream.key);
  }

  #targetClosed(): void {
    if (this.#saidGoodbye) return this.#finish('the client said goodbye');
    if (this.#replies.saidFarewell) return this.#finish('the target ended the session');
    const hint = 'Connect again; if it stays so, look at the target.';
    this.#end({ code: 'TARGET_FAULT', message: 'The target closed the connection.', hint });
  }

  #stop(): void {
    this.#end(endingOf(this.#session.signal));
  }

  /** Tells the client why, where it can still be told, and is over. */
  #end(ending: Ending): void {
    if (this.#over === null) return;
    const recordable = ending.code !== 'RECORDER_FAULT';
    this.#endBy(encodeEnding(ending), ending.message, recordable, recordable && ending.code !== 'TARGET_FAULT');
  }

  #endBy(words: Buffer, reason: string, recordable = true, abandons = true): void {
    if (recordable) this.#replies.halt();
    if (abandons) this.#abandon();
    // Into the middle of a message that the client already has the beginning of, no other can be put.
    if (!this.#replies.midPiece) {
      if (recordable) this.#channel.answer(inOwnWords(words));
      else this.#towardsClient.write(words);
    }
    this.#finish(reason);
  }

  #finish(reason: string): void {
    const over = this.#over;
    this.#over = null;
    this.#ended.abort();
    this.#clock?.stop();
    this.#requests.halt();
    this.#replies.halt();
    this.#waiting?.cancel();
    this.#replies.close();
    this.#towardsClient.flush();
    this.#towardsTarget.flush();
    over?.({ status: 'ended', reason });
  }

  #cancel(): void {
    if (this.#over === null) return;
    if (this.#waiting) return this.#waiting.cancel();
    // What is being read, or waits for the target's catalog, is not at the target yet: a cancel that went there would cancel nothing.
    if (this.#stalled && this.#steps.lastRun() === null) {
      this.#isCancelled = true;
      return;
    }
    if (this.#upstream.key === null) return;
    void this.#mediate(createCancel(this.#target.settings, this.#target.dial, this.#upstream.key));
  }

  open(asked: Asked): StatementExchange | Promise<StatementExchange> {
    this.#replies.note(asked.statement);
    const exchange = new StatementExchange(asked, this.#surroundings);
    if (this.#isCancelled) exchange.withdraw();
    this.#isCancelled = false;
    const pending = this.#mediate(exchange);
    return pending instanceof Promise ? this.#wait(pending, exchange) : exchange;
  }
  async #wait(pending: Promise<void>, exchange: StatementExchange): Promise<StatementExchange> {
    const { statement } = exchange;
    this.#waiting = exchange;
    await pending;
    this.#waiting = null;
    if (exchange.statement !== statement) this.#replies.note(exchange.statement);
    return exchange;
  }
  read(text: string): ReadText | Promise<ReadText> {
    return this.#statements.read(text);
  }
  byNewest(statement: GateStatement): GateStatement | Promise<GateStatement> {
    return after(this.#statements.byNewest(statement), (newest) => {
      if (newest !== statement) this.#replies.note(newest);
      return newest;
    });
  }
  inDoubt(consulted: number): boolean {
    return this.#statements.inDoubt(consulted);
  }
  told(answer: SettingAnswer | null): void {
    this.#statements.told(answer);
  }
  sent(statement: GateStatement): void {
    this.#statements.sent(statement);
  }
  batchEnds(): void {
    this.#statements.batchEnds();
  }
  named(): void {
    this.#statements.named();
  }
  transactionFailed = false;
  ask(bytes: Buffer): void {
    this.#channel.ask(bytes, this.#session.permit);
  }
  answer(bytes: Shown, original?: Uint8Array): void {
    this.#channel.answer(bytes, original);
  }
  masked(counts: readonly MaskedCount[]): void {
    this.#channel.masked(counts);
  }
  fault(fault: unknown): void {
    if (fault instanceof OverLimit) {
      const remedy = 'Split the statement, load data by COPY, or bind less at once; docs/protocols/postgres.md lists the limits.';
      return this.#end({ code: 'LIMIT_EXCEEDED', message: `The client’s message does not pass: ${fault.message}.`, hint: remedy });
    }
    const hint = 'Use a client that keeps to the protocol; docs/protocols/postgres.md lists what passes.';
    this.#end({ code: 'PROTOCOL_REFUSED', message: `The client’s message does not pass: ${messageOf(fault)}.`, hint });
  }
  attempt(bytes: Buffer): void {
    this.#channel.attempt(bytes);
  }
  /** A client is read on while its requests wait, up to a limit: of one that is not read nobody sees that it has left. */
  stalled(waiting: boolean): void {
    this.#stalled = waiting;
    this.#isCancelled = false;
    this.#towardsTarget.hold(waiting && this.#requests.waitingBytes > readWhileWaiting);
    if (!waiting) this.#noteActivity();
  }
  terminated(): void {
    this.#saidGoodbye = true;
  }
  portalsGone(): void {
    this.#requests.forgetPortals();
  }
  preparedGone(name: string | null): void {
    this.#requests.forgetPrepared(name);
  }
  settingTold(name: string, value: string): void {
    if (name === 'client_encoding') this.encodingChanged(value);
    this.#statements.reported(name, value);
  }
  ready(state: 'idle' | 'open' | 'failed'): void {
    this.transactionFailed = state === 'failed';
    this.#statements.ready(state !== 'idle', this.#steps.length === 0);
  }
  encodingChanged(name: string): void {
    if (!isUnsafeEncoding(name)) return;
    const message = `The client encoding ${name} does not pass: statements in it could read otherwise than the record shows.`;
    this.#session.stop({ code: 'PROTOCOL_REFUSED', message, hint: 'Use client_encoding UTF8.' });
  }

  readonly #notify = (text: string, crossing: Crossing): void => {
    const send = () => crossing.answer(inOwnWords(encodeError({ severity: 'NOTICE', code: '00000', message: text })));
    if (this.#replies.midPiece) this.#lateNotices.push(send);
    else send();
  };
}
