import type { ColumnMask, Tally } from '../../core/masking.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { type BinaryForm, binaryForm } from './binary-values.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { Showing } from './showing.ts';

const DATA_ROW = 0x44;
const headerBytes = 5;
const BINARY = 1;
const nullValue = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** Writes what takes the place of one value. */
export interface CellMask {
  write(source: Buffer, from: number, to: number, out: RowBuffer, tally: Tally): void;
  /** Counts what was replaced without looking at it. */
  settle(tally: Tally): void;
}

/** How the values of a column come: their type and format; null where nobody has said. */
export interface CellForm {
  readonly type: number | null;
  readonly format: number | null;
}

/** What is done to the values of a column; null where they pass. */
export function cellMask(mask: ColumnMask | null, { type, format }: CellForm): CellMask | null {
  if (mask === null) return null;
  // Of a format that nobody has said, nothing but NULL is valid.
  if (format === null) return new FixedCell(mask, null);
  const form = format === BINARY ? binaryForm(type ?? 0) : null;
  if (mask.always !== undefined) return new FixedCell(mask, fixedBytes(mask.always, format, form));
  if (format !== BINARY) return new TextCell(mask);
  return form === null ? new OpaqueCell(mask) : new BinaryCell(mask, form);
}

function fixedBytes(text: string | null, format: number, form: BinaryForm | null): Buffer | null {
  if (text === null) return null;
  return format === BINARY ? (form?.write(text) ?? null) : Buffer.from(text, 'utf8');
}

class FixedCell implements CellMask {
  readonly #mask: ColumnMask;
  readonly #bytes: Buffer;
  #values = 0;

  constructor(mask: ColumnMask, value: Buffer | null) {
    this.#mask = mask;
    this.#bytes = value === null ? nullValue : Buffer.concat([lengthOf(value), value]);
  }
  write(_source: Buffer, _from: number, _to: number, out: RowBuffer): void {
    this.#values += 1;
    out.copy(this.#bytes, 0, this.#bytes.length);
  }
  settle(tally: Tally): void {
    this.#mask.count(this.#values, tally);
    this.#values = 0;
  }
}

class TextCell implements CellMask {
  readonly #mask: ColumnMask;
  constructor(mask: ColumnMask) {
    this.#mask = mask;
  }
  write(source: Buffer, from: number, to: number, out: RowBuffer, tally: Tally): void {
    const { text, encoding } = decoded(source, from, to);
    const masked = this.#mask.apply(text, tally);
    if (masked === text) {
      out.int32(to - from);
      out.copy(source, from, to);
    } else if (masked === null) out.int32(-1);
    else out.value(masked, encoding);
  }
  settle(): void {}
}

/** In a client encoding that is not UTF-8 each byte stands for itself, so that what is not masked goes back as it came. */
export function decoded(source: Buffer, from: number, to: number): { readonly text: string; readonly encoding: 'utf8' | 'latin1' } {
  const text = source.toString('utf8', from, to);
  return text.includes('\ufffd') ? { text: source.toString('latin1', from, to), encoding: 'latin1' } : { text, encoding: 'utf8' };
}

class BinaryCell implements CellMask {
  readonly #mask: ColumnMask;
  readonly #form: BinaryForm;
  constructor(mask: ColumnMask, form: BinaryForm) {
    this.#mask = mask;
    this.#form = form;
  }
  write(source: Buffer, from: number, to: number, out: RowBuffer, tally: Tally): void {
    const text = this.#read(source.subarray(from, to));
    const masked = text === null ? null : this.#mask.apply(text, tally);
    if (masked !== null && masked === text && this.#mask.always === undefined) {
      out.int32(to - from);
      out.copy(source, from, to);
      return;
    }
    put(masked === null ? null : this.#form.write(masked), out);
  }
  #read(bytes: Buffer): string | null {
    try {
      return this.#form.read(bytes);
    } catch {
      // A value that is not what its type says.
      return null;
    }
  }
  settle(): void {}
}

/** A type that is not known here: searched as the text that its bytes may hold, and NULL where anything is found. */
class OpaqueCell implements CellMask {
  readonly #mask: ColumnMask;
  constructor(mask: ColumnMask) {
    this.#mask = mask;
  }
  write(source: Buffer, from: number, to: number, out: RowBuffer, tally: Tally): void {
    const text = source.toString('latin1', from, to);
    if (this.#mask.apply(text, tally) !== text) return out.int32(-1);
    out.int32(to - from);
    out.copy(source, from, to);
  }
  settle(): void {}
}

function put(value: Buffer | null, out: RowBuffer): void {
  if (value === null) return out.int32(-1);
  out.int32(value.length);
  out.copy(value, 0, value.length);
}

function lengthOf(value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length);
  return length;
}

/** What is done to the rows of one result. */
export class RowMasking implements Showing {
  readonly #cells: readonly (CellMask | null)[];
  readonly #tally: Tally;

  constructor(cells: readonly (CellMask | null)[], tally: Tally) {
    this.#cells = cells;
    this.#tally = tally;
  }

  /** Writes one DataRow anew. Throws MalformedBytes where it has another number of columns than were announced. */
  write(buffer: Buffer, from: number, to: number, out: RowBuffer): void {
    const cells = this.#cells;
    const count = to - from < headerBytes + 2 ? -1 : buffer.readUInt16BE(from + headerBytes);
    if (count !== cells.length) throw new MalformedBytes(`a row of ${count} columns where ${cells.length} were announced`);
    out.open(DATA_ROW);
    let at = from + headerBytes + 2;
    // What stands between two masked values is copied in one piece.
    let kept = from + headerBytes;
    for (const cell of cells) {
      if (to - at < 4) throw new MalformedBytes('a row that ends within a value');
      const length = buffer.readInt32BE(at);
      const start = at + 4;
      at = length < 0 ? start : start + length;
      if (at > to) throw new MalformedBytes('a value that is longer than its row');
      if (length < 0 || cell === null) continue;
      out.copy(buffer, kept, start - 4);
      cell.write(buffer, start, at, out, this.#tally);
      kept = at;
    }
    if (at !== to) throw new MalformedBytes('a row with more than its values');
    out.copy(buffer, kept, to);
    out.close();
  }

  settle(): void {
    for (const cell of this.#cells) cell?.settle(this.#tally);
  }
}

/** The rows of a result of which nothing is known, not even how many columns it has: nothing of them is shown. */
export class NullRows implements Showing {
  readonly #tally: Tally;

  constructor(tally: Tally) {
    this.#tally = tally;
  }
  write(buffer: Buffer, from: number, _to: number, out: RowBuffer): void {
    const count = buffer.readUInt16BE(from + headerBytes);
    out.open(DATA_ROW);
    out.uint16(count);
    for (let index = 0; index < count; index += 1) out.int32(-1);
    out.close();
    if (count > 0) this.#tally.add('lineage', null, null, count);
  }
  settle(): void {}
}
