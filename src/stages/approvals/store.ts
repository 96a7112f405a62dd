import { DatabaseSync } from 'node:sqlite';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import { type Approval, type ApprovalStatus, type ApprovalViewer, isOver } from './approval.ts';

/** Where a message about an approval stands, so that it can be brought up to date after a restart too. */
export interface Posted {
  readonly channel: string;
  readonly ts: string;
}

const version = 1;
const schema = `
  CREATE TABLE approvals (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, status TEXT NOT NULL, expires_at TEXT NOT NULL,
    issuer TEXT NOT NULL, subject TEXT NOT NULL, groups TEXT NOT NULL, document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX approvals_digest ON approvals (digest);
  CREATE INDEX approvals_status ON approvals (status, expires_at);
  CREATE TABLE posted (
    approval TEXT NOT NULL, target INTEGER NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL, PRIMARY KEY (approval, target)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${version};`;

/** How long an approval that is over is kept for those who look back; the trail and the recordings have it for longer. */
const keptDays = 90;

/** The approvals on disk. A write has reached the disk when it returns: an answer may not be lost once somebody was told of it. */
export class ApprovalStore {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = open(path);
  }

  save(approval: Approval): void {
    const { id, digest, status, expiresAt, requester, groups } = approval;
    this.#database
      .prepare('INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(id, digest, status, expiresAt, requester.issuer, requester.subject, JSON.stringify(groups), JSON.stringify(approval));
  }

  one(id: string): Approval | null {
    const row = this.#database.prepare('SELECT document FROM approvals WHERE id = ?').get(id);
    return row === undefined ? null : approvalOf(row);
  }

  /** Those for this very act that still have time, newest first. */
  byDigest(digest: string, at: string): Approval[] {
    const text = 'SELECT document FROM approvals WHERE digest = ? AND expires_at > ? ORDER BY id DESC';
    return this.#database.prepare(text).all(digest, at).map(approvalOf);
  }

  /** Those that wait for an answer or for their act. */
  unended(): Approval[] {
    return this.#database.prepare("SELECT document FROM approvals WHERE status IN ('open', 'approved')").all().map(approvalOf);
  }

  /** Those that wait for an answer or for their act, and whose time is over. */
  due(at: string): Approval[] {
    const text = "SELECT document FROM approvals WHERE status IN ('open', 'approved') AND expires_at <= ?";
    return this.#database.prepare(text).all(at).map(approvalOf);
  }

  openOf(issuer: string, subject: string): number {
    const text = "SELECT count(*) AS n FROM approvals WHERE status = 'open' AND issuer = ? AND subject = ?";
    return Number(this.#database.prepare(text).get(issuer, subject)?.['n']);
  }

  /** Newest first, from below `before` on, one more than `limit` where there are more. */
  list(status: ApprovalStatus | null, viewer: ApprovalViewer, before: string | null, limit: number): Approval[] {
    const seen = `(? OR (issuer = ? AND subject = ?)
      OR EXISTS (SELECT 1 FROM json_each(approvals.groups) AS asked JOIN json_each(?) AS held ON asked.value = held.value))`;
    const text = `SELECT document FROM approvals WHERE (? IS NULL OR status = ?) AND (? IS NULL OR id < ?) AND ${seen}
      ORDER BY id DESC LIMIT ?`;
    const { all, issuer, subject, groups } = viewer;
    return this.#database
      .prepare(text)
      .all(status, status, before, before, all ? 1 : 0, issuer, subject, JSON.stringify(groups), limit + 1)
      .map(approvalOf);
  }

  posted(approval: string, target: number): Posted | null {
    const row = this.#database.prepare('SELECT channel, ts FROM posted WHERE approval = ? AND target = ?').get(approval, target);
    return row === undefined ? null : { channel: String(row['channel']), ts: String(row['ts']) };
  }

  savePosted(approval: string, target: number, { channel, ts }: Posted): void {
    this.#database.prepare('INSERT OR REPLACE INTO posted VALUES (?, ?, ?, ?)').run(approval, target, channel, ts);
  }

  /** Forgets what has been over for long. */
  tidy(now: number): void {
    const before = new Date(now - keptDays * 86_400_000).toISOString();
    this.#database.prepare("DELETE FROM approvals WHERE status NOT IN ('open', 'approved') AND expires_at < ?").run(before);
    this.#database.exec('DELETE FROM posted WHERE approval NOT IN (SELECT id FROM approvals)');
  }

  close(): void {
    this.#database.close();
  }
}

export function maySeeApproval(viewer: ApprovalViewer, { requester, groups }: Approval): boolean {
  if (viewer.all || (requester.issuer === viewer.issuer && requester.subject === viewer.subject)) return true;
  return groups.some((group) => viewer.groups.includes(group));
}

/** An approval with another status, and its end where that is one. */
export function ended(approval: Approval, status: ApprovalStatus, at: string, why: string): Approval {
  return isOver(status) ? { ...approval, status, endedAt: at, ended: why } : { ...approval, status };
}

function approvalOf(row: { readonly [column: string]: unknown }): Approval {
  // Written by `save` alone; those of earlier versions have nothing stated.
  const kept = JSON.parse(String(row['document'])) as Omit<Approval, 'stated'> & Partial<Pick<Approval, 'stated'>>;
  return { ...kept, stated: kept.stated ?? null };
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found === 0) database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (found !== version) throw new Error(`it has version ${found}, not ${version}`);
    return database;
  } catch (fault) {
    database.close();
    const message = `The approvals in ${path} cannot be used: ${messageOf(fault)}. Move the file away; who waits must ask again.`;
    throw new ChaperoneError('INTERNAL', message, { cause: fault });
  }
}
