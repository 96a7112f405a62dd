import type { DatabaseSync } from 'node:sqlite';
import { Conditions, visible } from './conditions.ts';
import type { Visibility } from './items.ts';
import type { ReadRows } from './newest-exchanges.ts';
import type { ConnectionRecord, Flow, Overview, OverviewReader, Sighting, Span } from './overview-items.ts';
import { countRules } from './rule-counts.ts';
import { type Period, talliesIn, tallyWidths } from './tallies.ts';
import type { Row } from './rows.ts';
import type { TimedReads } from './timed-reads.ts';
import { timestamp } from './timestamp.ts';

const spanCount = 96;
const weekMs = 7 * 86_400_000;
const weeksBefore = 4;
const mostTold = 200;
const barred: ReadonlySet<string> = new Set(['refused', 'denied', 'expired']);

/** In the very words of the index `exchanges_exceptional_by_time`, without which it is not used. */
const exceptional = "(x.verdict IS NOT 'permitted' OR x.status = 'error')";

/** The plots of the overview, each a question. `read` is given up where it takes too long, and that is said. */
export function readOverview(open: () => DatabaseSync | null, read: TimedReads): OverviewReader {
  return {
    overview: (from, to, visibility) => {
      const database = open();
      const period = periodOf(from, to);
      const counted = countSpans(read(1_000), period, visibility);
      const rules = countRules(read(700), period, visibility);
      const seen = database === null ? { items: [], more: 0 } : firstSeen(database, period, visibility);
      return {
        since: timestamp(period.since),
        // Nothing can have begun later than now.
        until: timestamp(period.until > Date.now() ? Math.max(to, period.since) : period.until),
        complete: counted.complete && rules.complete,
        spans: counted.spans,
        rules: rules.items,
        firstSeen: seen.items,
        moreFirstSeen: seen.more,
        ...(database === null ? { flows: [], connections: [] } : sessionsIn(database, period, visibility)),
      };
    },
  };
}

function periodOf(since: number, until: number): Period {
  const width = Math.max(1000, (until - since) / spanCount);
  const tally = tallyWidths.findLast((each) => each <= width) ?? null;
  if (tally === null) return { since, until, width, tally };
  const whole = (time: number) => Math.ceil(time / tally) * tally;
  return { since: Math.floor(since / tally) * tally, until: whole(until), width: whole(width), tally };
}

type Counted = { -readonly [Key in keyof Omit<Span, 'at' | 'barredBefore'>]: number } & { barredBefore: number[] };

function countSpans(read: ReadRows, period: Period, visibility: Visibility): { readonly spans: Span[]; readonly complete: boolean } {
  const { since, until, width } = period;
  const none = { permitted: 0, approved: 0, refused: 0, denied: 0, expired: 0, undecided: 0, failed: 0 };
  const spans = Array.from(
    { length: Math.ceil((until - since) / width) },
    (): Counted => ({ ...none, barredBefore: Array<number>(weeksBefore).fill(0) }),
  );
  const at = (place: number) => timestamp(since + place * width);
  if (period.tally !== null) {
    addTallies(read, period, visibility, spans);
    return { spans: spans.map((span, place) => ({ at: at(place), ...span })), complete: true };
  }
  const complete = countNow(read, period, visibility, spans);
  for (let week = 1; week <= weeksBefore; week += 1) {
    const back = week * weekMs;
    const past = new Conditions();
    past.add('x.started_at >= ? AND x.started_at < ?', since - back, until - back);
    past.add(`${exceptional} AND x.verdict IN ('refused', 'denied', 'expired')`);
    visible(past, visibility);
    const sql = `SELECT CAST((x.started_at - ?) / ? AS INTEGER) AS span, count(*) AS n
      FROM exchanges AS x INDEXED BY exchanges_exceptional_by_time JOIN sessions AS s ON s.key = x.session_key ${past.where} GROUP BY span`;
    read(sql, [since - back, width, ...past.values], (row) => {
      const span = spans[Number(row['span'])];
      if (span !== undefined) span.barredBefore[week - 1] = Number(row['n']);
      return true;
    });
  }
  return { spans: spans.map((span, place) => ({ at: at(place), ...span })), complete };
}

/** Off the tallies, whose rows are few however many exchanges there were. */
function addTallies(read: ReadRows, period: Period, visibility: Visibility, spans: Counted[]): void {
  for (let week = 0; week <= weeksBefore; week += 1) {
    const since = period.since - week * weekMs;
    const { conditions, tally } = talliesIn({ ...period, since, until: period.until - week * weekMs }, 0, visibility);
    const sql = `SELECT s.slot, s.verdict, s.failed, sum(s.n) AS n FROM tallies AS s ${conditions.where} GROUP BY 1, 2, 3`;
    read(sql, conditions.values, (row) => {
      const span = spans[Math.floor((Number(row['slot']) * tally - since) / period.width)];
      // The archive alone writes the verdicts.
      const verdict = String(row['verdict']) as Exclude<keyof Counted, 'barredBefore' | 'failed'>;
      if (span === undefined) return true;
      if (week > 0) span.barredBefore[week - 1] = (span.barredBefore[week - 1] ?? 0) + (barred.has(verdict) ? Number(row['n']) : 0);
      else span[verdict] += Number(row['n']);
      if (week === 0 && row['failed'] === 1) span.failed += Number(row['n']);
      return true;
    });
  }
}

