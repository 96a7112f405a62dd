import { isAscii } from 'node:buffer';
import type { Action } from '../../core/action.ts';
import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { largeObjectAction, statementAction } from './actions.ts';
import { after } from './at-once.ts';
import { askEncoding, leavesEncoding } from './encoding-question.ts';
import { Framing, type MessageSink } from './framing.ts';
import { readCall } from './large-objects.ts';
import { passingIn, type RequestState, type RequestType, requestLetters, requestMessages, requestStates } from './messages.ts';
import { type Change, Names, type Portal, type Prepared } from './prepared.ts';
import { openAll, type RequestPort } from './request-port.ts';
import { RequestRun } from './request-run.ts';
import { readName, readText } from './request-text.ts';
import { encodeRefusal } from './sqlstates.ts';
import { mustFail, sync, wordsTo } from './stand-ins.ts';
import { skipped, type StatementExchange } from './statement-exchange.ts';
import { type ExtendedKind, runningIn, type Steps } from './steps.ts';
import { nothing, type Takings, takingsOf } from './takings.ts';

type Pending = Promise<void> | void;

const passing = passingIn<RequestState>(requestMessages, requestStates);

/** Reads the client's stream: makes exchanges of it, and forwards what the gate lets pass. */
export class Requests implements MessageSink {
  readonly #framing = new Framing(requestMessages, this);
  readonly #steps: Steps;
  readonly #port: RequestPort;
  readonly #prepared = new Names<Prepared>();
  readonly #portals = new Names<Portal>();
  /** Counts the batches that Sync ends. */
  #batchNumber = 0;
  /** Exchanges since the last Sync. */
  #batch: StatementExchange[] = [];
  /** The refused exchange whose batch is being dropped up to Sync. */
  #dropping: StatementExchange | null = null;
  /** The simple query that was refused last, while nothing but copy data has come since. */
  #shut: StatementExchange | null = null;
  #saidGoodbye = false;

  readonly #run: RequestRun;

  constructor(steps: Steps, port: RequestPort) {
    this.#steps = steps;
    this.#port = port;
    this.#run = new RequestRun(port);
  }

  /** Throws MalformedBytes where the client breaks the protocol; what came before is forwarded. */
  feed(chunk: Buffer): void {
    try {
      this.#framing.feed(chunk);
    } finally {
      this.#run.flush();
    }
  }

  /** Bytes that came while requests wait for a verdict or an answer. */
  get waitingBytes(): number {
    return this.#framing.stalledBytes;
  }

  /** Takes and forwards nothing more: the session is over. */
  halt(): void {
    this.#run.halted = true;
  }

