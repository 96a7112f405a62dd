import { closeSync, fdatasync, fsync, ftruncateSync, open, openSync, unlinkSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from '../../core/segment.ts';

const openFile = promisify(open);
const syncFile = promisify(fsync);

/** The segment being written. `offset` is the end of the last whole commit; what lies behind it does not count. */
export class SegmentFile {
  readonly number: number;
  offset = segmentHeaderBytes;
  readonly #path: string;
  #descriptor: number;

  private constructor(folder: string, number: number, descriptor: number) {
    this.number = number;
    this.#path = join(folder, segmentName(number));
    this.#descriptor = descriptor;
  }

  /** Makes a new segment that survives a power cut: header, file and folder are on disk when it resolves. */
  static async create(folder: string, number: number): Promise<SegmentFile> {
    const path = join(folder, segmentName(number));
    const descriptor = await openFile(path, 'wx', 0o600);
    try {
      writeWhole(descriptor, [encodeSegmentHeader(number)], segmentHeaderBytes, 0);
      await syncFile(descriptor);
      await syncFolder(folder);
    } catch (fault) {
      closeSync(descriptor);
      unlinkSync(path);
      throw fault;
    }
    return new SegmentFile(folder, number, descriptor);
  }

  /** All or nothing as far as `offset` tells; after a fault `repair` must succeed before the next append. */
  append(vectors: Uint8Array[], total: number): void {
    writeWhole(this.#descriptor, vectors, total, this.offset);
    this.offset += total;
  }

  /** Cuts what a failed append left behind the last whole commit. */
  repair(): void {
    try {
      ftruncateSync(this.#descriptor, this.offset);
    } catch (fault) {
      if (!(fault instanceof Error) || !('code' in fault) || fault.code !== 'EBADF') throw fault;
      this.#descriptor = openSync(this.#path, 'r+');
      ftruncateSync(this.#descriptor, this.offset);
    }
  }

  sync(done: (fault: Error | null) => void): void {
    fdatasync(this.#descriptor, done);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const descriptor = await openFile(folder, 'r');
  try {
    await syncFile(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

// Synchronous on purpose: a write into the page cache takes some µs, a trip through the thread pool some tens.
function writeWhole(descriptor: number, vectors: Uint8Array[], total: number, position: number): void {
  let rest = vectors;
  let written = 0;
  while (written < total) {
    const [first] = rest;
    const count =
      rest.length === 1 && first !== undefined
        ? writeSync(descriptor, first, 0, first.length, position + written)
        : writevSync(descriptor, rest, position + written);
    if (count === 0) throw new Error('the journal took no bytes');
    written += count;
    if (written < total) rest = after(rest, count);
  }
}

/** What is left of the vectors after a short write. */
function after(vectors: Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const rest: Uint8Array[] = [];
  for (const vector of vectors) {
    if (skip < vector.length) rest.push(vector.subarray(skip));
    skip = Math.max(0, skip - vector.length);
  }
  return rest;
}
