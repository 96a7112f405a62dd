import type { Conditions } from './conditions.ts';
import { newestFirst, orderedSource, type ReadRows } from './newest-exchanges.ts';
import type { Row } from './rows.ts';
import type { Facet, Facets } from './search-items.ts';
import { timestamp } from './timestamp.ts';

/** So many exchanges are counted at most (some 3 µs each), the newest ones. */
const mostCounted = 200_000;
const valuesTold = 20;
/** A facet of more values than this tells nothing; those that come later are counted as others. */
const mostValues = 2_000;
const spans = 60;

const columns = `x.id, x.started_at, x.verdict, x.effect, x.status, x.action, x.objects, x.policies, x.session_key,
  s.connection, s.protocol, s.subject, s.agent, s.recording`;

const single = {
  verdict: 'verdict',
  effect: 'effect',
  status: 'status',
  action: 'action',
  connection: 'connection',
  protocol: 'protocol',
  user: 'subject',
  agent: 'agent',
} as const;

/** Counts what was found by each field that has few values, and over time. */
export function countFacets(read: ReadRows, conditions: Conditions, searching: boolean): Facets {
  const sql = `SELECT ${columns} FROM ${orderedSource(searching)} ${conditions.where} ${newestFirst(searching)}`;
  const tallies = new Map<string, Tally>();
  const singles = Object.entries(single).map(([field, column]) => ({ tally: tallyOf(tallies, field), column }));
  const [objects, policies] = [tallyOf(tallies, 'object'), tallyOf(tallies, 'policy')];
  const names = createNames();
  const times: { at: number; exceptional: boolean }[] = [];
  const gaps = new Set<number>();
  let cut = false;
  const stopped = read(sql, conditions.values, (row) => {
    cut = times.length >= mostCounted;
    if (cut) return false;
    for (const { tally, column } of singles) tally.add(textOf(row, column));
    for (const name of names(row['objects'])) objects.add(name);
    for (const name of names(row['policies'])) policies.add(name);
    times.push({ at: Number(row['started_at']), exceptional: row['verdict'] !== 'permitted' || row['status'] === 'error' });
    if (row['recording'] === 'gap') gaps.add(Number(row['session_key']));
    return true;
  });
  const [since, until] = boundsOf(times);
  return {
    count: times.length,
    complete: stopped === null && !cut,
    since: since === null ? null : timestamp(since),
    until: until === null ? null : timestamp(until),
    gaps: gaps.size,
    facets: [...tallies].map(([field, tally]) => tally.facet(field)),
    histogram: since === null || until === null ? [] : histogram(times, since, until),
  };
}

/** They come newest first, but for those that are close together. */
function boundsOf(times: readonly { readonly at: number }[]): [since: number | null, until: number | null] {
  if (times.length === 0) return [null, null];
  let [since, until] = [Number.POSITIVE_INFINITY, 0];
  for (const { at } of times) {
    since = Math.min(since, at);
    until = Math.max(until, at);
  }
  return [since, until];
}

function tallyOf(tallies: Map<string, Tally>, field: string): Tally {
  const tally = new Tally();
  tallies.set(field, tally);
  return tally;
}

class Tally {
  readonly #counts = new Map<string | null, number>();
  #others = new Set<string>();

  add(value: string | null): void {
    const count = this.#counts.get(value);
    if (count !== undefined || this.#counts.size < mostValues) this.#counts.set(value, (count ?? 0) + 1);
    else if (value !== null && this.#others.size < mostValues) this.#others.add(value);
  }

  facet(field: string): Facet {
    const sorted = [...this.#counts].sort(([, one], [, other]) => other - one);
    const values = sorted.slice(0, valuesTold).map(([value, count]) => ({ value, count }));
    return { field, values, more: sorted.length - values.length + this.#others.size };
  }
}

function histogram(times: readonly { at: number; exceptional: boolean }[], since: number, until: number): Facets['histogram'] {
  const width = Math.max(1, (until - since) / spans);
  const counted = Array.from({ length: spans }, (_, span) => ({ at: timestamp(since + span * width), count: 0, exceptional: 0 }));
  for (const { at, exceptional } of times) {
    const span = counted[Math.min(spans - 1, Math.max(0, Math.floor((at - since) / width)))];
    if (span === undefined) continue;
    span.count += 1;
    if (exceptional) span.exceptional += 1;
  }
  return counted;
}

/** Names in a column that the archive alone writes: a list of names, or of objects with one. The same lists come again and again. */
function createNames() {
  const known = new Map<unknown, readonly string[]>();
  return (text: unknown): readonly string[] => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const list = JSON.parse(String(text)) as (string | { name: string })[];
    const names = [...new Set(list.map((each) => (typeof each === 'string' ? each : each.name)))];
    if (known.size >= mostValues) known.clear();
    known.set(text, names);
    return names;
  };
}

function textOf(row: Row, column: string): string | null {
  return row[column] === null ? null : String(row[column]);
}
