import { highestId, idsBeside, idsPerStretch, startOf } from './exchange-order.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Conditions } from './conditions.ts';
import type { ExchangeItem, PageRequest } from './items.ts';
import { itemLimit, paged } from './paging.ts';
import { exchangeColumns, exchangeItem, type Row } from './rows.ts';
import type { FoundPage } from './search-items.ts';
import { timestamp } from './timestamp.ts';

/** Hands rows to `take` until it wants no more; returns the id that was looked at last where the time was over before. */
export type ReadRows = (sql: string, values: readonly (string | number)[], take: (row: Row) => boolean) => number | null;

/** A row of the index has the id of the first exchange that it stands for. */
const found = `exchange_text CROSS JOIN exchanges AS h ON h.id = exchange_text.rowid CROSS JOIN exchanges AS x
  INDEXED BY exchanges_of_session ON x.session_key = h.session_key AND x.ordinal BETWEEN h.ordinal AND h.ordinal + h.covers AND x.home = h.id`;

/** Read from the full-text index where that is searched, so that what it finds comes in its order. */
export function exchangeSource(searching: boolean): string {
  return searching
    ? `${found} CROSS JOIN sessions AS s ON s.key = x.session_key`
    : 'exchanges AS x JOIN sessions AS s ON s.key = x.session_key';
}

/**
 * The same for reads that may be given up on their way: no index may be chosen that brings rows in another order than that of
 * their ids, because what was looked through by then is told by the last id.
 */
export function orderedSource(searching: boolean): string {
  return searching ? exchangeSource(true) : 'exchanges AS x NOT INDEXED CROSS JOIN sessions AS s ON s.key = x.session_key';
}

/** The id that rows are read by. */
export function idRead(searching: boolean): string {
  return searching ? 'exchange_text.rowid' : 'x.id';
}

/** What rows are read in: their ids, newest first. */
export function newestFirst(searching: boolean): string {
  return `ORDER BY ${idRead(searching)} DESC`;
}

/**
 * Row ids tell the order but for what lies in one span, and in a search in one stretch of spans: so the page, and the rest of its last
 * row's span, is read and put in order.
 */
export function newestExchanges(
  read: ReadRows,
  conditions: Conditions,
  { searching, source }: { readonly searching: boolean; readonly source: string },
  page: PageRequest,
): FoundPage {
  const limit = itemLimit(page);
  const width = searching ? idsPerStretch : idsBeside;
  const lowestBeside = (id: number) => id - (id % width);
  const cursor = decodeCursor(page.cursor, 'x');
  if (cursor !== null) {
    // What an earlier page has had must not take of this one's time.
    conditions.addFirst('(x.started_at, s.id, x.ordinal) < (?, ?, ?)', ...cursor);
    conditions.addFirst(`${idRead(searching)} <= ?`, highestId(Number(cursor[0])));
  }
  const sql = `SELECT ${idRead(searching)} AS id, ${exchangeColumns} FROM ${source} ${conditions.where} ${newestFirst(searching)}`;
  const rows: Row[] = [];
  let lowest = 0;
  const stopped = read(sql, conditions.values, (row) => {
    if (rows.length > limit && Number(row['id']) < lowest) return false;
    rows.push(row);
    lowest = lowestBeside(Number(row['id']));
    return true;
  });
  const sure = stopped === null ? rows : rows.filter((row) => Number(row['id']) >= lowestBeside(stopped) + width);
  sure.sort(newerFirst);
  const found = paged(sure, page, exchangeItem, (row) => ['x', Number(row['started_at']), String(row['session']), Number(row['ordinal'])]);
  if (stopped === null || found.next !== null) return { ...found, lookedBackTo: null };
  // All of the spans after the one that was being looked through are done.
  const at = startOf(lowestBeside(stopped) + width);
  return { items: found.items satisfies readonly ExchangeItem[], next: encodeCursor(['x', at, '', 0]), lookedBackTo: timestamp(at) };
}

function newerFirst(one: Row, other: Row): number {
  const later = Number(other['started_at']) - Number(one['started_at']);
  if (later !== 0) return later;
  const [session, otherSession] = [String(one['session']), String(other['session'])];
  if (session !== otherSession) return session < otherSession ? 1 : -1;
  return Number(other['ordinal']) - Number(one['ordinal']);
}
