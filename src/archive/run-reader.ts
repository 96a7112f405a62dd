import type { DatabaseSync } from 'node:sqlite';
import { type Bare, withAftermath } from './aftermath.ts';
import { Conditions, during } from './conditions.ts';
import { decodeCursor } from './cursor.ts';
import type { ExchangeItem, Page, PageRequest, SessionItem, Visibility } from './items.ts';
import { itemLimit, paged } from './paging.ts';
import type { ExceptionItem, Lane, RunDetail, RunFilter, RunItem, RunReader, StoryItem } from './run-items.ts';
import { runColumns, runItem, summaryOf } from './run-rows.ts';
import { exchangeColumns, exchangeItem, type Row, sessionItem, sessionRows } from './rows.ts';
import { runFrom } from './run-page.ts';
import { tellStory } from './story.ts';
import { timestamp } from './timestamp.ts';

const mostExceptions = 200;
const mostSessions = 200;
/** As many as a lane has room for on a wide screen. */
const spansOfLane = 240;

const runs = 'FROM runs AS r JOIN sessions AS s ON s.run_key = r.key';
const exchangesOfRun = 'FROM sessions AS s JOIN exchanges AS x ON x.session_key = s.key WHERE s.run_key = ?';
/** In the very words of the index `exchanges_exceptional`, without which it is not used. */
const exceptional = "(x.verdict IS NOT 'permitted' OR x.status = 'error')";

/** The questions about runs. `open` gives the catalog; null while there is none. */
export function readRuns(open: () => DatabaseSync | null): RunReader {
  const keyOf = (id: string) => open()?.prepare('SELECT key, issuer, subject FROM runs WHERE id = ?').get(id) ?? null;
  return {
    runs: (filter, visibility, page) => listRuns(open(), filter, visibility, page),
    runOwner: (id) => {
      const row = keyOf(id);
      return row === null ? null : { issuer: String(row['issuer']), subject: String(row['subject']) };
    },
    run: (id, exceptions = mostExceptions) => {
      const [database, key] = [open(), keyOf(id)];
      return database === null || key === null ? null : detailOf(database, Number(key['key']), Math.min(exceptions, mostExceptions));
    },
    activeSessions: (id) => {
      const key = keyOf(id);
      const sql = `${sessionRows} WHERE s.run_key = ? AND s.status = 'active' ORDER BY s.id DESC LIMIT 1000`;
      return key === null ? [] : (open()?.prepare(sql).all(Number(key['key'])) ?? []).map(sessionItem);
    },
    runExchanges: (id, since, page) => {
      const [database, key] = [open(), keyOf(id)];
      return database === null || key === null ? { items: [], next: null } : exchangesIn(database, Number(key['key']), since, page);
    },
    story: (id, since, page): Page<StoryItem> => {
      const [database, key] = [open(), keyOf(id)];
      return database === null || key === null ? { items: [], next: null } : tellStory(database, Number(key['key']), since, page);
    },
  };
}

function listRuns(database: DatabaseSync | null, filter: RunFilter, visibility: Visibility, page: PageRequest): Page<RunItem> {
  const conditions = new Conditions();
  if (visibility !== 'all') conditions.add('(r.issuer = ? AND r.subject = ?)', visibility.issuer, visibility.subject);
  if (filter.user !== undefined) conditions.add('(r.subject = ? OR r.email = ?)', filter.user, filter.user);
  conditions.equal('r.name', filter.name);
  during(conditions, 'r.started_at', filter);
  const cursor = decodeCursor(page.cursor, 'r');
  if (cursor !== null) conditions.add('(r.started_at, r.key) < (?, ?)', ...cursor);
  const any = (sql: string) => `EXISTS (SELECT 1 FROM sessions AS any WHERE any.run_key = r.key AND ${sql})`;
  if (filter.agent !== undefined) conditions.add(any('any.agent = ?'), filter.agent);
  if (filter.connection !== undefined) conditions.add(any('any.connection = ?'), filter.connection);
  if (filter.status !== undefined) conditions.add(`${filter.status === 'ended' ? 'NOT ' : ''}${any("any.status = 'active'")}`);
  if (filter.exceptional !== undefined)
    conditions.add(`${filter.exceptional ? '' : 'NOT '}${any("(any.refused + any.approved + any.failed > 0 OR any.status = 'refused')")}`);
  const sql = `SELECT ${runColumns} ${runs} ${conditions.where} GROUP BY r.key ORDER BY r.started_at DESC, r.key DESC LIMIT ?`;
  const rows = database?.prepare(sql).all(...conditions.values, itemLimit(page) + 1) ?? [];
  return paged(rows, page, runItem, (row) => ['r', Number(row['started_at']), Number(row['key'])]);
}