/** Off the index `exchanges_of_session` alone, whose entries have all that is counted. */
function countNow(read: ReadRows, { since, until, width }: Period, visibility: Visibility, spans: Counted[]): boolean {
  const conditions = new Conditions();
  conditions.add('s.last_at >= ? AND s.started_at < ?', since, until);
  visible(conditions, visibility);
  // Of each session and not of each exchange: a call for each would take as long as the counting itself.
  conditions.add('in_time(s.key)');
  conditions.add('x.started_at >= ? AND x.started_at < ?', since, until);
  const sql = `SELECT CAST((x.started_at - ?) / ? AS INTEGER) AS span, coalesce(x.verdict, 'undecided') AS verdict,
      x.status = 'error' AS failed, count(*) AS n
    FROM sessions AS s CROSS JOIN exchanges AS x INDEXED BY exchanges_of_session ON x.session_key = s.key
    ${conditions.where} GROUP BY 1, 2, 3`;
  return (
    read(sql, [since, width, ...conditions.values], (row) => {
      const span = spans[Number(row['span'])];
      // The archive alone writes the verdicts.
      const verdict = String(row['verdict']) as Exclude<keyof Counted, 'barredBefore' | 'failed'>;
      if (span === undefined) return true;
      span[verdict] += Number(row['n']);
      if (row['failed'] === 1) span.failed += Number(row['n']);
      return true;
    }) === null
  );
}

function firstSeen(database: DatabaseSync, { since, until }: Period, visibility: Visibility): { items: Sighting[]; more: number } {
  const conditions = new Conditions();
  conditions.add('g.first_at >= ? AND g.first_at < ?', since, until);
  visible(conditions, visibility);
  const from = `FROM sightings AS g JOIN sessions AS s ON s.key = g.session_key ${conditions.where}`;
  const rows = database.prepare(`SELECT g.*, s.id AS session ${from} ORDER BY g.first_at DESC LIMIT ?`).all(...conditions.values, mostTold);
  const total = Number(database.prepare(`SELECT count(*) AS n ${from}`).get(...conditions.values)?.['n'] ?? 0);
  const items = rows.map((row) => ({
    agent: row['agent'] === '' ? null : String(row['agent']),
    connection: String(row['connection']),
    object: String(row['object']),
    at: timestamp(Number(row['first_at'])),
    exchange: `${String(row['session'])}/${Number(row['ordinal'])}`,
  }));
  return { items, more: total - items.length };
}

function sessionsIn(database: DatabaseSync, { since, until }: Period, visibility: Visibility): Pick<Overview, 'flows' | 'connections'> {
  const conditions = new Conditions();
  conditions.add('s.last_at >= ? AND s.started_at < ?', since, until);
  visible(conditions, visibility);
  const ask = (columns: string, group: string, order: string) =>
    database
      .prepare(`SELECT ${columns} FROM sessions AS s ${conditions.where} GROUP BY ${group} ORDER BY ${order} LIMIT ?`)
      .all(...conditions.values, mostTold);
  const flows = ask(
    `s.agent, s.connection, count(*) AS sessions, sum(s.exchanges) AS exchanges, sum(s.rows) AS rows,
      sum(s.bytes_to_client) AS bytes, sum(s.masked) AS masked`,
    's.agent, s.connection',
    'bytes DESC',
  );
  const connections = ask(
    `s.connection, s.protocol, count(*) AS sessions, sum(s.status = 'active') AS active, sum(s.status = 'refused') AS turned_away,
      sum(s.status = 'interrupted') AS interrupted, sum(s.recording = 'gap') AS gaps, max(s.last_at) AS last_at`,
    's.connection, s.protocol',
    's.connection',
  );
  return { flows: flows.map(flowOf), connections: connections.map(recordOf) };
}

function flowOf(row: Row): Flow {
  const number = (column: string) => Number(row[column] ?? 0);
  return {
    agent: row['agent'] === null ? null : String(row['agent']),
    connection: String(row['connection']),
    sessions: number('sessions'),
    exchanges: number('exchanges'),
    rows: number('rows'),
    bytes: number('bytes'),
    masked: number('masked'),
  };
}

function recordOf(row: Row): ConnectionRecord {
  const number = (column: string) => Number(row[column] ?? 0);
  return {
    connection: String(row['connection']),
    protocol: String(row['protocol']),
    sessions: number('sessions'),
    active: number('active'),
    turnedAway: number('turned_away'),
    interrupted: number('interrupted'),
    gaps: number('gaps'),
    lastAt: timestamp(number('last_at')),
  };
}
