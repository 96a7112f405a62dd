import { ownBytes } from '../../core/own-bytes.ts';
import { ByteReader } from '../../wire/byte-reader.ts';
import { after } from './at-once.ts';
import type { Batch } from './batch.ts';
import { BoundRequest } from './bound-request.ts';
import { type Change, Names, type Portal, type Prepared } from './prepared.ts';
import type { Refusing } from './refusing.ts';
import type { Asked } from './asked.ts';
import type { RequestPort } from './request-port.ts';
import type { RequestRun } from './request-run.ts';
import { readName, readText } from './request-text.ts';
import { wordsTo } from './stand-ins.ts';
import type { StatementExchange } from './statement-exchange.ts';
import { GateStatement, type ReadText } from './statement-reader.ts';
import type { ExtendedKind, Steps } from './steps.ts';
import { nothing, type Takings, takingsOf } from './takings.ts';
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

/** A Bind, as far as it was read. */
interface BindMessage extends Message {
  readonly portal: string;
  readonly name: string;
  /** Where formats and values begin. */
  readonly valuesFrom: number;
}
/** What a Bind was judged by. */
interface Bound {
  readonly statement: GateStatement;
  readonly request: BoundRequest;
  readonly held: Held | null;
  readonly takes: Takings;
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
const nobodysTypes = Buffer.alloc(0);

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
    const reader = new ByteReader(buffer, from + 5, to);
    if (letter === 'B') readName(reader);
    else if (reader.uint8() !== STATEMENT) return false;
    return readName(reader) === this.#held?.name;
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
    const reader = new ByteReader(buffer, from + 5, to);
    const name = readName(reader);
    const textFrom = to - reader.left;
    const textTo = buffer.indexOf(0, textFrom) + 1;
    const text = readText(buffer.subarray(textFrom, textTo));
    const types = to - textTo === 2 ? noTypes : ownBytes(buffer.subarray(textTo, to));
    const change = this.#prepared.set(name, { text, types, takes: takingsOf(text) }, batch.number);
    if (name !== '') port.named();
    this.#held = { name, messages: [{ kind: 'parse', buffer, from, to, change }] };
  }

  bind(buffer: Buffer, from: number, to: number): Taken {
    const { batch, texts } = this.#parts;
    const reader = new ByteReader(buffer, from + 5, to);
    const portal = readName(reader);
    const name = readName(reader);
    if (this.#prepared.inDoubt(name, batch.number)) return texts.answered().then(() => null);
    const message = { buffer, from, to, portal, name, valuesFrom: to - reader.left };
    const statement = this.#statementOf(name);
    return statement instanceof Promise ? this.#bindLater(statement, message) : this.#bindTo(statement, message);
  }
  #bindLater(statement: Promise<GateStatement | null>, message: BindMessage): Taken {
    return statement.then((later) => this.#bindTo(later, message));
  }

  #bindTo(statement: GateStatement | null, message: BindMessage): Taken {
    if (statement === null) return null;
    const prepared = this.#prepared.get(message.name);
    const { buffer, valuesFrom, to } = message;
    const request = new BoundRequest(statement.action.text, prepared?.types ?? nobodysTypes, buffer, valuesFrom, to);
    const held = this.#held;
    this.#held = null;
    const bound = { statement, request, held, takes: prepared?.takes ?? nothing };
    const exchange = this.#open({ action: statement.action, statement, request }, held, message);
    return exchange instanceof Promise ? this.#boundLater(exchange, bound, message) : this.#bound(exchange, bound, message);
  }
  #boundLater(exchange: Promise<StatementExchange | null>, bound: Bound, message: BindMessage): Taken {
    return exchange.then((later) => this.#bound(later, bound, message));
  }

  #bound(exchange: StatementExchange | null, { statement, request, held, takes }: Bound, message: BindMessage): void {
    if (exchange === null) return;
    exchange.bound = true;
    if (held !== null) this.#stepHeld(held, exchange);
    if (message.portal !== '') this.#parts.port.named();
    const change = this.#portals.set(message.portal, { statement, request, exchange, takes }, this.#parts.batch.number);
    this.#step('bind', exchange, message.buffer, message.from, message.to, change);
  }

  describe(buffer: Buffer, from: number, to: number): Taken {
    const { batch, texts } = this.#parts;
    const reader = new ByteReader(buffer, from + 5, to);
    const kind = reader.uint8();
    const name = readName(reader);
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
    const name = readName(new ByteReader(buffer, from + 5, to));
    if (this.#portals.inDoubt(name, batch.number)) return texts.answered().then(() => null);
    const portal = this.#portals.get(name);
    const reused = this.#reuse(portal?.exchange);
    if (portal !== undefined && reused !== null) return this.#executed(reused, portal.statement, portal, buffer, from, to);
    return this.#executeAnew(name, portal, { buffer, from, to });
  }

  /** What no Bind of this batch has opened. */
  #executeAnew(name: string, portal: Portal | undefined, message: Message): Taken {
    return after(portal?.statement ?? this.#bySql('fetch all from', name, `(portal "${name}", opened by SQL)`), (statement): Taken => {
      if (statement === null) return null;
      const { buffer, from, to } = message;
      const asked = { action: statement.action, statement, request: portal?.request ?? null };
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
    const reader = new ByteReader(message.buffer, message.from + 5, message.to);
    const [kind, name] = [reader.uint8(), readName(reader)];
    if (name !== '') port.named();
    const change = (kind === STATEMENT ? this.#prepared : this.#portals).delete(name, batch.number);
    this.#step('close', batch.exchanges.at(-1) ?? null, message.buffer, message.from, message.to, change);
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
  #reuse(exchange: StatementExchange | undefined): StatementExchange | null {
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

  #step(kind: ExtendedKind, exchange: StatementExchange | null, buffer: Buffer, from: number, to: number, change?: Change): void {
    const { batch, steps, run } = this.#parts;
    batch.encodingInDoubt = true;
    steps.push(change ? { kind, exchange, change } : { kind, exchange });
    run.add(exchange, buffer, from, to);
  }
}

const noTypes = Buffer.alloc(2);

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
