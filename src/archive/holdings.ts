import type { DatabaseSync } from 'node:sqlite';
import type { AnomalyKind } from './anomalies.ts';
import type { Row } from './rows.ts';
import type { TimedReads } from './timed-reads.ts';
import { timestamp } from './timestamp.ts';

/** A session, and when something of it was or will be. */
export interface SessionMoment {
  readonly session: string;
  readonly at: string;
}

/** What is kept of one connection's sessions. */
export interface Holding {
  /** Null for all those that no longer fit, of names that clients made up. */
  readonly connection: string | null;
  readonly sessions: number;
  readonly active: number;
  /** Cut off by a crash of the gateway. */
  readonly interrupted: number;
  /** Of whose record something is missing. */
  readonly gaps: number;
  /** Bytes that crossed in both directions, as they are before they are compressed. */
  readonly crossedBytes: number;
  readonly oldest: SessionMoment;
  /** Which is deleted first, and from when on; null where all go on. */
  readonly next: SessionMoment | null;
  /** The last that ended with nothing missing. */
  readonly lastWhole: SessionMoment | null;
}

export interface Holdings {
  /** Whether all sessions were looked through; where not, the oldest were. */
  readonly complete: boolean;
  readonly items: readonly Holding[];
}

/** Something that should be on record and is not. */
export interface Missing {
  readonly id: string;
  readonly at: string;
  readonly kind: AnomalyKind;
  readonly session: string | null;
  readonly detail: string;
}

/** A session whose record has a gap, the newest first. */
export interface GapItem {
  readonly session: string;
  readonly connection: string;
  readonly at: string;
  /** What was found missing afterwards; null where the recording itself says it. */
  readonly detail: string | null;
}

export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly more: number;
}

export interface HoldingsReader {
  holdings(): Holdings;
  gaps(): Listed<GapItem>;
  missing(): Listed<Missing>;
}

const patienceMs = 700;
const mostConnections = 500;
const mostTold = 100;
const dayMs = 86_400_000;

/** What is kept, and what of it is missing. `read` is given up where it takes too long, and that is said. */
export function readHoldings(open: () => DatabaseSync | null, read: TimedReads): HoldingsReader {
  const list = (sql: string): Row[] => open()?.prepare(sql).all() ?? [];
  const count = (sql: string) => Number(list(sql)[0]?.['count'] ?? 0);
  return {
    holdings: () => {
      const found = new Map<string | null, Counted>();
      const sql = `SELECT s.id, s.connection, s.status, s.recording, s.started_at, s.ended_at, s.last_at, s.retention_days,
        s.bytes_to_target + s.bytes_to_client AS crossed FROM sessions AS s WHERE in_time(s.key) ORDER BY s.key`;
      const stopped = read(patienceMs)(sql, [], (row) => {
        add(found, row);
        return true;
      });
      return { complete: stopped === null, items: [...found.values()].map(holdingOf) };
    },
    gaps: () => {
      const rows =
        list(`SELECT s.id, s.connection, s.started_at, (SELECT a.detail FROM anomalies AS a WHERE a.session = s.id LIMIT 1) AS detail
        FROM sessions AS s WHERE s.recording = 'gap' ORDER BY s.id DESC LIMIT ${mostTold}`);
      const all = count("SELECT count(*) AS count FROM sessions WHERE recording = 'gap'");
      return { items: rows.map(gapOf), more: all - rows.length };
    },
    missing: () => {
      const rows = list(`SELECT id, at, kind, session, detail FROM anomalies ORDER BY at DESC, id LIMIT ${mostTold}`);
      return { items: rows.map(missingOf), more: count('SELECT count(*) AS count FROM anomalies') - rows.length };
    },
  };
}

interface Moment {
  readonly session: string;
  readonly at: number;
}

interface Counted {
  readonly connection: string | null;
  sessions: number;
  active: number;
  interrupted: number;
  gaps: number;
  crossedBytes: number;
  oldest: Moment;
  next: Moment | null;
  lastWhole: Moment | null;
}

function add(found: Map<string | null, Counted>, row: Row): void {
  const session = String(row['id']);
  const started = { session, at: Number(row['started_at']) };
  const name = String(row['connection']);
  const key = found.has(name) || found.size < mostConnections ? name : null;
  let known = found.get(key);
  if (known === undefined) {
    const none = { sessions: 0, active: 0, interrupted: 0, gaps: 0, crossedBytes: 0 };
    found.set(key, (known = { connection: key, ...none, oldest: started, next: null, lastWhole: null }));
  }
  const [status, gap] = [String(row['status']), row['recording'] === 'gap'];
  known.sessions += 1;
  known.crossedBytes += Number(row['crossed']);
  if (gap) known.gaps += 1;
  if (status === 'interrupted') known.interrupted += 1;
  if (started.at < known.oldest.at) known.oldest = started;
  if (status === 'active') {
    known.active += 1;
    return;
  }
  const ended = Number(row['ended_at'] ?? row['last_at']);
  const goes = ended + Number(row['retention_days']) * dayMs;
  if (known.next === null || goes < known.next.at) known.next = { session, at: goes };
  if (!gap && status !== 'interrupted' && ended >= (known.lastWhole?.at ?? 0)) known.lastWhole = { session, at: ended };
}

function holdingOf({ oldest, next, lastWhole, ...counted }: Counted): Holding {
  const told = ({ session, at }: Moment): SessionMoment => ({ session, at: timestamp(at) });
  return { ...counted, oldest: told(oldest), next: next && told(next), lastWhole: lastWhole && told(lastWhole) };
}

function gapOf(row: Row): GapItem {
  const detail = row['detail'] === null ? null : String(row['detail']);
  return { session: String(row['id']), connection: String(row['connection']), at: timestamp(Number(row['started_at'])), detail };
}

function missingOf(row: Row): Missing {
  return {
    id: String(row['id']),
    at: timestamp(Number(row['at'])),
    // The archive alone writes this column, with one of these.
    kind: String(row['kind']) as AnomalyKind,
    session: row['session'] === null ? null : String(row['session']),
    detail: String(row['detail']),
  };
}
