import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { segmentNumber } from '../core/segment.ts';

/** Where the journal's segments stand. */
export function journalFolder(state: string): string {
  return join(state, 'journal');
}

/** The catalog's database file. */
export function catalogPath(state: string): string {
  return join(state, 'catalog.db');
}

/** What was found missing or damaged, one JSON document a line; the catalog's anomalies are rebuilt from it. */
export function anomaliesPath(state: string): string {
  return join(state, 'archive', 'anomalies.ndjson');
}

/** Where a session's recording stands. The day is the one its UUIDv7 tells, in UTC. */
export function recordingPath(state: string, session: string): string {
  return join(sessionsFolder(state), dayOf(session), `${session}${extension}`);
}

/** Where the ledger of one start of the gateway stands. */
export function ledgerPath(state: string, ledger: string): string {
  return join(ledgerFolder(state), `${ledger}${extension}`);
}

/** Whether a text is a session's id; anything else must not become part of a path. */
export function isSessionId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

export interface StoredRecording {
  readonly id: string;
  readonly kind: 'session' | 'ledger';
}

/** Every recording and ledger on disk, oldest first. */
export function storedRecordings(state: string): StoredRecording[] {
  const found: StoredRecording[] = idsIn(ledgerFolder(state)).map((id) => ({ id, kind: 'ledger' }));
  for (const day of namesIn(sessionsFolder(state)))
    for (const id of idsIn(join(sessionsFolder(state), day))) found.push({ id, kind: 'session' });
  return found.sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** The numbers of the segments on disk, oldest first. */
export function segmentsOf(state: string): number[] {
  const numbers = namesIn(journalFolder(state)).map(segmentNumber);
  return numbers.filter((number) => number !== null).sort((one, other) => one - other);
}

/** Makes a folder that only its owner may enter, parents included. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Makes a folder's entries durable. */
export function syncFolder(path: string): void {
  syncPath(path);
}

/** Makes a file's content durable. */
export function syncFile(path: string): void {
  syncPath(path);
}

/** Makes the names of new files durable, together with those of the two folders above each, which may be new as well. */
export function syncNames(paths: Iterable<string>): void {
  const folders = new Set<string>();
  for (const path of paths) {
    const folder = dirname(path);
    folders
      .add(folder)
      .add(dirname(folder))
      .add(dirname(dirname(folder)));
  }
  for (const folder of folders) syncFolder(folder);
}

const extension = '.rec.zst';

function sessionsFolder(state: string): string {
  return join(state, 'archive', 'sessions');
}

function ledgerFolder(state: string): string {
  return join(state, 'archive', 'ledger');
}

function dayOf(session: string): string {
  const milliseconds = Number.parseInt(session.slice(0, 8) + session.slice(9, 13), 16);
  return new Date(milliseconds).toISOString().slice(0, 10);
}

function idsIn(folder: string): string[] {
  const names = namesIn(folder).filter((name) => name.endsWith(extension));
  return names.map((name) => name.slice(0, -extension.length)).filter(isSessionId);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (fault) {
    if (isMissing(fault)) return [];
    throw fault;
  }
}

/** Whether a file system call failed because there is no such file. */
export function isMissing(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'ENOENT';
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
