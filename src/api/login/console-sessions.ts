import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';

/** Somebody who is signed in to the console. Times are Unix times in milliseconds. */
export interface SignedIn {
  readonly principal: Principal;
  /** What a page must send along to change anything; no other site can read it. */
  readonly csrf: string;
  /** When it ends whatever happens: with the token that proved who it is. */
  readonly endsAt: number;
}

/** Who is signed in to the console, by the secret that their browser keeps. */
export interface ConsoleSessions {
  /** Returns the secret. */
  open(principal: Principal): string;
  /** Whoever holds the secret, if they have not been away for too long; from now on they are here again. */
  find(secret: string): SignedIn | null;
  /** Whether they would be found; to watch a page is not to be here. */
  holds(secret: string): boolean;
  end(secret: string): void;
  close(): void;
}

const version = 1;
const schema = `
  CREATE TABLE signed_in (
    id TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, principal TEXT NOT NULL,
    opened_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX signed_in_of ON signed_in (issuer, subject, opened_at);
  PRAGMA user_version = ${version};`;

/** Without a request for so long somebody must sign in again. */
export const idleMs = 30 * 60_000;
const longestMs = 12 * 3_600_000;
/** That somebody is here is written down at most so often. */
const seenEveryMs = 60_000;
/** One person's browsers; the one that signed in first is signed out. */
const mostOfOne = 20;

/** Opens the file, making it where it is missing. It holds the secrets' hashes, so who can read it can be nobody. */
export function openConsoleSessions(path: string, now: () => number): ConsoleSessions {
  const database = open(path);
  const end = (id: string) => void database.prepare('DELETE FROM signed_in WHERE id = ?').run(id);
  return {
    open: (principal) => {
      const { issuer, subject, token } = principal;
      const at = now();
      tidy(database, at, issuer, subject);
      const secret = randomBytes(32).toString('base64url');
      database
        .prepare('INSERT INTO signed_in VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(hashOf(secret), issuer, subject, JSON.stringify(principal), at, at, Math.min(token.expiresAt, at + longestMs));
      return secret;
    },
    find: (secret) => {
      const id = hashOf(secret);
      const row = database.prepare('SELECT principal, seen_at, ends_at FROM signed_in WHERE id = ?').get(id);
      if (row === undefined) return null;
      const [seenAt, endsAt, at] = [Number(row['seen_at']), Number(row['ends_at']), now()];
      if (at >= endsAt || at - seenAt >= idleMs) {
        end(id);
        return null;
      }
      if (at - seenAt >= seenEveryMs) database.prepare('UPDATE signed_in SET seen_at = ? WHERE id = ?').run(at, id);
      // Written by `open` alone.
      return { principal: JSON.parse(String(row['principal'])) as Principal, csrf: csrfOf(secret), endsAt };
    },
    holds: (secret) => {
      const row = database.prepare('SELECT seen_at, ends_at FROM signed_in WHERE id = ?').get(hashOf(secret));
      return row !== undefined && now() < Number(row['ends_at']) && now() - Number(row['seen_at']) < idleMs;
    },
    end: (secret) => end(hashOf(secret)),
    close: () => database.close(),
  };
}

/** Whether this is what the page of this sign-in was given to send along. */
export function isCsrfOf(given: string | undefined, { csrf }: SignedIn): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(csrf)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function tidy(database: DatabaseSync, at: number, issuer: string, subject: string): void {
  database.prepare('DELETE FROM signed_in WHERE ends_at <= ? OR seen_at <= ?').run(at, at - idleMs);
  database
    .prepare(
      `DELETE FROM signed_in WHERE id IN (
         SELECT id FROM signed_in WHERE issuer = ? AND subject = ? ORDER BY opened_at DESC LIMIT -1 OFFSET ${mostOfOne - 1})`,
    )
    .run(issuer, subject);
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** From the secret, of which it tells nothing: what the file holds is another hash. */
function csrfOf(secret: string): string {
  return createHash('sha256').update('csrf ').update(secret).digest('base64url');
}

function open(path: string): DatabaseSync {
  // SQLite gives a new file the process's default mode, and its -wal and -shm the mode of the database.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 10_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found === 0) database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (found !== version) throw new Error(`it has version ${found}, not ${version}`);
    return database;
  } catch (fault) {
    database.close();
    const message = `Who is signed in, in ${path}, cannot be used: ${messageOf(fault)}. Move the file away; everybody must sign in again.`;
    throw new ChaperoneError('INTERNAL', message, { cause: fault });
  }
}
