import type { Direction } from '../../core/entry.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Cell, Part } from '../../core/part.ts';
import type { Decoder } from '../../core/protocol.ts';
import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { type Column, type Described, openReading, type Reading, restored, saved } from './decoder-state.ts';
import { type Call, readCall } from './large-objects.ts';
import type { Message } from './message-assembly.ts';
import { parseFields } from './messages.ts';
import { readValue } from './values.ts';

/** The types of what large objects give, by their OIDs in pg_type. */
const typeOids = { oid: 26, int4: 23, int8: 20, bytea: 17 } as const;

/** Reads the recorded bytes of one session into rows, texts and marks. Throws on a state that it cannot have saved. */
export function createDecoder(state?: Json): Decoder {
  return new SessionDecoder(state);
}

class SessionDecoder implements Decoder {
  readonly #statements: Map<string, Described>;
  readonly #channel: Reading;
  #current: { exchange: number; reading: Reading } | null = null;
  /** Readings whose exchanges answer out of turn with the newest: those of a pipeline. */
  readonly #open: Map<number, Reading>;

  constructor(state?: Json) {
    const known = state === undefined ? { statements: new Map(), readings: new Map() } : restored(state);
    this.#statements = known.statements;
    this.#channel = known.readings.get(0) ?? openReading();
    known.readings.delete(0);
    this.#open = known.readings;
  }

