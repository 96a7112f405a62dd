import type { DatabaseSync } from 'node:sqlite';
import { Deadline } from './deadline.ts';
import type { ReadRows } from './newest-exchanges.ts';
import { createMatcher } from './query/patterns.ts';
import type { Row } from './rows.ts';

/** Reads that are given up after some milliseconds, and can look for patterns. */
export type TimedReads = (milliseconds: number) => ReadRows;

/** `open` gives the catalog; null while there is none, and then there are no rows. */
export function timedReads(open: () => DatabaseSync | null): TimedReads {
  const known = new WeakMap<DatabaseSync, Deadline>();
  return (milliseconds) => (sql, values, take) => {
    const database = open();
    if (database === null) return null;
    let deadline = known.get(database);
    if (deadline === undefined) known.set(database, (deadline = prepared(database)));
    return deadline.read(() => database.prepare(sql).iterate(...values) as Iterable<Row>, milliseconds, take);
  };
}

function prepared(database: DatabaseSync): Deadline {
  const matches = createMatcher();
  database.function('matches', { deterministic: true, directOnly: true }, (source, value) =>
    matches(String(source), value === null ? null : String(value)) ? 1 : 0,
  );
  return new Deadline(database);
}
