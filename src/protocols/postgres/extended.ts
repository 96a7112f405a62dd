import { ownBytes } from '../../core/own-bytes.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { after } from './at-once.ts';
import type { Batch } from './batch.ts';
import { type Change, Names, Portal, type Prepared } from './prepared.ts';
import type { Refusing } from './refusing.ts';
import type { Asked } from './asked.ts';
import type { RequestPort } from './request-port.ts';
import type { RequestRun } from './request-run.ts';
import { nameEnd, nameIn, readText } from './request-text.ts';
import { wordsTo } from './stand-ins.ts';
import type { StatementExchange } from './statement-exchange.ts';
import { GateStatement, type ReadText } from './statement-reader.ts';
import type { ExtendedKind, Steps } from './steps.ts';
import { type Takings, takingsOf } from './takings.ts';
import type { TextReading } from './text-reading.ts';

type Pending = Promise<void> | void;
/** Null where the message must be taken anew, once what is waited for has come. */
type Taken = void | null | Promise<void | null>;
/** A message of the client's: `buffer[from, to)`. */
interface Message {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
}

/** A message that waits to hear whether its statement is bound in the same breath. */
interface HeldMessage extends Message {
  readonly kind: ExtendedKind;
  readonly change?: Change;
}
interface Held {
  readonly name: string;
  readonly messages: HeldMessage[];
}

/** What the extended protocol's parts share. */
export interface ExtendedParts {
  readonly steps: Steps;
  readonly port: RequestPort;
  readonly run: RequestRun;
  readonly batch: Batch;
  readonly texts: TextReading;
  readonly refusing: Refusing;
}

const STATEMENT = 0x53;

/**
 * Parse, Bind, Describe, Execute and Close. Parse and the Describe of a statement are held until the next message says whether
 * they are bound: with Bind and Execute they are one exchange, which is judged with its values; by themselves they are one that
 * only prepares.
 */
export class Extended {
  readonly #parts: ExtendedParts;
  readonly #prepared = new Names<Prepared>();
  readonly #portals = new Names<Portal>();
  #held: Held | null = null;

  constructor(parts: ExtendedParts) {
    this.#parts = parts;
  }

