import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Checkpoint } from './checkpoint.ts';
import { Conditions, matchAudit, matchExchanges, matchSessions, matchText, visible } from './conditions.ts';
import { decodeCursor } from './cursor.ts';
import type { Excerpt } from './decoded.ts';
import type {
  AuditFilter,
  AuditItem,
  ExchangeFilter,
  ExchangeItem,
  Page,
  PageRequest,
  SessionFilter,
  SessionItem,
  Visibility,
} from './items.ts';
import { catalogPath } from './layout.ts';
import { type HoldingsReader, readHoldings } from './holdings.ts';
import { type MaskedReader, readMasked } from './masked-counts.ts';
import { itemLimit, paged } from './paging.ts';
import type { Catalog, RunReader } from './run-items.ts';
import { exchangeSource, newestExchanges, type ReadRows } from './newest-exchanges.ts';
import { readRuns } from './run-reader.ts';
import type { SearchReader } from './search-items.ts';
import { timedReads } from './timed-reads.ts';
import { readOverview } from './overview.ts';
import type { OverviewReader } from './overview-items.ts';
import { readSearches } from './search-reader.ts';
import { auditItem, exchangeColumns, exchangeItem, type Row, sessionItem, sessionRows } from './rows.ts';
import { openReadOnly } from './schema.ts';

/**
 * Opens a state folder's catalog to read it, beside a running archiver or without one. While there is no catalog yet, every
 * listing is empty. REQUEST_INVALID for a cursor, a time or a limit that cannot be.
 */
export function openCatalog(state: string): Catalog {
  return new SqliteCatalog(catalogPath(state));
}

class SqliteCatalog implements Catalog {
  readonly #path: string;
  #database: DatabaseSync | null = null;
  readonly runs: RunReader = readRuns(() => this.#open());
  readonly #timed = timedReads(() => this.#open());
  readonly searching: SearchReader = readSearches(this.#timed);
  readonly overviews: OverviewReader = readOverview(() => this.#open(), this.#timed);
  readonly masked: MaskedReader = readMasked(this.#timed);
  readonly holdings: HoldingsReader = readHoldings(() => this.#open(), this.#timed);

  constructor(path: string) {
    this.#path = path;
  }

  sessions(filter: SessionFilter, visibility: Visibility, page: PageRequest): Page<SessionItem> {
    const conditions = new Conditions();
    visible(conditions, visibility);
    matchSessions(conditions, filter);
    const cursor = decodeCursor(page.cursor, 's');
    if (cursor !== null) conditions.add('s.id < ?', ...cursor);
    const rows = this.#rows(`${sessionRows} ${conditions.where} ORDER BY s.id DESC LIMIT ?`, conditions.values, page);
    return paged(rows, page, sessionItem, (row) => ['s', String(row['id'])]);
  }

  session(id: string): SessionItem | null {
    const row = this.#open()?.prepare(`${sessionRows} WHERE s.id = ?`).get(id);
    return row === undefined ? null : sessionItem(row);
  }

  lastSequence(session: string): number | null {
    const row = this.#open()?.prepare('SELECT last_sequence FROM sessions WHERE id = ?').get(session);
    return row === undefined ? null : Number(row['last_sequence']);
  }

  checkpoint(session: string, { from, exchange }: Excerpt): Checkpoint | null {
    const sql = `SELECT c.sequence, c.exchange, c.position, c.state FROM checkpoints AS c JOIN sessions AS s ON s.key = c.session_key
      WHERE s.id = ? AND (c.sequence <= ? OR c.exchange < ?) ORDER BY c.sequence DESC LIMIT 1`;
    const row = this.#open()
      ?.prepare(sql)
      .get(session, from ?? -1, exchange ?? -1);
    const state = row?.['state'];
    if (row === undefined || !(state instanceof Uint8Array)) return null;
    return { sequence: Number(row['sequence']), exchange: Number(row['exchange']), offset: Number(row['position']), state };
  }

  lastExchanges(session: string, limit: number): ExchangeItem[] {
    const sql = `SELECT ${exchangeColumns} FROM ${exchangeSource(false)} WHERE s.id = ? ORDER BY x.ordinal DESC LIMIT ?`;
    const rows = this.#open()?.prepare(sql).all(session, limit) ?? [];
    return rows.map(exchangeItem);
  }

  exchanges(filter: ExchangeFilter, visibility: Visibility, page: PageRequest): Page<ExchangeItem> {
    const conditions = new Conditions();
    visible(conditions, visibility);
    matchExchanges(conditions, filter);
    const match = filter.q === undefined ? null : matchText(conditions, filter.q);
    if (match !== null) conditions.add('exchange_text MATCH ?', match);
    if (filter.session === undefined) {
      const searching = match !== null;
      const read: ReadRows = (sql, values, take) => this.#read(sql, values, take);
      const { items, next } = newestExchanges(read, conditions, { searching, source: exchangeSource(searching) }, page);
      return { items, next };
    }
    const cursor = decodeCursor(page.cursor, 'o');
    if (cursor !== null) conditions.add('x.ordinal > ?', ...cursor);
    const sql = `SELECT ${exchangeColumns} FROM ${exchangeSource(match !== null)} ${conditions.where} ORDER BY x.ordinal LIMIT ?`;
    return paged(this.#rows(sql, conditions.values, page), page, exchangeItem, (row) => ['o', Number(row['ordinal'])]);
  }

  audit(filter: AuditFilter, page: PageRequest): Page<AuditItem> {
    const conditions = new Conditions();
    matchAudit(conditions, filter);
    const cursor = decodeCursor(page.cursor, 'a');
    if (cursor !== null) conditions.add('(ledger, sequence) < (?, ?)', ...cursor);
    const sql = `SELECT * FROM audit ${conditions.where} ORDER BY ledger DESC, sequence DESC LIMIT ?`;
    const rows = this.#rows(sql, conditions.values, page);
    return paged(rows, page, auditItem, (row) => ['a', String(row['ledger']), Number(row['sequence'])]);
  }

  close(): void {
    this.#database?.close();
    this.#database = null;
  }

  #open(): DatabaseSync | null {
    if (this.#database === null && existsSync(this.#path)) this.#database = openReadOnly(this.#path);
    return this.#database;
  }

  #read(sql: string, values: readonly (string | number)[], take: (row: Row) => boolean): null {
    const rows = this.#open()
      ?.prepare(sql)
      .iterate(...values);
    for (const row of rows ?? []) if (!take(row)) break;
    return null;
  }

  /** One row more than asked for tells whether there is another page. */
  #rows(sql: string, values: readonly (string | number)[], page: PageRequest): Row[] {
    const limit = itemLimit(page) + 1;
    return (
      this.#open()
        ?.prepare(sql)
        .all(...values, limit) ?? []
    );
  }
}
