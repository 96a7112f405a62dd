import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, ChaperoneError } from '../core/errors.ts';
import { teachSays } from './text-index.ts';

/** A catalog of another version is rebuilt from the recordings, never migrated. */
export const schemaVersion = 8;

/**
 * `exchanges.id` follows the order in which exchanges opened (`exchange-order.ts`), so that a search reads the newest first off
 * its index. `exchanges_of_session` holds what a run's
 * lanes and order need, so that a run of 50,000 exchanges is counted without its rows. The full-text index keeps no text of its own, and a row of it stands for
 * several exchanges (`text-index.ts`); `exchanges` has what short terms are looked for in.
 */
const tables = `
  CREATE TABLE sessions (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, connection TEXT NOT NULL, protocol TEXT NOT NULL,
    issuer TEXT, subject TEXT, email TEXT, agent TEXT, principal TEXT, run TEXT, client_address TEXT NOT NULL,
    started_at REAL NOT NULL, ended_at REAL, last_at REAL NOT NULL, status TEXT NOT NULL, reason TEXT,
    verdict TEXT NOT NULL, code TEXT, detail TEXT, policies TEXT NOT NULL, policy_version TEXT NOT NULL,
    exchanges INTEGER NOT NULL, refused INTEGER NOT NULL, bytes_to_target INTEGER NOT NULL, bytes_to_client INTEGER NOT NULL,
    recording TEXT NOT NULL, retention_days REAL NOT NULL, last_sequence INTEGER NOT NULL,
    decided INTEGER NOT NULL, approved INTEGER NOT NULL, denied INTEGER NOT NULL, expired INTEGER NOT NULL, failed INTEGER NOT NULL,
    masked INTEGER NOT NULL, rows INTEGER NOT NULL, run_key INTEGER
  ) STRICT;
  CREATE INDEX sessions_of_principal ON sessions (issuer, subject, id);
  CREATE INDEX sessions_of_run ON sessions (run, id) WHERE run IS NOT NULL;
  CREATE INDEX sessions_in_run ON sessions (run_key, id) WHERE run_key IS NOT NULL;
  CREATE INDEX sessions_beside ON sessions (issuer, subject, agent, ended_at) WHERE run IS NULL AND run_key IS NOT NULL;
  CREATE TABLE runs (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, issuer TEXT NOT NULL, subject TEXT NOT NULL, email TEXT,
    started_at REAL NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_time ON runs (started_at, key);
  CREATE INDEX runs_of_principal ON runs (issuer, subject, started_at, key);
  CREATE INDEX sessions_by_last ON sessions (last_at);
  CREATE INDEX sessions_active ON sessions (id) WHERE status = 'active';
  CREATE TABLE exchanges (
    id INTEGER PRIMARY KEY, session_key INTEGER NOT NULL, ordinal INTEGER NOT NULL, started_at REAL NOT NULL, duration_ms REAL,
    action TEXT NOT NULL, effect TEXT NOT NULL, objects TEXT NOT NULL, verdict TEXT, reason TEXT, policies TEXT NOT NULL,
    approval TEXT, rows INTEGER, bytes INTEGER NOT NULL, withheld TEXT, masked TEXT, status TEXT NOT NULL, tag TEXT, error TEXT,
    cut TEXT NOT NULL, parameters TEXT, text TEXT NOT NULL, found TEXT NOT NULL, home INTEGER NOT NULL, covers INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX exchanges_of_session ON exchanges (session_key, ordinal, started_at, verdict, status);
  CREATE INDEX exchanges_exceptional ON exchanges (session_key, ordinal) WHERE verdict IS NOT 'permitted' OR status = 'error';
  CREATE INDEX exchanges_exceptional_by_time ON exchanges (started_at, session_key, verdict, status)
    WHERE verdict IS NOT 'permitted' OR status = 'error';
  CREATE TABLE checkpoints (
    session_key INTEGER NOT NULL, sequence INTEGER NOT NULL, exchange INTEGER NOT NULL, position INTEGER NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (session_key, sequence)
  ) STRICT;
  CREATE TABLE tallies (
    width INTEGER NOT NULL, ruled INTEGER NOT NULL, slot INTEGER NOT NULL, policy TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
    verdict TEXT NOT NULL, failed INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (width, ruled, slot, policy, issuer, subject, verdict, failed)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tallies_empty ON tallies (n) WHERE n = 0;
  CREATE TABLE sightings (
    agent TEXT NOT NULL, connection TEXT NOT NULL, object TEXT NOT NULL, first_at REAL NOT NULL, session_key INTEGER NOT NULL,
    ordinal INTEGER NOT NULL, PRIMARY KEY (agent, connection, object)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sightings_by_time ON sightings (first_at);
  CREATE INDEX sightings_of_session ON sightings (session_key);
  CREATE VIRTUAL TABLE exchange_text USING fts5 (asked, found, content='', contentless_delete=1, tokenize='trigram');
  CREATE TABLE audit (
    ledger TEXT NOT NULL, sequence INTEGER NOT NULL, at REAL NOT NULL, event TEXT NOT NULL, actor TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ledger, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE anomalies (
    id TEXT PRIMARY KEY, at REAL NOT NULL, session TEXT, segment INTEGER, position INTEGER, kind TEXT NOT NULL, detail TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE progress (only INTEGER PRIMARY KEY CHECK (only = 1), segment INTEGER NOT NULL, position INTEGER NOT NULL) STRICT;
`;

/** How the full-text index is filled: inserts of one batch gather in memory up to this many bytes. */
const indexMemory = 8 * 1024 * 1024;
/** So many pieces of the index are merged at once (measured: 200,000 exchanges took 8.4 s of CPU with FTS5's own 4, 7.1 s with this). */
const indexMerge = 16;

/** Opens the catalog to write it, making it where it is missing; its integers are read as bigints. INTERNAL where the file is not a catalog. */
export function openToWrite(path: string): DatabaseSync {
  // SQLite gives a new file the process's default mode, and its -wal and -shm the mode of the database.
  closeSync(openSync(path, 'a', 0o600));
  // A delete in a full-text table leaves a row id behind that no JavaScript number holds, and `run` would throw on it.
  const database = new DatabaseSync(path, { timeout: 10_000, readBigInts: true });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;');
    if (versionOf(database) === 0) {
      database.exec(`BEGIN IMMEDIATE; ${tables}; PRAGMA user_version = ${schemaVersion}; COMMIT;`);
      database.exec(`INSERT INTO exchange_text (exchange_text, rank) VALUES ('hashsize', ${indexMemory}), ('automerge', ${indexMerge})`);
    }
    return database;
  } catch (fault) {
    database.close();
    throw notACatalog(path, fault);
  }
}

/** Opens the catalog to read it; `openToWrite` must have made it before. */
export function openReadOnly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    const version = versionOf(database);
    if (version !== schemaVersion) throw new Error(`it has version ${version}, not ${schemaVersion}`);
    teachSays(database);
    return database;
  } catch (fault) {
    database.close();
    throw notACatalog(path, fault);
  }
}

/** The version of the catalog at this path; 0 where it is empty. */
export function catalogVersion(path: string): number {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  try {
    return versionOf(database);
  } catch (fault) {
    throw notACatalog(path, fault);
  } finally {
    database.close();
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

function notACatalog(path: string, fault: unknown): ChaperoneError {
  const message = `The catalog ${path} cannot be used: ${messageOf(fault)}. Move it away; it is rebuilt from the recordings at the next start.`;
  return new ChaperoneError('INTERNAL', message, { cause: fault });
}
