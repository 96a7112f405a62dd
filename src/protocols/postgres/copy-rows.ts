import type { RowBuffer } from './row-buffer.ts';

/** The rows of a copy, as they come: takes what CopyData messages hold and writes what takes its place. */
export interface CopyRows {
  /** Whole rows are written; what is left of the last one waits for the next call. */
  feed(bytes: Buffer, out: RowBuffer): void;
  /** The copy is over: what waits is its last row. */
  finish(out: RowBuffer): void;
}
