import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { largeObjectAction } from './actions.ts';
import { after } from './at-once.ts';
import { Batch } from './batch.ts';
import { Extended } from './extended.ts';
import { Framing, type MessageSink } from './framing.ts';
import { readCall } from './large-objects.ts';
import { passingIn, type RequestState, type RequestType, requestLetters, requestMessages, requestStates } from './messages.ts';
import { Refusing } from './refusing.ts';
import { openAll, type RequestPort } from './request-port.ts';
import { RequestRun } from './request-run.ts';
import { readText } from './request-text.ts';
import { encodeRefusal } from './sqlstates.ts';
import { sync, wordsTo } from './stand-ins.ts';
import { skipped, type StatementExchange } from './statement-exchange.ts';
import type { GateStatement } from './statement-reader.ts';
import { runningIn, type Steps } from './steps.ts';
import { takingsOf } from './takings.ts';
import { TextReading } from './text-reading.ts';

type Pending = Promise<void> | void;
/** Null where it must be taken anew. */
type Taken = void | null;

const passing = passingIn<RequestState>(requestMessages, requestStates);

/** Reads the client's stream: makes exchanges of it, and forwards what the gate lets pass. */
export class Requests implements MessageSink {
  readonly #framing = new Framing(requestMessages, this);
  readonly #steps: Steps;
  readonly #port: RequestPort;
  readonly #batch = new Batch();
  readonly #extended: Extended;
  readonly #texts: TextReading;
  readonly #refusing: Refusing;
  /** The simple query that was refused last, while nothing but copy data has come since. */
  #shut: StatementExchange | null = null;
  #saidGoodbye = false;

  readonly #run: RequestRun;

