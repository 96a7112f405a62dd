import type { ColumnMask, Tally } from '../../core/masking.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import type { CopyRows } from './copy-rows.ts';
import { joined } from './held-bytes.ts';
import type { RowBuffer } from './row-buffer.ts';

/** `PGCOPY\n\xff\r\n\0`, four bytes of flags, and the length of an extension (COPY, binary format). */
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const headerBytes = signature.length + 8;

/** Rows in the format binary. They name no types, so a masked value is NULL. */
export class CopyBinaryRows implements CopyRows {
  readonly #masks: readonly (ColumnMask | null)[];
  readonly #tally: Tally;
  #held: Buffer | null = null;
  #begun = false;

  constructor(masks: readonly (ColumnMask | null)[], tally: Tally) {
    this.#masks = masks;
    this.#tally = tally;
  }

  feed(bytes: Buffer, out: RowBuffer): void {
    const buffer = joined(this.#held, bytes);
    let at = this.#begun ? 0 : this.#header(buffer, out);
    if (at >= 0) for (let end = rowEnd(buffer, at); end !== -1; end = rowEnd(buffer, at)) at = this.#row(buffer, at, end, out);
    else at = 0;
    this.#held = at === buffer.length ? null : Buffer.from(buffer.subarray(at));
  }

  finish(): void {
    if (this.#held !== null) throw new MalformedBytes('a copy that ends within a row');
  }

  /** Where the rows begin; -1 where the header is not whole. */
  #header(buffer: Buffer, out: RowBuffer): number {
    if (buffer.length < headerBytes) return -1;
    if (!buffer.subarray(0, signature.length).equals(signature)) throw new MalformedBytes('a binary copy without its signature');
    const end = headerBytes + buffer.readUInt32BE(signature.length + 4);
    if (buffer.length < end) return -1;
    this.#begun = true;
    out.copy(buffer, 0, end);
    return end;
  }

  #row(buffer: Buffer, from: number, end: number, out: RowBuffer): number {
    const count = buffer.readInt16BE(from);
    if (count !== -1 && count !== this.#masks.length)
      throw new MalformedBytes(`a row of ${count} columns in a copy of ${this.#masks.length}`);
    let kept = from;
    let at = from + 2;
    for (const mask of count === -1 ? [] : this.#masks) {
      const length = buffer.readInt32BE(at);
      const start = at + 4;
      at = length < 0 ? start : start + length;
      if (length < 0 || mask === null || !this.#finds(mask, buffer, start, at)) continue;
      out.copy(buffer, kept, start - 4);
      out.int32(-1);
      kept = at;
    }
    out.copy(buffer, kept, end);
    return end;
  }

  #finds(mask: ColumnMask, buffer: Buffer, from: number, to: number): boolean {
    const text = buffer.toString('latin1', from, to);
    return mask.apply(text, this.#tally) !== text;
  }
}

/** The end of the row or trailer that begins at `from`, or -1 where it is not whole. */
function rowEnd(buffer: Buffer, from: number): number {
  if (buffer.length - from < 2) return -1;
  const count = buffer.readInt16BE(from);
  let at = from + 2;
  for (let index = 0; index < count; index += 1) {
    if (buffer.length - at < 4) return -1;
    at += 4 + Math.max(0, buffer.readInt32BE(at));
  }
  return at > buffer.length ? -1 : at;
}
