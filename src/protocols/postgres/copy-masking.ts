import type { ColumnMask, Tally } from '../../core/masking.ts';
import type { CopyLayout } from '../../sql/copy-layout.ts';
import type { CopyRows } from './copy-rows.ts';
import { CopyBinaryRows } from './copy-binary-rows.ts';
import { CopyTextRows } from './copy-text-rows.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { Showing } from './showing.ts';

const COPY_DATA = 0x64;
const headerBytes = 5;

/** What is done to a copy from the target. */
export class CopyMasking implements Showing {
  readonly #rows: CopyRows;

  constructor(layout: CopyLayout, masks: readonly (ColumnMask | null)[], tally: Tally) {
    this.#rows = layout.format === 'binary' ? new CopyBinaryRows(masks, tally) : new CopyTextRows(layout, masks, tally);
  }

  /** Writes one CopyData anew; nothing where it completes no row. */
  write(buffer: Buffer, from: number, to: number, out: RowBuffer): void {
    this.#message(out, () => this.#rows.feed(buffer.subarray(from + headerBytes, to), out));
  }
  /** Writes what was held to the end. */
  finish(out: RowBuffer): void {
    this.#message(out, () => this.#rows.finish(out));
  }

  settle(): void {}

  #message(out: RowBuffer, write: () => void): void {
    out.open(COPY_DATA);
    const empty = out.length;
    write();
    if (out.length === empty) out.drop();
    else out.close();
  }
}