  /** The target's portals end with the transaction. */
  forgetPortals(): void {
    this.#portals.forget(null);
  }
  /** DEALLOCATE and DISCARD ALL; null means all. */
  forgetPrepared(name: string | null): void {
    this.#prepared.forget(name);
  }
  /** What names stood for before a statement that may take them is not known behind it. */
  giveUp({ statement, portals }: Takings): void {
    if (statement !== undefined) this.#prepared.giveUp(statement);
    if (portals) this.#portals.giveUp(null);
  }
  /** A simple query that is run takes the unnamed statement and portal with it. */
  takeUnnamed(): readonly Change[] {
    const { number } = this.#parts.batch;
    return [this.#prepared.delete('', number), this.#portals.delete('', number)];
  }

  get holds(): boolean {
    return this.#held !== null;
  }
  /** Whether this message goes on with what is held. */
  goesOn(letter: string, buffer: Buffer, from: number, to: number): boolean {
    if (letter !== 'B' && letter !== 'D') return false;
    if (letter === 'D' && buffer[from + 5] !== STATEMENT) return false;
    const nameFrom = letter === 'B' ? nameEnd(buffer, from + 5, to) + 1 : from + 6;
    return nameIn(buffer, nameFrom, nameEnd(buffer, nameFrom, to)) === this.#held?.name;
  }

  /** Nothing binds what is held: it only prepares. Afterwards the batch may be one that is dropped. */
  release(): Pending {
    const held = this.#held;
    if (held === null) return undefined;
    return after(this.#statementOf(held.name), (statement) => {
      if (statement === null) return undefined;
      const asked = { action: statement.preparing, statement, request: null };
      this.#held = null;
      return after(this.#open(asked, held, null), (exchange) => {
        if (exchange !== null) this.#stepHeld(held, exchange);
      });
    });
  }

  /** The session is over: what is held goes nowhere, and stands on record as the session's own. */
  abandon(): void {
    for (const { buffer, from, to } of this.#held?.messages ?? []) this.#parts.run.keep(null, buffer.subarray(from, to));
    this.#held = null;
  }

  parse({ buffer, from, to }: Message): void {
    const { batch, port } = this.#parts;
    const nameTo = nameEnd(buffer, from + 5, to);
    const name = nameIn(buffer, from + 5, nameTo);
    const textFrom = nameTo + 1;
    const textTo = buffer.indexOf(0, textFrom) + 1;
    const text = readText(buffer.subarray(textFrom, textTo));
    const types = to - textTo === 2 ? noTypes : ownBytes(buffer.subarray(textTo, to));
    const change = this.#prepared.set(name, { text, types, takes: takingsOf(text) }, batch.number);
    if (name !== '') port.named();
    this.#held = { name, messages: [{ kind: 'parse', buffer, from, to, change }] };
  }

  bind(buffer: Buffer, from: number, to: number): Taken {
    const { batch, texts } = this.#parts;
    const nameFrom = nameEnd(buffer, from + 5, to) + 1;
    const nameTo = nameEnd(buffer, nameFrom, to);
    const name = nameIn(buffer, nameFrom, nameTo);
    if (this.#prepared.inDoubt(name, batch.number)) return texts.answered().then(() => null);
    const statement = this.#statementOf(name);
    return statement instanceof Promise
      ? this.#bindLater(statement, name, buffer, from, to, nameTo + 1)
      : this.#bindTo(statement, name, buffer, from, to, nameTo + 1);
  }
  #bindLater(statement: Promise<GateStatement | null>, name: string, buffer: Buffer, from: number, to: number, valuesFrom: number): Taken {
    return statement.then((later) => this.#bindTo(later, name, buffer, from, to, valuesFrom));
  }

  #bindTo(statement: GateStatement | null, name: string, buffer: Buffer, from: number, to: number, valuesFrom: number): Taken {
    if (statement === null) return null;
    const portal = new Portal(statement, this.#prepared.get(name), buffer, from, to, valuesFrom);
    const held = this.#held;
    this.#held = null;
    const exchange = this.#open(portal, held, portal);
    return exchange instanceof Promise ? this.#boundLater(exchange, portal, held) : this.#bound(exchange, portal, held);
  }
  #boundLater(exchange: Promise<StatementExchange | null>, portal: Portal, held: Held | null): Taken {
    return exchange.then((later) => this.#bound(later, portal, held));
  }

  #bound(exchange: StatementExchange | null, portal: Portal, held: Held | null): void {
    if (exchange === null) return;
    exchange.bound = true;
    if (held !== null) this.#stepHeld(held, exchange);
    portal.exchange = exchange;
    if (portal.isNamed) this.#parts.port.named();
    const change = this.#portals.set(portal.name, portal, this.#parts.batch.number);
    this.#step('bind', exchange, portal.buffer, portal.from, portal.to, change);
  }

  describe(buffer: Buffer, from: number, to: number): Taken {
    const { batch, texts } = this.#parts;
    const kind = kindOf(buffer, from, to);
    const name = nameIn(buffer, from + 6, nameEnd(buffer, from + 6, to));
    if ((kind === STATEMENT ? this.#prepared : this.#portals).inDoubt(name, batch.number)) return texts.answered().then(() => null);
    if (kind === STATEMENT) {
      this.#held ??= { name, messages: [] };
      this.#held.messages.push({ kind: 'describe-statement', buffer, from, to });
      return undefined;
    }
    const exchange = this.#portals.get(name)?.exchange ?? null;
    this.#step('describe-portal', exchange?.ended ? null : exchange, buffer, from, to);
    return undefined;
  }

  execute(buffer: Buffer, from: number, to: number): Taken {
    const { batch, texts } = this.#parts;
    const name = nameIn(buffer, from + 5, nameEnd(buffer, from + 5, to));
    if (this.#portals.inDoubt(name, batch.number)) return texts.answered().then(() => null);
    const portal = this.#portals.get(name);
    const reused = this.#reuse(portal?.exchange ?? null);
    if (portal !== undefined && reused !== null) return this.#executed(reused, portal.statement, portal, buffer, from, to);
    return this.#executeAnew(name, portal, { buffer, from, to });
  }

  /** What no Bind of this batch has opened. */
  #executeAnew(name: string, portal: Portal | undefined, message: Message): Taken {
    return after(portal?.statement ?? this.#bySql('fetch all from', name, `(portal "${name}", opened by SQL)`), (statement): Taken => {
      if (statement === null) return null;
      const { buffer, from, to } = message;
      const asked = { action: statement.action, statement, request: portal ?? null };
      return after(this.#open(asked, null, message), (exchange) => this.#executed(exchange, statement, portal, buffer, from, to));
    });
  }

  #executed(
    exchange: StatementExchange | null,
    statement: GateStatement,
    portal: Portal | undefined,
    buffer: Buffer,
    from: number,
    to: number,
  ): void {
    if (exchange === null) return;
    exchange.executed = true;
    if (portal) portal.exchange = exchange;
    if (portal) this.giveUp(portal.takes);
    this.#parts.port.sent(statement);
    this.#step('execute', exchange, buffer, from, to);
  }

  close(message: Message): void {
    const { batch, port } = this.#parts;
    const { buffer, from, to } = message;
    const kind = kindOf(buffer, from, to);
    const name = nameIn(buffer, from + 6, nameEnd(buffer, from + 6, to));
    if (name !== '') port.named();
    const change = (kind === STATEMENT ? this.#prepared : this.#portals).delete(name, batch.number);
    this.#step('close', batch.exchanges.at(-1) ?? null, buffer, from, to, change);
  }

  /** What a name of the protocol stands for; null where the message must be taken anew. */
  #statementOf(name: string): GateStatement | null | Promise<GateStatement | null> {
    const prepared = this.#prepared.get(name);
    if (prepared === undefined) return this.#bySql('execute', name, `(statement "${name}", prepared by SQL)`);
    const read = this.#parts.texts.read(prepared.text);
    return read instanceof Promise ? onlyLater(read, prepared.text) : only(read, prepared.text);
  }

  /** What SQL has made, read as SQL would use it. */
  #bySql(verb: string, name: string, shown: string): GateStatement | null | Promise<GateStatement | null> {
    const text = `${verb} "${name.replaceAll('"', '""')}"`;
    return after(this.#parts.texts.read(text), (read) => only(read, text)?.shownAs(shown) ?? null);
  }

  #stepHeld(held: Held, exchange: StatementExchange): void {
    for (const { kind, buffer, from, to, change } of held.messages) this.#step(kind, exchange, buffer, from, to, change);
  }

  /** The portal's exchange of this batch that has not been run yet: Bind and Execute of one statement are one. */
  #reuse(exchange: StatementExchange | null): StatementExchange | null {
    return exchange && !exchange.ended && !exchange.executed ? exchange : null;
  }

  /** Opens an exchange within a batch, for what is held and a message; null where the gate refused it, and then the batch is dropped up to Sync. */
  #open(asked: Asked, held: Held | null, message: Message | null): StatementExchange | null | Promise<StatementExchange | null> {
    const exchange = this.#parts.port.open(asked);
    return exchange instanceof Promise ? this.#openedLater(exchange, held, message) : this.#opened(exchange, held, message);
  }
  #openedLater(exchange: Promise<StatementExchange>, held: Held | null, message: Message | null): Promise<StatementExchange | null> {
    return exchange.then((later) => this.#opened(later, held, message));
  }

  #opened(exchange: StatementExchange, held: Held | null, message: Message | null): StatementExchange | null {
    this.#parts.batch.add(exchange);
    if (exchange.gate.kind === 'open') return exchange;
    return this.#refuse(exchange, held, message);
  }
  #refuse(exchange: StatementExchange, held: Held | null, message: Message | null): null {
    const { batch, refusing } = this.#parts;
    const messages: readonly HeldMessage[] = held?.messages ?? [];
    for (const { change } of messages) change?.reject();
    const refused = message === null ? messages : [...messages, message];
    refusing.refuse(exchange, wordsTo(exchange), ...refused.map(({ buffer, from, to }) => buffer.subarray(from, to)));
    batch.dropping = exchange;
    return null;
  }

  #step(
    kind: ExtendedKind,
    exchange: StatementExchange | null,
    buffer: Buffer,
    from: number,
    to: number,
    change: Change | null = null,
  ): void {
    const { batch, steps, run } = this.#parts;
    batch.encodingInDoubt = true;
    steps.extend(kind, exchange, change);
    run.add(exchange, buffer, from, to);
  }
}

const noTypes = Buffer.alloc(2);

/** Whether Describe or Close is about a statement or a portal. */
function kindOf(buffer: Buffer, from: number, to: number): number {
  if (from + 5 >= to) throw new MalformedBytes('a message says neither statement nor portal');
  return buffer[from + 5] ?? 0;
}

/** PostgreSQL prepares no text of several statements. */
function only(read: ReadText | null, text: string): GateStatement | null {
  if (read === null) return null;
  const first = read.statements[0];
  return first === undefined || read.statements.length > 1
    ? GateStatement.unreadable(text, 'several statements in one that is prepared')
    : first;
}

function onlyLater(read: Promise<ReadText | null>, text: string): Promise<GateStatement | null> {
  return read.then((later) => only(later, text));
}
