import { closeSync, fsyncSync, ftruncateSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../core/entry.ts';
import { readFrame } from '../../core/frame.ts';
import { SaidSoFar } from '../../core/said.ts';
import { encodeSegmentHeader, isSegmentHeader, segmentHeaderBytes, segmentName, segmentNumber } from '../../core/segment.ts';

/** A session that a crash cut: what must be written to close it. */
export interface CutSession {
  readonly id: string;
  readonly nextSequence: number;
  readonly lastAt: number;
  /** Exchanges that were opened and have no outcome, as far as the segments at hand tell. */
  readonly open: readonly number[];
}

/** Damage that is not a torn tail. */
export interface Damage {
  readonly segment: number;
  readonly offset: number;
  readonly reason: string;
}

export interface Recovery {
  /** The number that the next segment takes. */
  readonly nextSegment: number;
  readonly cut: readonly CutSession[];
  readonly damaged: readonly Damage[];
  /** Bytes cut from the last segment, and the file they were put aside in; null where its end was clean. */
  readonly torn: { readonly segment: number; readonly offset: number; readonly bytes: number; readonly file: string } | null;
}

/** A session that the catalog knows as not ended; its first entries may have gone with an archived segment. */
export interface Unfinished {
  readonly session: string;
  readonly lastSequence: number;
}

interface Seen {
  next: number;
  lastAt: number;
  ended: boolean;
  readonly open: Set<number>;
}

/**
 * Reads what a former gateway left, cuts the torn tail of the last segment and puts it aside, and finds the sessions that
 * never ended. Damage before the last segment's tail is reported and left as it is. Reads every segment whole, one by one.
 */
export function recover(folder: string, unfinished: readonly Unfinished[]): Recovery {
  const numbers = readdirSync(folder)
    .map(segmentNumber)
    .filter((number) => number !== null)
    .sort((a, b) => a - b);
  const sessions = new Map<string, Seen>();
  const damaged: Damage[] = [];
  let torn: Recovery['torn'] = null;
  for (const number of numbers) {
    const buffer = readFileSync(join(folder, segmentName(number)));
    const { offset, reason } = scan(buffer, number, sessions);
    if (reason === null) continue;
    if (number === numbers.at(-1)) torn = cutTail(folder, number, buffer, offset);
    else damaged.push({ segment: number, offset, reason });
  }
  for (const { session, lastSequence } of unfinished) {
    const seen = seenOf(sessions, session);
    seen.next = Math.max(seen.next, lastSequence + 1);
  }
  return { nextSegment: (numbers.at(-1) ?? 0) + 1, cut: cutSessions(sessions), damaged, torn };
}

/** Notes every whole entry; returns where reading stopped, and why if that was not the clean end. */
function scan(buffer: Buffer, number: number, sessions: Map<string, Seen>): { readonly offset: number; readonly reason: string | null } {
  if (!isSegmentHeader(buffer, number)) return { offset: 0, reason: 'no segment header' };
  let offset = segmentHeaderBytes;
  const said = new SaidSoFar();
  for (;;) {
    const read = readFrame(buffer, offset, said);
    if (read.kind === 'end') return { offset, reason: null };
    if (read.kind === 'torn') return { offset, reason: 'cut short' };
    if (read.kind === 'corrupt') return { offset, reason: read.reason };
    note(sessions, read.entry);
    offset = read.next;
  }
}

function note(sessions: Map<string, Seen>, entry: Entry): void {
  // The ledger's recording ends with its gateway and has no end entry.
  if (entry.kind === 'audit') return;
  const seen = seenOf(sessions, entry.session);
  seen.next = Math.max(seen.next, entry.sequence + 1);
  seen.lastAt = Math.max(seen.lastAt, entry.at);
  if (entry.kind === 'end') seen.ended = true;
  else if (entry.kind === 'outcome') seen.open.delete(entry.exchange);
  else if (entry.exchange > 0) seen.open.add(entry.exchange);
}

function seenOf(sessions: Map<string, Seen>, id: string): Seen {
  const known = sessions.get(id);
  if (known !== undefined) return known;
  const seen: Seen = { next: 0, lastAt: 0, ended: false, open: new Set() };
  sessions.set(id, seen);
  return seen;
}

function cutSessions(sessions: Map<string, Seen>): CutSession[] {
  const cut: CutSession[] = [];
  for (const [id, { next, lastAt, ended, open }] of sessions)
    if (!ended) cut.push({ id, nextSequence: next, lastAt, open: [...open].sort((a, b) => a - b) });
  return cut;
}

/** Puts what follows the last whole frame aside, on disk before it is cut off. */
function cutTail(folder: string, number: number, buffer: Buffer, offset: number): Recovery['torn'] {
  const tail = buffer.subarray(offset);
  const file = `torn-${number}-${offset}.bin`;
  if (tail.length > 0) writeFileSync(join(folder, file), tail, { mode: 0o600, flush: true });
  const descriptor = openSync(join(folder, segmentName(number)), 'r+');
  try {
    ftruncateSync(descriptor, offset);
    if (offset === 0) writeSync(descriptor, encodeSegmentHeader(number), 0, segmentHeaderBytes, 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return { segment: number, offset, bytes: tail.length, file };
}