  save(open: readonly number[]): Json | null {
    const readings = new Map<number, Reading>([[0, this.#channel]]);
    for (const exchange of open) {
      const reading = exchange === 0 ? undefined : this.#open.get(exchange);
      if (reading !== undefined) readings.set(exchange, reading);
    }
    return saved({ statements: this.#statements, readings });
  }

  bytes(exchange: number, direction: Direction, bytes: Uint8Array): readonly Part[] {
    const reading = this.#readingOf(exchange);
    const collected = new Parts();
    const messages = reading[direction].feed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    for (const message of messages) {
      try {
        if (direction === 'request') this.#request(message, reading, collected);
        else this.#reply(message, reading, collected);
      } catch (fault) {
        if (!(fault instanceof MalformedBytes || fault instanceof RangeError)) throw fault;
        collected.add({ shape: 'mark', name: 'malformed', detail: { type: message.type, reason: fault.message } });
      }
    }
    return collected.finish();
  }

  withheld(exchange: number, direction: Direction): void {
    this.#readingOf(exchange)[direction].drop();
  }

  #readingOf(exchange: number): Reading {
    if (exchange === 0) return this.#channel;
    if (this.#current?.exchange === exchange) return this.#current.reading;
    const reading = this.#open.get(exchange) ?? openReading();
    this.#open.set(exchange, reading);
    this.#current = { exchange, reading };
    // A pipeline is answered in order; what lies this far back has been answered.
    if (this.#open.size > 4096) this.#open.delete(this.#open.keys().next().value ?? 0);
    return reading;
  }

  #request({ type, body, whole }: Message, reading: Reading, parts: Parts): void {
    const reader = new ByteReader(body);
    if (type === 'untyped') parts.add(opening(whole));
    else if (type === 'Q') parts.add({ shape: 'text', text: reader.cstring() });
    else if (type === 'P') this.#parse(reader, parts);
    else if (type === 'B') parts.add(this.#bind(reader, reading));
    else if (type === 'D') reading.describing.push(reader.uint8() === 0x53 ? this.#describedBy(reader.cstring()) : null);
    else if (type === 'd') parts.add(copied(body, reading.copyText));
    else if (type === 'F') this.#call(reader, reading, parts);
    else if (type === 'f') parts.add(mark('copy-failed', { message: reader.cstring() }));
  }

  #parse(reader: ByteReader, parts: Parts): void {
    const name = reader.cstring();
    parts.add({ shape: 'text', text: reader.cstring() });
    const count = reader.uint16();
    const types = Array.from({ length: count }, () => reader.uint32());
    this.#statements.set(name, { types, columns: null });
    if (this.#statements.size > 10_000) this.#statements.delete(this.#statements.keys().next().value ?? '');
  }

  #bind(reader: ByteReader, reading: Reading): Part {
    reader.cstring();
    const statement = this.#describedBy(reader.cstring());
    const formats = readFormats(reader);
    const count = reader.uint16();
    const values: Cell[] = [];
    for (let index = 0; index < count; index += 1) {
      const length = reader.int32();
      const format = formats.length === 1 ? formats[0] : formats[index];
      values.push(length < 0 ? null : readValue(reader.bytes(length), format ?? 0, statement.types[index] ?? 0));
    }
    reading.formats = readFormats(reader);
    reading.columns = statement.columns;
    return mark('parameters', { values });
  }

  #call(reader: ByteReader, reading: Reading, parts: Parts): void {
    const call = readCall(reader);
    if ('kind' in call) return parts.add(mark('function-call', { refused: call.message }));
    reading.call = call;
    parts.add({ shape: 'text', text: call.text });
    if (call.content) parts.add(opaque(call.content));
  }

  #describedBy(name: string): Described {
    const known = this.#statements.get(name);
    if (known) return known;
    const unknown: Described = { types: [], columns: null };
    this.#statements.set(name, unknown);
    return unknown;
  }

  #reply({ type, body }: Message, reading: Reading, parts: Parts): void {
    const reader = new ByteReader(body);
    switch (type) {
      case 'T':
        return this.#describe(readColumns(reader), reading, parts);
      case 'n':
        reading.describing.shift();
        return;
      case 't': {
        const described = reading.describing[0];
        const count = reader.uint16();
        if (described) described.types = Array.from({ length: count }, () => reader.uint32());
        return;
      }
      case 'D':
        return parts.row(readRow(reader, reading), reading.columns);
      case 'V':
        return returned(reader, reading.call, parts);
      case 'C':
        return parts.add(mark('complete', { tag: reader.cstring() }));
      case 's':
        return parts.add(mark('suspended', {}));
      case 'E':
      case 'N':
        return parts.add(mark(type === 'E' ? 'error' : 'notice', { ...parseFields(body) }));
      case 'S':
        return parts.add(mark('setting', { name: reader.cstring(), value: reader.cstring() }));
      case 'A':
        return parts.add(mark('notification', { process: reader.uint32(), channel: reader.cstring(), payload: reader.cstring() }));
      case 'G':
      case 'H':
        reading.copyText = reader.uint8() === 0;
        return;
      case 'd':
        return parts.add(copied(body, reading.copyText));
      default:
        return;
    }
  }

  #describe(described: { columns: readonly Column[]; formats: readonly number[] }, reading: Reading, parts: Parts): void {
    const statement = reading.describing.shift();
    if (statement) statement.columns = described.columns;
    // A described statement has text formats throughout; Bind says the true ones.
    else reading.formats = described.formats;
    reading.columns = described.columns;
    parts.head(described.columns);
  }
}

/** Collects parts: the rows of one socket read become one part. */
class Parts {
  readonly #parts: Part[] = [];
  #rows: (readonly Cell[])[] = [];
  #columns: readonly Column[] | null = null;

  add(part: Part): void {
    this.#close();
    const last = this.#parts.at(-1);
    if (part.shape === 'text' && last?.shape === 'text' && this.#copying)
      this.#parts[this.#parts.length - 1] = { shape: 'text', text: last.text + part.text };
    else this.#parts.push(part);
    this.#copying = part.shape === 'text';
  }
  #copying = false;

  /** A result begins: its columns are shown even where no row follows. */
  head(columns: readonly Column[]): void {
    this.#close();
    this.#columns = columns;
    this.#rows = [];
    this.#begun = true;
  }
  #begun = false;

  row(cells: readonly Cell[], columns: readonly Column[] | null): void {
    this.#columns = columns;
    this.#begun = true;
    this.#rows.push(cells);
  }
  finish(): readonly Part[] {
    this.#close();
    return this.#parts;
  }
  #close(): void {
    if (!this.#begun) return;
    const width = this.#rows[0]?.length ?? 0;
    const columns = this.#columns?.map((column) => column.name) ?? Array.from({ length: width }, (_, index) => `column ${index + 1}`);
    this.#parts.push({ shape: 'rows', columns, rows: this.#rows });
    this.#rows = [];
    this.#begun = false;
  }
}

function readFormats(reader: ByteReader): readonly number[] {
  const count = reader.uint16();
  return Array.from({ length: count }, () => reader.uint16());
}

function readColumns(reader: ByteReader): { columns: readonly Column[]; formats: readonly number[] } {
  const count = reader.uint16();
  const columns: Column[] = [];
  const formats: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = reader.cstring();
    reader.bytes(6);
    columns.push({ name, type: reader.uint32() });
    reader.bytes(6);
    formats.push(reader.uint16());
  }
  return { columns, formats };
}

function readRow(reader: ByteReader, { columns, formats }: Reading): readonly Cell[] {
  const count = reader.uint16();
  const cells: Cell[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = reader.int32();
    const format = (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
    cells.push(length < 0 ? null : readValue(reader.bytes(length), format, columns?.[index]?.type ?? 0));
  }
  return cells;
}

function copied(body: Buffer, text: boolean): Part {
  if (text) return { shape: 'text', text: body.toString('utf8') };
  return opaque(body);
}

function opaque(bytes: Buffer): Part {
  return { shape: 'bytes', count: bytes.length, base64: bytes.toString('base64') };
}

/** The result of a FunctionCall: a number as a row, content as what it is. */
function returned(reader: ByteReader, call: Call | null, parts: Parts): void {
  const length = reader.int32();
  const value = length < 0 ? null : reader.bytes(length);
  if (value !== null && call?.function.gives === 'bytea') return parts.add(opaque(value));
  const type = call ? typeOids[call.function.gives] : 0;
  const cell = value === null ? null : readValue(value, call?.givesText ? 0 : 1, type);
  parts.add({ shape: 'rows', columns: [call?.function.name ?? 'result'], rows: [[cell]] });
}

/** The start-up message as the target was sent it, or a cancel. */
function opening(whole: Buffer): Part {
  const reader = new ByteReader(whole, 8);
  if (whole.readUInt16BE(4) !== 3) return mark('cancel', {});
  const detail: Record<string, string> = {};
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) detail[name] = reader.cstring();
  return mark('start-up', detail);
}

function mark(name: string, detail: JsonObject): Part {
  return { shape: 'mark', name, detail };
}
