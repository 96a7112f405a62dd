import type { RowBuffer } from './row-buffer.ts';

/** What is done to the rows of one result. */
export interface Showing {
  /** Writes one message with rows anew; nothing where it completes no row. */
  write(buffer: Buffer, from: number, to: number, out: RowBuffer): void;
  /** What is held of rows that are not whole, at their end. */
  finish?(out: RowBuffer): void;
  /** Counts what was masked without being looked at. */
  settle(): void;
}