function detailOf(database: DatabaseSync, key: number, exceptions: number): RunDetail | null {
  const row = database.prepare(`SELECT ${runColumns} ${runs} WHERE r.key = ? GROUP BY r.key`).get(key);
  if (row === undefined) return null;
  const run = runItem(row);
  const found = exceptionsOf(database, key);
  const counted = database.prepare(`SELECT count(*) AS n ${exchangesOfRun} AND ${exceptional}`).get(key);
  return {
    ...run,
    summary: summaryOf(run),
    ...lanesOf(database, key, row, found),
    exceptions: withAftermath(database, key, found.slice(0, exceptions)),
    moreExceptions: Number(counted?.['n'] ?? 0) - Math.min(found.length, exceptions),
    newestSessions: newestSessions(database, key),
  };
}

function newestSessions(database: DatabaseSync, key: number): SessionItem[] {
  return database.prepare(`${sessionRows} WHERE s.run_key = ? ORDER BY s.id DESC LIMIT ?`).all(key, mostSessions).map(sessionItem);
}

function exceptionsOf(database: DatabaseSync, key: number): Bare[] {
  const sql = `SELECT x.id AS row, ${exchangeColumns} ${exchangesOfRun} AND ${exceptional} ORDER BY x.started_at, s.id, x.ordinal LIMIT ?`;
  return database
    .prepare(sql)
    .all(key, mostExceptions)
    .map((row) => {
      const exchange = exchangeItem(row);
      return { row: Number(row['row']), at: Number(row['started_at']), kind: kindOf(exchange), exchange };
    });
}

/** Why an exchange did not simply pass. */
function kindOf({ verdict }: Pick<ExchangeItem, 'verdict'>): ExceptionItem['kind'] {
  if (verdict === null) return 'undecided';
  return verdict === 'permitted' ? 'failed' : verdict;
}

function lanesOf(database: DatabaseSync, key: number, row: Row, exceptions: readonly Bare[]): Pick<RunDetail, 'spans' | 'lanes'> {
  const [from, until] = [Number(row['started_at']), Number(row['last_at'])];
  const width = Math.max(1, (until - from) / spansOfLane);
  const sql = `SELECT s.connection, s.protocol, min(x.started_at) AS first,
      max(0, min(${spansOfLane - 1}, CAST((x.started_at - ?) / ? AS INTEGER))) AS span, count(*) AS n
    ${exchangesOfRun} GROUP BY s.connection, s.protocol, span`;
  const lanes = new Map<string, { first: number; lane: Lane & { counts: number[]; exchanges: number } }>();
  for (const each of database.prepare(sql).iterate(from, width, key)) {
    const [connection, protocol, first] = [String(each['connection']), String(each['protocol']), Number(each['first'])];
    const found = lanes.get(connection) ?? {
      first,
      lane: { connection, protocol, exchanges: 0, counts: Array<number>(spansOfLane).fill(0), exceptions: [] },
    };
    lanes.set(connection, { lane: found.lane, first: Math.min(found.first, first) });
    found.lane.counts[Number(each['span'])] = Number(each['n']);
    found.lane.exchanges += Number(each['n']);
  }
  const inOrder = [...lanes.values()].sort((one, other) => one.first - other.first).map(({ lane }) => withMarks(lane, exceptions));
  return { spans: { from: timestamp(from), until: timestamp(Math.max(until, from)), count: spansOfLane }, lanes: inOrder };
}

function withMarks(lane: Lane, exceptions: readonly Bare[]): Lane {
  const own = exceptions.filter(({ exchange }) => exchange.connection === lane.connection);
  return { ...lane, exceptions: own.map(({ kind, exchange: { id, startedAt } }) => ({ exchange: id, at: startedAt, kind })) };
}

function exchangesIn(database: DatabaseSync, key: number, since: string | null, page: PageRequest): Page<ExchangeItem> {
  const { sql: after, values } = runFrom(since, page);
  // The order is found by the index alone; then only the rows of the page are read.
  const sql = `SELECT ${exchangeColumns} FROM (
      SELECT x.id AS row, s.key AS owner ${exchangesOfRun} ${after} ORDER BY x.started_at, s.id, x.ordinal LIMIT ?
    ) AS chosen JOIN exchanges AS x ON x.id = chosen.row JOIN sessions AS s ON s.key = chosen.owner ORDER BY x.started_at, s.id, x.ordinal`;
  const rows = database.prepare(sql).all(key, ...values, itemLimit(page) + 1);
  return paged(rows, page, exchangeItem, (row) => ['t', Number(row['started_at']), String(row['session']), Number(row['ordinal'])]);
}