  message(type: number, buffer: Buffer, from: number, to: number): boolean {
    if (this.#run.halted) return false;
    const pending = this.#pass(type, buffer, from, to);
    if (!(pending instanceof Promise)) return true;
    this.#run.flush();
    this.#port.stalled(true);
    pending.then(
      () => {
        this.#run.flush();
        this.#port.stalled(false);
        this.#goOn();
      },
      (fault: unknown) => this.#port.fault(fault),
    );
    return false;
  }

  /** What becomes of a message is decided by its first piece: half a message would have its rest read as messages. */
  piece(type: number, buffer: Buffer, from: number, to: number, first: boolean): void {
    if (this.#run.halted) return;
    if (first) {
      this.#check(type);
      this.#pieceOf = this.#saidGoodbye ? null : (this.#dropping ?? this.#copying());
      this.#pieceStays = this.#saidGoodbye || this.#pieceOf?.gate.kind === 'shut';
    }
    if (this.#pieceStays) this.#run.keep(this.#pieceOf, buffer.subarray(from, to));
    else this.#run.add(this.#pieceOf, buffer, from, to);
  }
  #pieceOf: StatementExchange | null = null;
  #pieceStays = false;

  /** The target's portals end with the transaction. */
  forgetPortals(): void {
    this.#portals.forget(null);
  }
  /** DEALLOCATE and DISCARD ALL; null means all. */
  forgetPrepared(name: string | null): void {
    this.#prepared.forget(name);
  }

  /** What names stood for before a statement that may take them is not known behind it. */
  #giveUp({ statement, portals }: Takings): void {
    if (statement !== undefined) this.#prepared.giveUp(statement);
    if (portals) this.#portals.giveUp(null);
  }

  #goOn(): void {
    try {
      this.#framing.resume();
    } catch (fault) {
      this.#port.fault(fault);
    } finally {
      this.#run.flush();
    }
  }

  /** Refuses what may not come now. */
  #check(type: number): void {
    if (this.#saidGoodbye) return;
    const state: RequestState = this.#steps.copyingIn ? 'copy in' : this.#batch.length > 0 ? 'batch' : 'ready';
    if (passing[state][type] === 1) return;
    const { name } = requestMessages[String.fromCharCode(type) as RequestType];
    throw new MalformedBytes(`${name} does not pass ${requestStates[state]}`);
  }

  #pass(type: number, buffer: Buffer, from: number, to: number): Pending {
    if (this.#run.halted) return undefined;
    this.#check(type);
    // Nobody reads on behind a goodbye.
    if (this.#saidGoodbye) return this.#run.keep(null, buffer.subarray(from, to));
    const letter = requestLetters[type] ?? 'X';
    if (!'dcf'.includes(letter)) this.#shut = null;
    if (this.#dropping && letter !== 'S' && letter !== 'X') return this.#run.keep(this.#dropping, buffer.subarray(from, to));
    return this.#take(letter, buffer, from, to);
  }

  #take(letter: RequestType, buffer: Buffer, from: number, to: number): Pending {
    switch (letter) {
      case 'Q':
        return this.#query(buffer, from, to);
      case 'P':
        return this.#parse(buffer, from, to);
      case 'B':
        return this.#bind(buffer, from, to);
      case 'D':
        return this.#describe(buffer, from, to);
      case 'E':
        return this.#execute(buffer, from, to);
      case 'C':
        return this.#close(buffer, from, to);
      case 'F':
        return this.#call(buffer, from, to);
      case 'S':
        return this.#sync(buffer, from, to);
      case 'X':
        this.#run.add(null, buffer, from, to);
        this.#saidGoodbye = true;
        this.#port.terminated();
        return undefined;
      case 'H':
        return this.#run.add(this.#batch.at(-1) ?? null, buffer, from, to);
      case 'd':
      case 'c':
      case 'f':
        return this.#copy(letter, buffer, from, to);
      default:
        throw new MalformedBytes(`${letter} does not pass`);
    }
  }

  /**
   * Copy data goes to the statement that waits for it; where it was sent ahead, to the newest one, the refused one
   * included. Outside of a copy PostgreSQL drops it.
   */
  #copying(): StatementExchange | null {
    const running = runningIn(this.#steps.first());
    if (running?.copy === 'in') return running;
    if (this.#shut?.ended === false) return this.#shut;
    return this.#steps.lastRun() ?? this.#batch.at(-1) ?? null;
  }

  /**
   * A text beyond ASCII means what the client encoding makes of it, and a statement under way may be changing that: it
   * waits until the target has told its encoding, in answer to the batches before this one, or asked within this one.
   */
  #inDoubt(buffer: Buffer, from: number, to: number): Promise<void> | null {
    if (isAscii(buffer.subarray(from + 5, to))) return null;
    if (!this.#steps.answered) return this.#later(buffer, from, to);
    if (!this.#encodingInDoubt || this.#steps.failed || this.#batch.every(leavesEncoding)) return null;
    this.#encodingInDoubt = false;
    this.#run.flush();
    return askEncoding(this.#steps, this.#port).then(() => this.#pass(buffer[from] ?? 0, buffer, from, to));
  }
  /** Whether something was asked in this batch since the target told of its encoding last. */
  #encodingInDoubt = false;

  /** Takes a message once all batches have been answered, in the state that there is then. */
  #later(buffer: Buffer, from: number, to: number): Promise<void> {
    if (this.#steps.answered) throw new MalformedBytes('a name is used again that the target never told of');
    return this.#steps.whenAnswered().then(() => this.#pass(buffer[from] ?? 0, buffer, from, to));
  }

  #query(buffer: Buffer, from: number, to: number): Pending {
    const doubt = this.#inDoubt(buffer, from, to);
    if (doubt) return doubt;
    const text = readText(buffer.subarray(from + 5, to));
    return after(this.#port.split(text), (texts) =>
      after(openAll(texts, this.#port), (exchanges) => this.#sendQuery(exchanges, buffer, from, to)),
    );
  }

  #sendQuery(exchanges: readonly StatementExchange[], buffer: Buffer, from: number, to: number): void {
    const shut = exchanges.find((exchange) => exchange.gate.kind === 'shut');
    if (shut === undefined) {
      // A simple query that is run takes the unnamed statement and portal with it.
      this.#encodingInDoubt = false;
      for (const { action } of exchanges) this.#giveUp(takingsOf(action.text));
      const changes = [this.#prepared.delete('', this.#batchNumber), this.#portals.delete('', this.#batchNumber)];
      this.#steps.push({ kind: 'query', exchanges, current: 0, changes });
      this.#run.add(exchanges[0] ?? null, buffer, from, to);
      return;
    }
    for (const exchange of exchanges) if (exchange !== shut) exchange.outcome = skipped;
    this.#refuse(shut, wordsTo(shut), buffer, from, to);
    this.#shut = shut;
    this.#endRefused([...exchanges.filter((exchange) => exchange !== shut), shut]);
  }

  /** A FunctionCall is a batch of its own, as a simple query is. */
  #call(buffer: Buffer, from: number, to: number): Pending {
    const call = readCall(new ByteReader(buffer, from + 5, to));
    if ('kind' in call) {
      this.#refuse(null, encodeRefusal(call), buffer, from, to);
      return this.#endRefused([]);
    }
    return after(this.#port.open(largeObjectAction(call.text, call.effect), buffer.subarray(from, to)), (exchange) => {
      if (exchange.gate.kind === 'open') {
        this.#steps.push({ kind: 'call', exchange });
        this.#run.add(exchange, buffer, from, to);
        return;
      }
      this.#refuse(exchange, wordsTo(exchange), buffer, from, to);
      this.#endRefused([exchange]);
    });
  }

  /** Makes the target ready again, behind what must have failed. */
  #endRefused(batch: readonly StatementExchange[]): void {
    this.#steps.push({ kind: 'sync', batch });
    this.#port.ask(sync);
  }

  #parse(buffer: Buffer, from: number, to: number): Pending {
    const doubt = this.#inDoubt(buffer, from, to);
    if (doubt) return doubt;
    const reader = new ByteReader(buffer, from + 5, to);
    const name = readName(reader);
    const text = readText(buffer.subarray(to - reader.left, buffer.indexOf(0, to - reader.left) + 1));
    return after(this.#openExtended(statementAction(text), buffer, from, to), (exchange) => {
      if (exchange === null) return;
      const change = this.#prepared.set(name, { action: exchange.action, exchange, takes: takingsOf(text) }, this.#batchNumber);
      this.#step('parse', exchange, buffer, from, to, change);
    });
  }

  #bind(buffer: Buffer, from: number, to: number): Pending {
    const reader = new ByteReader(buffer, from + 5, to);
    const [portal, name] = [readName(reader), readName(reader)];
    if (this.#prepared.inDoubt(name, this.#batchNumber)) return this.#later(buffer, from, to);
    const prepared = this.#prepared.get(name);
    const action = prepared?.action ?? statementAction(`(statement "${name}", prepared by SQL)`);
    return after(this.#reuse(prepared?.exchange, 'bound') ?? this.#openExtended(action, buffer, from, to), (exchange) => {
      if (exchange === null) return;
      exchange.bound = true;
      if (prepared) prepared.exchange = null;
      const change = this.#portals.set(portal, { action, exchange, takes: prepared?.takes ?? nothing }, this.#batchNumber);
      this.#step('bind', exchange, buffer, from, to, change);
    });
  }

