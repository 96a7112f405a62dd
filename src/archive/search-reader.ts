import { Conditions, matchExchanges, visible } from './conditions.ts';
import { decodeCursor } from './cursor.ts';
import { countFacets } from './facets.ts';
import type { Page, PageRequest, ExchangeItem } from './items.ts';
import { exchangeSource, idRead, newestExchanges, orderedSource, type ReadRows } from './newest-exchanges.ts';
import { itemLimit, paged } from './paging.ts';
import { compileQuery } from './query/compile.ts';
import { parseQuery } from './query/parse.ts';
import type { QueryProblem } from './query/syntax.ts';
import { exchangeColumns, exchangeItem, type Row } from './rows.ts';
import type { Search, SearchReader } from './search-items.ts';
import type { TimedReads } from './timed-reads.ts';
import { timestamp } from './timestamp.ts';

/** What a page, and what a count, may take of the time of all who ask. */
const usual = { pageMs: 1_500, countMs: 1_000 };

/** The search over exchanges. */
export function readSearches(readWithin: TimedReads, { pageMs, countMs } = usual): SearchReader {
  return {
    search: (search, page) => {
      const asked = conditionsOf(search);
      if ('problem' in asked) return asked;
      const { conditions, searching } = asked;
      if (search.filter.session === undefined)
        return newestExchanges(readWithin(pageMs), conditions, { searching, source: orderedSource(searching) }, page);
      return { ...inOrder(readWithin(Number.POSITIVE_INFINITY), conditions, searching, page), lookedBackTo: null };
    },
    facets: (search) => {
      const asked = conditionsOf(search);
      if ('problem' in asked) return asked;
      return countFacets(readWithin(countMs), asked.conditions, asked.searching);
    },
    newest: () => {
      let at: number | null = null;
      readWithin(countMs)('SELECT last_at FROM sessions ORDER BY last_at DESC LIMIT 1', [], (row) => {
        at = Number(row['last_at']);
        return false;
      });
      return at === null ? null : timestamp(at);
    },
  };
}

interface Asked {
  readonly conditions: Conditions;
  readonly searching: boolean;
}

function conditionsOf({ q, filter, visibility }: Search): Asked | { readonly problem: QueryProblem } {
  const parsed = parseQuery(q);
  if ('problem' in parsed) return parsed;
  const compiled = compileQuery(parsed.query, Date.now());
  if ('problem' in compiled) return compiled;
  const conditions = new Conditions();
  conditions.add(`in_time(${idRead(compiled.match !== null)})`);
  visible(conditions, visibility);
  matchExchanges(conditions, filter);
  for (const { sql, values } of compiled.conditions) conditions.add(sql, ...values);
  if (compiled.match !== null) conditions.add('exchange_text MATCH ?', compiled.match);
  return { conditions, searching: compiled.match !== null };
}

/** The exchanges of one session come in their order. */
function inOrder(read: ReadRows, conditions: Conditions, searching: boolean, page: PageRequest): Page<ExchangeItem> {
  const cursor = decodeCursor(page.cursor, 'o');
  if (cursor !== null) conditions.add('x.ordinal > ?', ...cursor);
  const sql = `SELECT ${exchangeColumns} FROM ${exchangeSource(searching)} ${conditions.where} ORDER BY x.ordinal LIMIT ?`;
  const rows: Row[] = [];
  read(sql, [...conditions.values, itemLimit(page) + 1], (row) => rows.push(row) > 0);
  return paged(rows, page, exchangeItem, (row) => ['o', Number(row['ordinal'])]);
}
