import type { DatabaseSync } from 'node:sqlite';
import { type Effect, effects } from '../core/action.ts';
import type { ExchangeItem } from './items.ts';
import type { Aftermath, ExceptionItem } from './run-items.ts';
import { exchangeColumns, exchangeItem } from './rows.ts';

/** What happens to an object so long after an exception belongs to it. */
const aftermathMs = 10 * 60_000;
/** So many later exchanges are looked through for all of a run's exceptions together (some 3 µs each); then one stops looking. */
const mostLooked = 200_000;

/** An exception without its aftermath, with its row and when it was. */
export interface Bare {
  readonly row: number;
  readonly at: number;
  readonly kind: ExceptionItem['kind'];
  readonly exchange: ExchangeItem;
}

/** An exception whose aftermath is being looked for. */
interface Watched {
  readonly bare: Bare;
  readonly until: number;
  first: { readonly row: number; readonly at: number } | null;
  count: number;
  workedAround: boolean;
}

/**
 * Says of each exception what the run did next on the same objects. `aftermath` is null where so much followed that not all of it
 * was looked through.
 */
export function withAftermath(database: DatabaseSync, runKey: number, bare: readonly Bare[]): ExceptionItem[] {
  const watched = bare.map((each): Watched => ({ bare: each, until: each.at + aftermathMs, first: null, count: 0, workedAround: false }));
  const complete = lookThrough(database, runKey, watched);
  return watched.map(({ bare: { kind, exchange, at }, first, count, workedAround }) => {
    const aftermath = complete || first !== null ? told(database, exchange, at, first, count) : null;
    return { kind, exchange, aftermath, workedAround };
  });
}

function lookThrough(database: DatabaseSync, runKey: number, watched: readonly Watched[]): boolean {
  const [first, last] = [watched[0], watched.at(-1)];
  if (first === undefined || last === undefined) return true;
  const byObject = new Map<string, Watched[]>();
  const open = [...watched];
  const sql = `SELECT x.id, x.started_at, x.effect, x.objects, x.verdict, x.status FROM sessions AS s
    JOIN exchanges AS x ON x.session_key = s.key WHERE s.run_key = ? AND x.started_at > ? AND x.started_at <= ? ORDER BY x.started_at`;
  let looked = 0;
  for (const row of database.prepare(sql).iterate(runKey, first.bare.at, last.until)) {
    looked += 1;
    if (looked > mostLooked) return false;
    const at = Number(row['started_at']);
    for (let next = open[0]; next !== undefined && next.bare.at < at; next = open[0]) {
      open.shift();
      for (const object of new Set(next.bare.exchange.objects.map(nameOf))) byObject.set(object, [...(byObject.get(object) ?? []), next]);
    }
    for (const each of concerned(byObject, String(row['objects']), at)) {
      each.count += 1;
      each.first ??= { row: Number(row['id']), at };
      // The archive alone writes these columns.
      const reached = row['verdict'] === 'permitted' && row['status'] === 'ok';
      if (reached && isBarred(each.bare) && isAtLeast(row['effect'] as Effect, each.bare.exchange.effect)) each.workedAround = true;
    }
  }
  return true;
}

/** The exceptions whose objects these are, and whose time is not over. */
function concerned(byObject: Map<string, Watched[]>, objects: string, at: number): Set<Watched> {
  const found = new Set<Watched>();
  if (byObject.size === 0 || objects === '[]') return found;
  for (const object of JSON.parse(objects) as { type: string; name: string }[]) {
    const name = nameOf(object);
    const watching = byObject.get(name)?.filter(({ until }) => until >= at) ?? [];
    if (watching.length > 0) byObject.set(name, watching);
    else byObject.delete(name);
    for (const each of watching) found.add(each);
  }
  return found;
}

function told(database: DatabaseSync, exchange: ExchangeItem, at: number, first: Watched['first'], count: number): Aftermath {
  if (first === null) return { kind: 'nothing', next: null, afterMs: null, count: 0 };
  const row = database
    .prepare(`SELECT ${exchangeColumns} FROM exchanges AS x JOIN sessions AS s ON s.key = x.session_key WHERE x.id = ?`)
    .get(first.row);
  if (row === undefined) return { kind: 'nothing', next: null, afterMs: null, count };
  const next = exchangeItem(row);
  const isAgain = next.action === exchange.action && next.text === exchange.text;
  return { kind: isAgain ? 'again' : 'same', next, afterMs: Math.round(first.at - at), count };
}

function isBarred({ kind }: Bare): boolean {
  return kind === 'refused' || kind === 'denied' || kind === 'expired';
}

/** `unknown` is taken for the most dangerous. */
function isAtLeast(effect: Effect, other: Effect): boolean {
  return effects.indexOf(effect) >= effects.indexOf(other);
}

/** A table is the same table whatever way leads to it. */
function nameOf({ name }: { readonly name: string }): string {
  return name;
}