  #describe(buffer: Buffer, from: number, to: number): Pending {
    const reader = new ByteReader(buffer, from + 5, to);
    const [kind, name] = [reader.uint8(), readName(reader)];
    if ((kind === 0x50 ? this.#portals : this.#prepared).inDoubt(name, this.#batchNumber)) return this.#later(buffer, from, to);
    if (kind === 0x50) {
      const exchange = this.#portals.get(name)?.exchange ?? null;
      this.#step('describe-portal', exchange?.ended ? null : exchange, buffer, from, to);
      return undefined;
    }
    const prepared = this.#prepared.get(name);
    const action = prepared?.action ?? statementAction(`(statement "${name}", prepared by SQL)`);
    return after(this.#reuse(prepared?.exchange, 'bound') ?? this.#openExtended(action, buffer, from, to), (exchange) => {
      if (exchange === null) return;
      if (prepared) prepared.exchange = exchange;
      this.#step('describe-statement', exchange, buffer, from, to);
    });
  }

  #execute(buffer: Buffer, from: number, to: number): Pending {
    const name = readName(new ByteReader(buffer, from + 5, to));
    if (this.#portals.inDoubt(name, this.#batchNumber)) return this.#later(buffer, from, to);
    const portal = this.#portals.get(name);
    const action = portal?.action ?? statementAction(`(portal "${name}", opened by SQL)`);
    return after(this.#reuse(portal?.exchange, 'executed') ?? this.#openExtended(action, buffer, from, to), (exchange) => {
      if (exchange === null) return;
      exchange.executed = true;
      if (portal) portal.exchange = exchange;
      if (portal) this.#giveUp(portal.takes);
      this.#step('execute', exchange, buffer, from, to);
    });
  }

  #close(buffer: Buffer, from: number, to: number): Pending {
    const reader = new ByteReader(buffer, from + 5, to);
    const [kind, name] = [reader.uint8(), readName(reader)];
    const change = (kind === 0x50 ? this.#portals : this.#prepared).delete(name, this.#batchNumber);
    this.#step('close', this.#batch.at(-1) ?? null, buffer, from, to, change);
    return undefined;
  }

  #copy(letter: RequestType, buffer: Buffer, from: number, to: number): Pending {
    const owner = this.#copying();
    this.#run.add(owner, buffer, from, to);
    if (letter === 'd') return undefined;
    if (owner?.copy === 'in') owner.copy = 'none';
    else this.#steps.endCopy();
    return undefined;
  }

  #sync(buffer: Buffer, from: number, to: number): Pending {
    if (this.#steps.copyingIn) return this.#run.add(this.#copying(), buffer, from, to);
    const batch = this.#batch;
    const owner = this.#dropping ? null : (batch.at(-1) ?? null);
    this.#batch = [];
    this.#batchNumber += 1;
    this.#encodingInDoubt = false;
    this.#dropping = null;
    // What is bound or run after this Sync is another execution, even where its answer has not come yet.
    for (const exchange of batch) exchange.bound = exchange.executed = true;
    this.#steps.push({ kind: 'sync', batch });
    this.#run.add(owner, buffer, from, to);
    return undefined;
  }

  /** An exchange of this batch that has not got as far as `stage` yet: Parse, Bind and Execute of one statement are one. */
  #reuse(exchange: StatementExchange | null | undefined, stage: 'bound' | 'executed'): StatementExchange | null {
    return exchange && !exchange.ended && !exchange[stage] ? exchange : null;
  }

  /** Opens an exchange within a batch; null where the gate refused it, and then the batch is dropped up to Sync. */
  #openExtended(action: Action, buffer: Buffer, from: number, to: number): StatementExchange | null | Promise<StatementExchange | null> {
    return after(this.#port.open(action), (exchange) => {
      this.#batch.push(exchange);
      if (exchange.gate.kind === 'open') return exchange;
      this.#refuse(exchange, wordsTo(exchange), buffer, from, to);
      this.#dropping = exchange;
      return null;
    });
  }

  #refuse(exchange: StatementExchange | null, words: Buffer, buffer: Buffer, from: number, to: number): void {
    if (exchange) exchange.outcome = { status: 'refused', rows: null, tag: null, error: null };
    this.#run.keep(exchange, buffer.subarray(from, to));
    this.#steps.push({ kind: 'refused', exchange, words });
    this.#port.ask(mustFail);
  }

  #step(kind: ExtendedKind, exchange: StatementExchange | null, buffer: Buffer, from: number, to: number, change?: Change): void {
    this.#encodingInDoubt = true;
    this.#steps.push(change ? { kind, exchange, change } : { kind, exchange });
    this.#run.add(exchange, buffer, from, to);
  }
}
