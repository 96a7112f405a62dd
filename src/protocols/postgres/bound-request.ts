import type { Action } from '../../core/action.ts';
import type { Cell } from '../../core/part.ts';
import { ByteReader } from '../../wire/byte-reader.ts';
import { cstring } from './messages.ts';
import type { GateStatement } from './statement-reader.ts';
import { readValue } from './values.ts';

/** What of a request decides what it does, beside its text. */
export interface Request {
  /** In a form that is the same whenever the same is asked again. */
  readonly bytes: Buffer;
  /** The bind values, as a person reads them. */
  readonly parameters: readonly Cell[];
  /** The formats in which the rows are wanted, as Bind has them: none is text throughout. */
  readonly formats?: readonly number[];
}

/** A statement with its values, as Parse and Bind give them. Names of statements and portals are left out: they mean nothing by themselves. */
export class BoundRequest implements Request {
  readonly statement: GateStatement;
  /** A count and as many OIDs; empty where somebody else prepared it. */
  readonly types: Buffer;
  /** Bind is `buffer[from, to)`; behind its names it has formats and values of parameters, and the formats of results. */
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  readonly #valuesFrom: number;

  constructor(statement: GateStatement, types: Buffer, buffer: Buffer, from: number, to: number, valuesFrom: number) {
    this.statement = statement;
    this.types = types;
    this.buffer = buffer;
    this.from = from;
    this.to = to;
    this.#valuesFrom = valuesFrom;
  }

  get action(): Action {
    return this.statement.action;
  }
  /** It is what an exchange of its own asks, and needs no other object for that: there is one for each Bind. */
  get request(): this {
    return this;
  }

  /** Made when it is asked for, and few statements are asked. */
  get values(): Buffer {
    return this.buffer.subarray(this.#valuesFrom, this.to);
  }

  get bytes(): Buffer {
    return Buffer.concat([Buffer.from('B'), cstring(this.action.text), this.types, this.values]);
  }

  /** Formats and values of the parameters, without the formats of results. Throws MalformedBytes where Bind is none. */
  get given(): Buffer {
    const { values } = this;
    const reader = new ByteReader(values);
    reader.bytes(2 * reader.uint16());
    for (let left = reader.uint16(); left > 0; left -= 1) reader.bytes(Math.max(0, reader.int32()));
    return values.subarray(0, values.length - reader.left);
  }

  /** Throws MalformedBytes where Bind is none. */
  get parameters(): readonly Cell[] {
    const reader = new ByteReader(this.values);
    const formats = Array.from({ length: reader.uint16() }, () => reader.uint16());
    const types = typesOf(this.types);
    return Array.from({ length: reader.uint16() }, (_, index) => {
      const length = reader.int32();
      const format = (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
      return length < 0 ? null : readValue(reader.bytes(length), format, types[index] ?? 0);
    });
  }

  /** Throws MalformedBytes where Bind is none. */
  get formats(): readonly number[] {
    const reader = new ByteReader(this.values);
    reader.bytes(2 * reader.uint16());
    for (let left = reader.uint16(); left > 0; left -= 1) reader.bytes(Math.max(0, reader.int32()));
    return Array.from({ length: reader.uint16() }, () => reader.uint16());
  }
}

function typesOf(bytes: Buffer): readonly number[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  return Array.from({ length: reader.uint16() }, () => reader.uint32());
}