  constructor(steps: Steps, port: RequestPort) {
    this.#steps = steps;
    this.#port = port;
    const run = (this.#run = new RequestRun(port));
    const batch = this.#batch;
    const texts = (this.#texts = new TextReading(steps, port, batch, run));
    const refusing = (this.#refusing = new Refusing(steps, port, run));
    this.#extended = new Extended({ steps, port, run, batch, texts, refusing });
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
    if (!this.#run.halted) this.#extended.abandon();
    this.#run.halted = true;
  }

  message(type: number, buffer: Buffer, from: number, to: number): boolean {
    if (this.#run.halted) return false;
    const pending = this.#pass(type, buffer, from, to);
    if (!(pending instanceof Promise)) return true;
    this.#stall(pending);
    return false;
  }

  /** What is held goes before what comes in pieces. */
  begins(): boolean {
    if (this.#run.halted || this.#saidGoodbye) return true;
    const pending = this.#extended.release();
    if (!(pending instanceof Promise)) return true;
    this.#stall(pending);
    return false;
  }

  #stall(pending: Promise<void>): void {
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
  }

  /** What becomes of a message is decided by its first piece: half a message would have its rest read as messages. */
  piece(type: number, buffer: Buffer, from: number, to: number, first: boolean): void {
    if (this.#run.halted) return;
    if (first) {
      this.#check(type);
      this.#pieceOf = this.#saidGoodbye ? null : (this.#batch.dropping ?? this.#copying());
      this.#pieceStays = this.#saidGoodbye || this.#pieceOf?.gate.kind === 'shut';
    }
    if (this.#pieceStays) this.#run.keep(this.#pieceOf, buffer.subarray(from, to));
    else this.#run.add(this.#pieceOf, buffer, from, to);
  }
  #pieceOf: StatementExchange | null = null;
  #pieceStays = false;

  /** The target's portals end with the transaction. */
  forgetPortals(): void {
    this.#extended.forgetPortals();
  }
  /** DEALLOCATE and DISCARD ALL; null means all. */
  forgetPrepared(name: string | null): void {
    this.#extended.forgetPrepared(name);
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
    const begun = this.#batch.exchanges.length > 0 || this.#extended.holds;
    const state: RequestState = this.#steps.copyingIn ? 'copy in' : begun ? 'batch' : 'ready';
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
    if (this.#batch.dropping && letter !== 'S' && letter !== 'X') return this.#run.keep(this.#batch.dropping, buffer.subarray(from, to));
    if (this.#extended.holds && !this.#extended.goesOn(letter, buffer, from, to)) return this.#passReleased(type, buffer, from, to);
    const taken = this.#take(letter, buffer, from, to);
    if (taken instanceof Promise) return this.#passTaken(taken, type, buffer, from, to);
    return taken === null ? this.#pass(type, buffer, from, to) : undefined;
  }
  // Methods of their own, here and wherever something may have to be waited for: V8 sets aside what a function takes from the one around
  // it when that one begins, so that each message would leave it as garbage although hardly any waits.
  #passReleased(type: number, buffer: Buffer, from: number, to: number): Pending {
    return after(this.#extended.release(), () => this.#pass(type, buffer, from, to));
  }
  #passTaken(taken: Promise<Taken>, type: number, buffer: Buffer, from: number, to: number): Pending {
    return taken.then((later) => (later === null ? this.#pass(type, buffer, from, to) : undefined));
  }

  /** Null where the message is to be taken anew, because what was waited for has come. */
  #take(letter: RequestType, buffer: Buffer, from: number, to: number): Taken | Promise<Taken> {
    switch (letter) {
      case 'Q':
        return this.#query(buffer, from, to);
      case 'P':
        return anew(this.#texts.encodingInDoubt(buffer.subarray(from, to))) ?? this.#extended.parse({ buffer, from, to });
      case 'B':
        return this.#extended.bind(buffer, from, to);
      case 'D':
        return this.#extended.describe(buffer, from, to);
      case 'E':
        return this.#extended.execute(buffer, from, to);
      case 'C':
        return this.#extended.close({ buffer, from, to });
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
        return this.#run.add(this.#batch.exchanges.at(-1) ?? null, buffer, from, to);
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
    return this.#steps.lastRun() ?? this.#batch.exchanges.at(-1) ?? null;
  }

  #query(buffer: Buffer, from: number, to: number): Taken | Promise<Taken> {
    const doubt = anew(this.#texts.encodingInDoubt(buffer.subarray(from, to)));
    if (doubt) return doubt;
    const text = readText(buffer.subarray(from + 5, to));
    return after(this.#texts.read(text), (read): Taken | Promise<Taken> => {
      if (read === null) return null;
      return after(openAll(read.statements, text, this.#port), (exchanges) =>
        this.#sendQuery(exchanges, read.statements, buffer, from, to),
      );
    });
  }

  #sendQuery(
    exchanges: readonly StatementExchange[],
    statements: readonly GateStatement[],
    buffer: Buffer,
    from: number,
    to: number,
  ): void {
    const shut = exchanges.find((exchange) => exchange.gate.kind === 'shut');
    if (shut === undefined) {
      this.#batch.encodingInDoubt = false;
      for (const { action } of exchanges) this.#extended.giveUp(takingsOf(action.text));
      for (const statement of statements) this.#port.sent(statement);
      this.#steps.push({ kind: 'query', exchanges, current: 0, changes: this.#extended.takeUnnamed() });
      this.#run.add(exchanges[0] ?? null, buffer, from, to);
      return;
    }
    for (const exchange of exchanges) if (exchange !== shut) exchange.outcome = skipped;
    this.#refusing.refuse(shut, wordsTo(shut), buffer.subarray(from, to));
    this.#shut = shut;
    this.#endRefused([...exchanges.filter((exchange) => exchange !== shut), shut]);
  }

  /** A FunctionCall is a batch of its own, as a simple query is. */
  #call(buffer: Buffer, from: number, to: number): Pending {
    const bytes = buffer.subarray(from, to);
    const call = readCall(new ByteReader(buffer, from + 5, to));
    if ('kind' in call) {
      this.#refusing.refuse(null, encodeRefusal(call), bytes);
      return this.#endRefused([]);
    }
    const asked = { action: largeObjectAction(call), statement: null, request: { bytes, parameters: [] } };
    return after(this.#port.open(asked), (exchange) => {
      if (exchange.gate.kind === 'open') {
        this.#steps.push({ kind: 'call', exchange });
        this.#run.add(exchange, buffer, from, to);
        return;
      }
      this.#refusing.refuse(exchange, wordsTo(exchange), bytes);
      this.#endRefused([exchange]);
    });
  }

  /** Makes the target ready again, behind what must have failed. */
  #endRefused(batch: readonly StatementExchange[]): void {
    this.#steps.push({ kind: 'sync', batch });
    this.#port.ask(sync);
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
    const owner = this.#batch.dropping ? null : (this.#batch.exchanges.at(-1) ?? null);
    const batch = this.#batch.end();
    this.#port.batchEnds();
    this.#steps.push({ kind: 'sync', batch });
    this.#run.add(owner, buffer, from, to);
    return undefined;
  }
}

/** Resolves with null: the message is then to be taken anew. */
function anew(doubt: Promise<void> | null): Promise<null> | null {
  return doubt && doubt.then(() => null);
}
