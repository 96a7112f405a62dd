import type { MaskedCount } from '../core/masking.ts';
import { Conditions } from './conditions.ts';
import { lowestId } from './exchange-order.ts';
import type { TimedReads } from './timed-reads.ts';
import { timestamp } from './timestamp.ts';

/** What one rule masked in a time. */
export interface RuleMasked {
  /** The entry of the configuration, such as `columns[0]`. */
  readonly rule: string;
  /** The detector or pattern; null for a rule by column. */
  readonly detector: string | null;
  readonly exchanges: number;
  readonly values: number;
  readonly lastAt: string;
}

export interface MaskedLately {
  readonly since: string;
  /** Whether all of the time was looked through; where not, the newest of it was. */
  readonly complete: boolean;
  readonly rules: readonly RuleMasked[];
}

export interface MaskedReader {
  /** What was masked since then (milliseconds since the epoch), by rule; those that masked in most exchanges first. */
  masked(since: number): MaskedLately;
}

const patienceMs = 700;
const mostRules = 1_000;

export function readMasked(read: TimedReads): MaskedReader {
  return {
    masked: (since) => {
      const conditions = new Conditions();
      conditions.add('x.id >= ?', lowestId(since));
      conditions.add('in_time(x.id)');
      conditions.add('x.started_at >= ?', since);
      conditions.add('x.masked IS NOT NULL');
      const rules = new Map<string, Counted>();
      const sql = `SELECT x.started_at, x.masked FROM exchanges AS x NOT INDEXED ${conditions.where} ORDER BY x.id DESC`;
      const stopped = read(patienceMs)(sql, conditions.values, (row) => {
        // The archive alone writes this column.
        add(rules, JSON.parse(String(row['masked'])) as readonly MaskedCount[], Number(row['started_at']));
        return rules.size < mostRules;
      });
      const items = [...rules.values()].sort((one, other) => other.exchanges - one.exchanges);
      return {
        since: timestamp(since),
        complete: stopped === null && rules.size < mostRules,
        rules: items.map(({ lastAt, ...rule }) => ({ ...rule, lastAt: timestamp(lastAt) })),
      };
    },
  };
}

interface Counted {
  readonly rule: string;
  readonly detector: string | null;
  exchanges: number;
  values: number;
  lastAt: number;
}

function add(rules: Map<string, Counted>, masked: readonly MaskedCount[], at: number): void {
  const counted = new Set<Counted>();
  for (const { rule, detector, count } of masked) {
    const key = `${rule}\0${detector ?? ''}`;
    let known = rules.get(key);
    if (known === undefined) rules.set(key, (known = { rule, detector, exchanges: 0, values: 0, lastAt: at }));
    known.values += count;
    known.lastAt = Math.max(known.lastAt, at);
    counted.add(known);
  }
  for (const known of counted) known.exchanges += 1;
}
