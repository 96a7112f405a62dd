import type { Entry } from '../core/entry.ts';
import { ChaperoneError } from '../core/errors.ts';
import { catalogPath, isSessionId, recordingPath } from './layout.ts';
import { needsRebuild } from './rebuild.ts';
import { type Beginning, followRecording, readRecording } from './recording-file.ts';
import { openReadOnly } from './schema.ts';
import { bytesBetween } from './segment-reader.ts';

/** Every entry of one session in order, or those from the beginning of a block on. NOT_FOUND where it has no recording. */
export function readEntries(state: string, session: string, from?: Beginning): AsyncGenerator<Entry> {
  if (!isSessionId(session)) throw new ChaperoneError('NOT_FOUND', 'There is no such recording.');
  return readRecording(recordingPath(state, session), from);
}

/** The same of a session that may still go on; null says that there is no more for now. NOT_FOUND where it has no recording. */
export function followEntries(state: string, session: string, from?: Beginning): AsyncGenerator<Entry | null> {
  if (!isSessionId(session)) throw new ChaperoneError('NOT_FOUND', 'There is no such recording.');
  return followRecording(recordingPath(state, session), from);
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
