import { isAscii, isUtf8 } from 'node:buffer';
import type { Action } from '../../core/action.ts';
import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { statementAction } from './actions.ts';
import { Framing, type MessageSink } from './framing.ts';
import { cstring, encodeMessage, type RequestType, requestMessages, type MessageRule } from './messages.ts';
import { type Change, Names, type Portal, type Prepared } from './prepared.ts';
import { encodeRefusal } from './sqlstates.ts';
import { skipped, type StatementExchange } from './statement-exchange.ts';
import type { ExtendedKind, Steps } from './steps.ts';

/** What the conversation does for the requests. */
export interface RequestPort {
  /** Opens an exchange and takes it through the gate; a promise while the verdict is not known. */
  open(action: Action): StatementExchange | Promise<StatementExchange>;
  /** Cuts a simple query's text into its statements. */
  split(text: string): readonly string[] | Promise<readonly string[]>;
  /** Sends what belongs to no exchange, on the session's own permit. */
  ask(bytes: Buffer): void;
  /** Puts on record what belongs to no exchange and goes nowhere. */
  attempt(bytes: Buffer): void;
  /** The client broke the protocol, or a stage failed, while requests were waiting. */
  fault(fault: unknown): void;
  /** Whether requests wait for a verdict: nothing more should be read from the client. */
  stalled(waiting: boolean): void;
  /** The client has said goodbye. */
  terminated(): void;
}

type Pending = Promise<void> | void;

