import { existsSync, renameSync, rmSync } from 'node:fs';
import { Anomalies } from './anomalies.ts';
import { catalogPath, makePrivateFolder, storedRecordings, syncFile, syncFolder } from './layout.ts';
import { catalogVersion, schemaVersion } from './schema.ts';
import type { Decoders } from './session-stream.ts';
import { CatalogStore } from './store.ts';
import { type Log, openStream } from './stream.ts';

/** Whether the catalog is missing, was never finished, or is of another version. INTERNAL where the file is not a catalog at all. */
export function needsRebuild(state: string): boolean {
  return !existsSync(catalogPath(state)) || catalogVersion(catalogPath(state)) !== schemaVersion;
}

/** Makes the catalog where it is missing or of another version. To be called before `unfinishedSessions` at a start. */
export function prepareCatalog(state: string, decoders: Decoders, log: Log): void {
  if (needsRebuild(state)) rebuildCatalog(state, decoders, log);
}

/**
 * Makes the catalog anew from all recordings and ledgers, beside the old one, and then puts it in its place. Nobody may write
 * the old one meanwhile. Entries that are still in the journal alone come in when archiving goes on, from the oldest segment.
 */
export function rebuildCatalog(state: string, decoders: Decoders, log: Log): void {
  const path = catalogPath(state);
  const draft = `${path}.new`;
  removeDatabase(draft);
  const recordings = storedRecordings(state);
  if (recordings.length > 0) log('info', 'The catalog is being rebuilt from the recordings.', { recordings: recordings.length });
  makePrivateFolder(state);
  const store = new CatalogStore(draft, false);
  try {
    store.database.exec('PRAGMA synchronous = OFF');
    const anomalies = new Anomalies(state);
    for (const anomaly of anomalies.all()) store.anomaly(anomaly);
    for (const { id, kind } of recordings) openStream(id, kind, { state, decoders, log, store, anomalies });
    store.texts.fill(store.database, (work) => store.transact(work));
    store.database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  } finally {
    store.close();
  }
  syncFile(draft);
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  renameSync(draft, path);
  syncFolder(state);
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
}
