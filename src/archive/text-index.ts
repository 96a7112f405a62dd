import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { idsPerStretch } from './exchange-order.ts';
import type { ExchangeState } from './exchange-state.ts';
import { cellSeparator } from './found-text.ts';

/** So many of a session's exchanges, at most, have their texts in one row of the index, together so long, in UTF-16 units. */
const mostTogether = 256;
const longestTogether = 32 * 1024;

/** An exchange whose row is to be written, and the key of its session. */
export interface Changed {
  readonly key: number;
  readonly exchange: ExchangeState;
}

interface Stretch {
  readonly head: ExchangeState;
  size: number;
}

/**
 * Fills the full-text index. Exchanges of one session that follow each other closely and are over have one row together, in which
 * what they all say stands once: `exchanges.home` is the index's row, which has the id of the first of them, and that one's `covers`
 * says how many ordinals further the last may be. What else stands in the row is somebody else's, so whoever asks the index asks `says`
 * of what it finds. A row belongs to one session, and goes with it.
 */
export class TextIndex {
  readonly #add: StatementSync;
  readonly #put: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare('INSERT INTO exchange_text (rowid, asked, found) VALUES (?, ?, ?)');
    this.#put = database.prepare('INSERT OR REPLACE INTO exchange_text (rowid, asked, found) VALUES (?, ?, ?)');
  }

  /** Finds each exchange, which come in the order of their ids, its row. One that goes on has a row of its own, to be written again. */
  static place(changed: readonly Changed[]): void {
    const stretches = new Map<number, Stretch>();
    for (const { key, exchange } of changed) {
      exchange.home = exchange.id;
      if (exchange.stored || exchange.outcome === null) continue;
      const size = exchange.searchedLength;
      const stretch = stretches.get(key);
      if (stretch !== undefined && fits(stretch, exchange, size)) {
        stretch.size += size;
        exchange.home = stretch.head.id;
        stretch.head.covers = exchange.ordinal - stretch.head.ordinal;
      } else if (size < longestTogether) stretches.set(key, { head: exchange, size });
    }
  }

  /** Writes the rows of these, which come in the order of their ids. */
  write(changed: readonly Changed[]): void {
    const rows = new Map<number, IndexRow>();
    for (const { exchange } of changed) {
      let row = rows.get(exchange.home);
      if (row === undefined) rows.set(exchange.home, (row = new IndexRow(exchange.stored)));
      row.add(exchange.text, exchange.parameters, exchange.found.toString());
    }
    for (const [home, row] of rows) (row.stored ? this.#put : this.#add).run(home, row.asked, row.found);
  }

  /** Fills an empty index from the rows that the catalog has, in the order it is fastest in. `transact` runs its work in one transaction. */
  fill(database: DatabaseSync, transact: (work: () => void) => void): void {
    const page = database.prepare('SELECT id, home, text, parameters, found FROM exchanges WHERE id > ? ORDER BY id LIMIT 1000');
    let rows = new Map<number, IndexRow>();
    for (let last = -1, more = true; more; ) {
      const read = page.all(last);
      transact(() => {
        for (const row of read) {
          const id = Number(row['id']);
          // What belongs to a row lies in its stretch of ids.
          if (stretchOf(id) > stretchOf(last)) rows = this.#flush(rows);
          last = id;
          const home = Number(row['home']);
          const its = rows.get(home) ?? new IndexRow(false);
          rows.set(home, its);
          const parameters = row['parameters'] === null ? null : (JSON.parse(String(row['parameters'])) as (string | null)[]);
          its.add(String(row['text']), parameters, String(row['found']));
        }
        if (read.length === 0) rows = this.#flush(rows);
      });
      more = read.length > 0;
    }
  }

  #flush(rows: ReadonlyMap<number, IndexRow>): Map<number, IndexRow> {
    for (const [home, { asked, found }] of rows) this.#add.run(home, asked, found);
    return new Map();
  }
}

function fits({ head, size }: Stretch, exchange: ExchangeState, more: number): boolean {
  if (size + more > longestTogether || exchange.ordinal - head.ordinal >= mostTogether) return false;
  return stretchOf(exchange.id) === stretchOf(head.id);
}

function stretchOf(id: number): number {
  return Math.floor(id / idsPerStretch);
}

/** What a row of the index is made of: each text once. */
class IndexRow {
  readonly stored: boolean;
  readonly #asked = new Set<string>();
  readonly #found = new Set<string>();

  constructor(stored: boolean) {
    this.stored = stored;
  }

  get asked(): string {
    return searchable([...this.#asked].join(cellSeparator));
  }

  get found(): string {
    return searchable([...this.#found].join(cellSeparator));
  }

  add(text: string, parameters: readonly (string | null)[] | null, found: string): void {
    this.#asked.add(text);
    for (const value of parameters ?? []) if (value !== null && value !== '') this.#asked.add(value);
    if (found !== '') this.#found.add(found);
  }
}

/** A NUL would end a query where it stands; both sides of the search have this in its place. */
export function searchable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** A condition: what the index's row has to do with an exchange `x` that shares it. */
export const saysPhrase = `((x.home = x.id AND x.covers = 0) OR says(?, ?, x.text, x.parameters, x.found))`;

/**
 * Makes `says(phrase, column, text, parameters, found)` known to a database: whether the phrase stands in one of these, in any case, as the
 * index would find it; `column` is `asked`, `found`, or empty for both.
 */
export function teachSays(database: DatabaseSync): void {
  let last = '';
  let folded = '';
  database.function('says', { deterministic: true, directOnly: true }, (phrase, column, text, parameters, found) => {
    if (phrase !== last) {
      last = String(phrase);
      folded = fold(searchable(last));
    }
    const holds = (value: unknown) => typeof value === 'string' && fold(searchable(value)).includes(folded);
    if (column !== 'found' && (holds(text) || (parameters !== null && boundIn(parameters).some(holds)))) return 1;
    return column !== 'asked' && holds(found) ? 1 : 0;
  });
}

/** The archive alone writes these. */
function boundIn(parameters: unknown): unknown[] {
  return JSON.parse(String(parameters)) as unknown[];
}

/** Simple case folding, code point by code point, as the index does it. */
function fold(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : Array.from(text, foldPoint).join('');
}

function foldPoint(point: string): string {
  const upper = point.toUpperCase();
  const lower = (upper.length === point.length ? upper : point).toLowerCase();
  return lower.length === point.length ? lower : point;
}