/** A message that PostgreSQL must refuse: it binds a statement that cannot exist. See the step `refused`. */
const mustFail = encodeMessage('B', cstring('chaperone refused'), cstring('chaperone refused'), Buffer.alloc(6));
const sync = encodeMessage('S');

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
  #halted = false;
  #run: { buffer: Buffer; from: number; to: number; owner: StatementExchange | null } | null = null;

  constructor(steps: Steps, port: RequestPort) {
    this.#steps = steps;
    this.#port = port;
  }

  /** Throws MalformedBytes where the client breaks the protocol; what came before is forwarded. */
  feed(chunk: Buffer): void {
    try {
      this.#framing.feed(chunk);
    } finally {
      this.#flush();
    }
  }

  /** Bytes that came while requests wait for a verdict or an answer. */
  get waitingBytes(): number {
    return this.#framing.stalledBytes;
  }

  /** Takes and forwards nothing more: the session is over. */
  halt(): void {
    this.#halted = true;
  }

  message(type: number, buffer: Buffer, from: number, to: number): boolean {
    if (this.#halted) return false;
    const letter = String.fromCharCode(type) as RequestType;
    const rule: MessageRule = requestMessages[letter];
    if (rule.refused !== undefined) throw new MalformedBytes(`${rule.name} does not pass: ${rule.refused}`);
    const pending = this.#take(letter, buffer, from, to);
    if (!(pending instanceof Promise)) return true;
    this.#flush();
    this.#port.stalled(true);
    pending.then(
      () => {
        this.#flush();
        this.#port.stalled(false);
        this.#goOn();
      },
      (fault: unknown) => this.#port.fault(fault),
    );
    return false;
  }

  piece(_type: number, buffer: Buffer, from: number, to: number): void {
    this.#own(this.#copying(), buffer, from, to);
  }

  /** The target's portals end with the transaction. */
  forgetPortals(): void {
    this.#portals.forget(null);
  }
  /** DEALLOCATE and DISCARD ALL; null means all. */
  forgetPrepared(name: string | null): void {
    this.#prepared.forget(name);
  }

  #goOn(): void {
    try {
      this.#framing.resume();
    } catch (fault) {
      this.#port.fault(fault);
    } finally {
      this.#flush();
    }
  }

  #take(letter: RequestType, buffer: Buffer, from: number, to: number): Pending {
    if (!'dcf'.includes(letter)) this.#shut = null;
    if (this.#dropping && letter !== 'S' && letter !== 'X') {
      // Once its refusal was answered the exchange is over, and what still comes of its batch is nobody's.
      if (this.#dropping.ended) this.#port.attempt(buffer.subarray(from, to));
      else this.#dropping.attempt(buffer.subarray(from, to));
      return undefined;
    }
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
      case 'S':
        return this.#sync(buffer, from, to);
      case 'X':
        this.#own(null, buffer, from, to);
        this.#port.terminated();
        return undefined;
      case 'H':
        this.#own(this.#batch.at(-1) ?? null, buffer, from, to);
        return undefined;
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
    const step = this.#steps.first();
    const running = step?.kind === 'query' ? step.exchanges[step.current] : step?.kind === 'execute' ? step.exchange : null;
    if (running?.copying) return running;
    if (this.#shut?.ended === false) return this.#shut;
    return this.#steps.lastRun() ?? this.#batch.at(-1) ?? null;
  }

  /**
   * A text beyond ASCII means what the client encoding makes of it, and a statement under way may be changing that: it
   * waits until the target has answered, and told its encoding, in the batches before this one.
   */
  #inDoubt(text: Buffer): Promise<void> | null {
    return isAscii(text) ? null : this.#steps.answered();
  }

  #query(buffer: Buffer, from: number, to: number): Pending {
    const doubt = this.#inDoubt(buffer.subarray(from + 5, to));
    if (doubt) return doubt.then(() => this.#query(buffer, from, to));
    const text = readText(buffer.subarray(from + 5, to));
    return after(this.#port.split(text), (texts) =>
      after(openAll(texts, this.#port), (exchanges) => this.#sendQuery(exchanges, buffer, from, to)),
    );
  }

  #sendQuery(exchanges: readonly StatementExchange[], buffer: Buffer, from: number, to: number): void {
    const shut = exchanges.find((exchange) => exchange.gate.kind === 'shut');
    if (shut === undefined) {
      // A simple query that is run takes the unnamed statement and portal with it.
      const changes = [this.#prepared.delete('', this.#batchNumber), this.#portals.delete('', this.#batchNumber)];
      this.#steps.push({ kind: 'query', exchanges, current: 0, changes });
      this.#own(exchanges[0] ?? null, buffer, from, to);
      return;
    }
    for (const exchange of exchanges) if (exchange !== shut) exchange.outcome = skipped;
    this.#refuse(shut, buffer, from, to);
    this.#shut = shut;
    this.#steps.push({ kind: 'sync', batch: [...exchanges.filter((exchange) => exchange !== shut), shut] });
    this.#port.ask(sync);
  }

  #parse(buffer: Buffer, from: number, to: number): Pending {
    const doubt = this.#inDoubt(buffer.subarray(from + 5, to));
    if (doubt) return doubt.then(() => this.#parse(buffer, from, to));
    const reader = new ByteReader(buffer, from + 5, to);
    const name = reader.cstring();
    const text = readText(buffer.subarray(to - reader.left, buffer.indexOf(0, to - reader.left) + 1));
    return after(this.#openExtended(statementAction(text), buffer, from, to), (exchange) => {
      if (exchange === null) return;
      const change = this.#prepared.set(name, { action: exchange.action, exchange }, this.#batchNumber);
      this.#step('parse', exchange, buffer, from, to, change);
    });
  }

  #bind(buffer: Buffer, from: number, to: number): Pending {
    const reader = new ByteReader(buffer, from + 5, to);
    const [portal, name] = [reader.cstring(), reader.cstring()];
    const doubt = this.#prepared.doubt(name, this.#batchNumber);
    if (doubt) return doubt.then(() => this.#bind(buffer, from, to));
    const prepared = this.#prepared.get(name);
    const action = prepared?.action ?? statementAction(`(statement "${name}", prepared by SQL)`);
    return after(this.#reuse(prepared?.exchange, 'bound') ?? this.#openExtended(action, buffer, from, to), (exchange) => {
      if (exchange === null) return;
      exchange.bound = true;
      if (prepared) prepared.exchange = null;
      const change = this.#portals.set(portal, { action, exchange }, this.#batchNumber);
      this.#step('bind', exchange, buffer, from, to, change);
    });
  }

  #describe(buffer: Buffer, from: number, to: number): Pending {
    const reader = new ByteReader(buffer, from + 5, to);
    const [kind, name] = [reader.uint8(), reader.cstring()];
    const doubt = (kind === 0x50 ? this.#portals : this.#prepared).doubt(name, this.#batchNumber);
    if (doubt) return doubt.then(() => this.#describe(buffer, from, to));
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
    const name = new ByteReader(buffer, from + 5, to).cstring();
    const doubt = this.#portals.doubt(name, this.#batchNumber);
    if (doubt) return doubt.then(() => this.#execute(buffer, from, to));
    const portal = this.#portals.get(name);
    const action = portal?.action ?? statementAction(`(portal "${name}", opened by SQL)`);
    return after(this.#reuse(portal?.exchange, 'executed') ?? this.#openExtended(action, buffer, from, to), (exchange) => {
      if (exchange === null) return;
      exchange.executed = true;
      if (portal) portal.exchange = exchange;
      this.#step('execute', exchange, buffer, from, to);
    });
  }

  #close(buffer: Buffer, from: number, to: number): Pending {
    const reader = new ByteReader(buffer, from + 5, to);
    const [kind, name] = [reader.uint8(), reader.cstring()];
    const change = (kind === 0x50 ? this.#portals : this.#prepared).delete(name, this.#batchNumber);
    this.#step('close', this.#batch.at(-1) ?? null, buffer, from, to, change);
    return undefined;
  }

  #copy(letter: RequestType, buffer: Buffer, from: number, to: number): Pending {
    const owner = this.#copying();
    this.#own(owner, buffer, from, to);
    if (letter === 'd') return undefined;
    if (owner) owner.copying = false;
    this.#steps.endCopy();
    return undefined;
  }

  #sync(buffer: Buffer, from: number, to: number): Pending {
    const running = this.#copying();
    if (running?.copying) return this.#own(running, buffer, from, to);
    const batch = this.#batch;
    const owner = this.#dropping ? null : (batch.at(-1) ?? null);
    this.#batch = [];
    this.#batchNumber += 1;
    this.#dropping = null;
    // What is bound or run after this Sync is another execution, even where its answer has not come yet.
    for (const exchange of batch) exchange.bound = exchange.executed = true;
    this.#steps.push({ kind: 'sync', batch });
    this.#own(owner, buffer, from, to);
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
      this.#refuse(exchange, buffer, from, to);
      this.#dropping = exchange;
      return null;
    });
  }

  #refuse(exchange: StatementExchange, buffer: Buffer, from: number, to: number): void {
    this.#flush();
    const words = exchange.gate.kind === 'shut' ? encodeRefusal(exchange.gate.refusal) : Buffer.alloc(0);
    exchange.outcome = { status: 'refused', rows: null, tag: null, error: null };
    exchange.attempt(buffer.subarray(from, to));
    this.#steps.push({ kind: 'refused', exchange, words });
    this.#port.ask(mustFail);
  }

  #step(kind: ExtendedKind, exchange: StatementExchange | null, buffer: Buffer, from: number, to: number, change?: Change): void {
    this.#steps.push(change ? { kind, exchange, change } : { kind, exchange });
    this.#own(exchange, buffer, from, to);
  }

  /** Contiguous bytes of one owner go on record and on the wire as one piece. */
  #own(owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    const run = this.#run;
    if (run && run.buffer === buffer && run.owner === owner && run.to === from) {
      run.to = to;
      return;
    }
    this.#flush();
    this.#run = { buffer, from, to, owner };
  }

  #flush(): void {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    if (this.#halted) return;
    const bytes = run.buffer.subarray(run.from, run.to);
    if (run.owner === null || run.owner.ended) this.#port.ask(bytes);
    else if (run.owner.gate.kind === 'open') run.owner.ask(bytes, run.owner.gate.permit);
    else run.owner.attempt(bytes);
  }
}

/** Goes on with a value at once where it is at hand: a permitted statement costs no turn of the event loop. */
function after<In, Out>(value: In | Promise<In>, then: (value: In) => Out | Promise<Out>): Out | Promise<Out> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** One after the other: nobody is asked about a statement while the one before it is not decided. */
function openAll(texts: readonly string[], port: RequestPort): readonly StatementExchange[] | Promise<readonly StatementExchange[]> {
  type Opened = readonly StatementExchange[];
  const openNext = (before: Opened, text: string) => after(port.open(statementAction(text)), (one): Opened => [...before, one]);
  return texts.reduce<Opened | Promise<Opened>>((before, text) => after(before, (opened) => openNext(opened, text)), []);
}

/**
 * A statement's text from its bytes with their closing NUL. PostgreSQL reads to the first NUL; bytes behind one would pass
 * unread. What is not UTF-8 is shown byte by byte: all encodings that pass leave ASCII as it is.
 */
function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  if (end !== bytes.length - 1) throw new MalformedBytes('a statement must end with its first NUL');
  const text = bytes.subarray(0, end);
  return text.toString(isUtf8(text) ? 'utf8' : 'latin1');
}
