import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSegmentHeader, segmentHeaderBytes, segmentName } from '../core/segment.ts';
import { isMissing, journalFolder, segmentsOf } from './layout.ts';
import type { Position } from './store.ts';

/** What stands in the journal from a position on. */
export type Piece =
  /** `offset` is where the first frame begins; `last` tells that the piece reaches the end of what is committed in this segment. */
  | { readonly kind: 'frames'; readonly bytes: Buffer; readonly offset: number; readonly last: boolean }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'missing' };

export function segmentPath(state: string, number: number): string {
  return join(journalFolder(state), segmentName(number));
}

/** Reads frames at `from` into a buffer, as many as it holds and none beyond `committed`. */
export function readPiece(state: string, from: Position, committed: Position, into: Buffer): Piece {
  const file = openSegment(segmentPath(state, from.segment));
  if (file === null) return { kind: 'missing' };
  try {
    const length = fstatSync(file).size;
    const end = from.segment === committed.segment ? committed.offset : length;
    if (length < end) return { kind: 'damaged', reason: `the segment has ${length} bytes, but ${end} were committed` };
    if (from.offset > end) return { kind: 'damaged', reason: `the segment has ${end} bytes, but ${from.offset} were read before` };
    const offset = Math.max(from.offset, segmentHeaderBytes);
    if (!isSegmentHeader(readAt(file, 0, Buffer.alloc(segmentHeaderBytes)), from.segment))
      return { kind: 'damaged', reason: 'the header is damaged' };
    const bytes = readAt(file, offset, into.subarray(0, Math.max(0, end - offset)));
    return { kind: 'frames', bytes, offset, last: offset + bytes.length >= end };
  } finally {
    closeSync(file);
  }
}

/** Bytes of a segment's file; 0 where there is none. */
export function segmentSize(state: string, number: number): number {
  return statSync(segmentPath(state, number), { throwIfNoEntry: false })?.size ?? 0;
}

/** Journal bytes between two positions, headers included. */
export function bytesBetween(state: string, from: Position | null, committed: Position | null): number {
  let total = 0;
  for (const number of segmentsOf(state)) {
    if (committed !== null && number > committed.segment) break;
    if (from !== null && number < from.segment) continue;
    const end = number === committed?.segment ? committed.offset : segmentSize(state, number);
    const start = number === from?.segment ? from.offset : segmentHeaderBytes;
    total += Math.max(0, end - start);
  }
  return total;
}

function openSegment(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (fault) {
    if (isMissing(fault)) return null;
    throw fault;
  }
}

function readAt(file: number, offset: number, bytes: Buffer): Buffer {
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, bytes.length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
