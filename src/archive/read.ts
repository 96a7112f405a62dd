import type { Direction, Entry, EntryBody } from '../core/entry.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import type { Part } from '../core/part.ts';
import type { Decoder } from '../core/protocol.ts';
import { catalogPath, isSessionId, recordingPath } from './layout.ts';
import { needsRebuild } from './rebuild.ts';
import { followRecording, readRecording } from './recording-file.ts';
import { openReadOnly } from './schema.ts';
import { bytesBetween } from './segment-reader.ts';
import { timestamp } from './timestamp.ts';

/** An entry as it is shown: its bytes decoded into parts. One line of NDJSON. */
export type RecordingLine = { readonly sequence: number; readonly at: string; readonly exchange: number } & (
  | Exclude<EntryBody, { kind: 'bytes' }>
  | { readonly kind: 'bytes'; readonly direction: Direction; readonly count: number; readonly parts: readonly Part[] }
);

/** Every entry of one session in order. NOT_FOUND where it has no recording. */
export function readEntries(state: string, session: string): AsyncGenerator<Entry> {
  if (!isSessionId(session)) throw new ChaperoneError('NOT_FOUND', 'There is no such recording.');
  return readRecording(recordingPath(state, session));
}

/** Every entry of one session that may still go on; null says that there is no more for now. NOT_FOUND where it has no recording. */
export function followEntries(state: string, session: string): AsyncGenerator<Entry | null> {
  if (!isSessionId(session)) throw new ChaperoneError('NOT_FOUND', 'There is no such recording.');
  return followRecording(recordingPath(state, session));
}

/** Bytes of the journal that are not durably archived yet; a stopped gateway that could drain leaves none. */
export function unarchived(state: string): number {
  return bytesBetween(state, fromCatalog(state, 'SELECT segment, position FROM progress', progressOf)[0] ?? null, null);
}

/** The sessions that the catalog has no end of, with the last entry it knows: what the journal's recovery must close. */
export function unfinishedSessions(state: string): { session: string; lastSequence: number }[] {
  return fromCatalog(state, "SELECT id, last_sequence FROM sessions WHERE status = 'active' ORDER BY id", (row) => ({
    session: String(row['id']),
    lastSequence: Number(row['last_sequence']),
  }));
}

/** Decodes entries into lines. Where a decoder fails, the rest is shown as bytes. */
export async function* decodeRecording(entries: AsyncIterable<Entry>, decoder: Decoder | null): AsyncGenerator<RecordingLine> {
  const view = new DecodedView(decoder);
  for await (const entry of entries) yield view.line(entry);
}

/** The same of a session that may still go on. */
export async function* decodeLive(entries: AsyncIterable<Entry | null>, decoder: Decoder | null): AsyncGenerator<RecordingLine | null> {
  const view = new DecodedView(decoder);
  for await (const entry of entries) yield entry === null ? null : view.line(entry);
}

class DecodedView {
  #decoder: Decoder | null;

  constructor(decoder: Decoder | null) {
    this.#decoder = decoder;
  }

  line(entry: Entry): RecordingLine {
    const { session: _session, at, ...rest } = entry;
    if (rest.kind !== 'bytes') {
      if (rest.kind === 'withheld' || rest.kind === 'gap') this.#drop(rest.exchange, rest.direction);
      return { ...rest, at: timestamp(at) };
    }
    const { sequence, exchange, kind, direction, bytes } = rest;
    const parts = this.#parts(exchange, direction, bytes);
    return { sequence, at: timestamp(at), exchange, kind, direction, count: bytes.length, parts };
  }

  #parts(exchange: number, direction: Direction, bytes: Uint8Array): readonly Part[] {
    if (this.#decoder === null) return [raw(bytes)];
    try {
      return this.#decoder.bytes(exchange, direction, bytes);
    } catch (fault) {
      this.#decoder = null;
      return [{ shape: 'mark', name: 'undecodable', detail: { reason: messageOf(fault) } }, raw(bytes)];
    }
  }

  #drop(exchange: number, direction: Direction): void {
    try {
      this.#decoder?.withheld(exchange, direction);
    } catch {
      // What follows is shown as bytes.
      this.#decoder = null;
    }
  }
}

function raw(bytes: Uint8Array): Part {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  return { shape: 'bytes', count: bytes.length, base64 };
}

function progressOf(row: { readonly [column: string]: unknown }): { segment: number; offset: number } {
  return { segment: Number(row['segment']), offset: Number(row['position']) };
}

function fromCatalog<Item>(state: string, sql: string, item: (row: { readonly [column: string]: unknown }) => Item): Item[] {
  if (needsRebuild(state)) return [];
  const database = openReadOnly(catalogPath(state));
  try {
    return database.prepare(sql).all().map(item);
  } finally {
    database.close();
  }
}
