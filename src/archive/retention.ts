import { createHash } from 'node:crypto';
import { createReadStream, rmdirSync, unlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AuditEvent } from '../core/entry.ts';
import { messageOf } from '../core/errors.ts';
import { isMissing, recordingPath, syncFolder } from './layout.ts';
import type { CatalogStore } from './store.ts';
import type { Log } from './stream.ts';
import { timestamp } from './timestamp.ts';

export interface RetentionOptions {
  readonly state: string;
  readonly store: CatalogStore;
  readonly now: () => number;
  readonly log: Log;
  /** Puts an event on record; nothing is deleted before it resolves. */
  readonly audit: (event: AuditEvent) => Promise<void>;
  /** Whether a session goes on: such a one is never deleted. */
  readonly isOpen: (session: string) => boolean;
}

interface Expired {
  readonly key: number;
  readonly id: string;
  readonly connection: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly lastAt: number;
}

const dayMs = 86_400_000;
const expired = `SELECT key, id, connection, started_at, ended_at, last_at FROM sessions
  WHERE coalesce(ended_at, last_at) + retention_days * ${dayMs} <= ? AND key > ? ORDER BY key LIMIT 100`;

/**
 * Deletes the recordings whose time is over: first the event, then the file, then the rows. Where it stops in between, the
 * next sweep goes on. Returns how many were deleted.
 */
export async function sweep(options: RetentionOptions): Promise<number> {
  const { store, now, isOpen } = options;
  let deleted = 0;
  for (let after = 0; ; ) {
    const page = store.database.prepare(expired).all(now(), after).map(expiredOf);
    if (page.length === 0) return deleted;
    for (const session of page) {
      after = session.key;
      if (isOpen(session.id)) continue;
      if (await remove(session, options)) deleted += 1;
    }
  }
}

function expiredOf(row: Record<string, unknown>): Expired {
  return {
    key: Number(row['key']),
    id: String(row['id']),
    connection: String(row['connection']),
    startedAt: Number(row['started_at']),
    endedAt: row['ended_at'] === null ? null : Number(row['ended_at']),
    lastAt: Number(row['last_at']),
  };
}

async function remove(session: Expired, options: RetentionOptions): Promise<boolean> {
  const path = recordingPath(options.state, session.id);
  const file = await describe(path);
  if (file !== null || !wasAudited(options.store, session.id)) {
    const { id, connection, startedAt, endedAt } = session;
    const times = { startedAt: timestamp(startedAt), endedAt: endedAt === null ? null : timestamp(endedAt) };
    const detail = { session: id, connection, ...times, bytes: file?.bytes ?? 0, sha256: file?.sha256 ?? null };
    try {
      await options.audit({ event: 'retention.deleted', actor: 'gateway', detail });
    } catch (fault) {
      options.log('error', 'A recording is over its time but is kept, because its deletion could not be put on record.', {
        session: id,
        fault: messageOf(fault),
      });
      return false;
    }
  }
  if (!isUnchanged(session, options)) return false;
  if (file !== null) deleteFile(path);
  options.store.transact(() => options.store.forget(session.key));
  return true;
}

/** While the event was written, entries may have come in. */
function isUnchanged(session: Expired, options: RetentionOptions): boolean {
  if (options.isOpen(session.id)) return false;
  const row = options.store.database.prepare('SELECT last_at FROM sessions WHERE key = ? AND id = ?').get(session.key, session.id);
  return row !== undefined && Number(row['last_at']) === session.lastAt;
}

async function describe(path: string): Promise<{ bytes: number; sha256: string } | null> {
  try {
    const { size } = await stat(path);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return { bytes: size, sha256: hash.digest('hex') };
  } catch (fault) {
    if (isMissing(fault)) return null;
    throw fault;
  }
}

/** Whether an earlier sweep recorded this deletion and stopped before the rows were gone. */
function wasAudited(store: CatalogStore, session: string): boolean {
  const sql = "SELECT 1 FROM audit WHERE event = 'retention.deleted' AND json_extract(detail, '$.session') = ? LIMIT 1";
  return store.database.prepare(sql).get(session) !== undefined;
}

function deleteFile(path: string): void {
  unlinkSync(path);
  syncFolder(dirname(path));
  try {
    rmdirSync(dirname(path));
  } catch (fault) {
    if (!(fault instanceof Error && 'code' in fault && fault.code === 'ENOTEMPTY')) throw fault;
  }
}
