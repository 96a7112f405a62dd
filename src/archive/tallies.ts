import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionFacts } from '../core/entry.ts';
import { Conditions, visible } from './conditions.ts';
import type { Counted, ExchangeState } from './exchange-state.ts';
import type { Visibility } from './items.ts';
import type { Changed } from './text-index.ts';

/** The lengths of time that exchanges are counted by, in milliseconds. */
export const tallyWidths = [300_000, 3_600_000] as const;

/** A time in spans of `width`. Where those are long enough to be made of tallies, they are whole ones of the width `tally`. */
export interface Period {
  readonly since: number;
  readonly until: number;
  readonly width: number;
  readonly tally: number | null;
}

/** What holds of the tallies `s` of a time that a viewer may see. The time must be one that has tallies. */
export function talliesIn({ since, until, tally }: Period, ruled: 0 | 1, visibility: Visibility) {
  const width = tally ?? tallyWidths[0];
  const conditions = new Conditions();
  conditions.add('s.width = ? AND s.ruled = ? AND s.slot >= ? AND s.slot < ?', width, ruled, since / width, until / width);
  visible(conditions, visibility);
  return { conditions, tally: width };
}

const key = 'width, ruled, slot, policy, issuer, subject, verdict, failed';
const same = `ON CONFLICT (${key}) DO UPDATE SET n = n + excluded.n`;
const ofSession = 'FROM exchanges AS x JOIN sessions AS s ON s.key = x.session_key';
const counted = `CAST(x.started_at / $width AS INTEGER) AS slot, $policy AS policy, coalesce(s.issuer, '') AS issuer, coalesce(s.subject, '') AS subject,
  coalesce(x.verdict, 'undecided') AS verdict, x.status = 'error' AS failed, -count(*)`;

/**
 * Keeps how many exchanges of each person began in each five minutes and in each hour, by what became of them (`ruled` 0), and of those that were not simply
 * permitted, by each policy that decided (`ruled` 1). So an overview reads these few rows, and not a million exchanges.
 */
export class Tallies {
  readonly #add: StatementSync;
  readonly #subtract: readonly StatementSync[];
  readonly #sweep: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(`INSERT INTO tallies (${key}, n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ${same}`);
    this.#subtract = tallyWidths.flatMap((width) => {
      const head = (ruled: number) =>
        `INSERT INTO tallies (${key}, n) SELECT ${width}, ${ruled}, ${counted.replace('$width', String(width))}`;
      const all = `${head(0).replace('$policy', "''")} ${ofSession} WHERE x.session_key = ? GROUP BY 3, 5, 6, 7, 8 ${same}`;
      // DISTINCT, as each exchange is counted once for a policy.
      const ruled = `${head(1).replace('$policy', 'p.value')} ${ofSession}
        JOIN (SELECT DISTINCT e.id, j.value FROM exchanges AS e, json_each(e.policies) AS j WHERE e.session_key = ?) AS p ON p.id = x.id
        WHERE x.verdict IN ('approved', 'refused', 'denied', 'expired') GROUP BY 3, 4, 5, 6, 7, 8 ${same}`;
      return [database.prepare(all), database.prepare(ruled)];
    });
    this.#sweep = database.prepare('DELETE FROM tallies WHERE n = 0');
  }

  /** Counts exchanges as they are, in place of what they were counted as; `factsOf` tells whose session has a key. */
  count(changed: readonly Changed[], factsOf: ReadonlyMap<number, SessionFacts>): void {
    const sums = new Map<string, { readonly row: readonly (string | number)[]; n: number }>();
    for (const { key: session, exchange } of changed) {
      const now = standing(exchange);
      const before = exchange.counted;
      if (before !== null && isSame(before, now)) continue;
      const principal = factsOf.get(session)?.principal ?? null;
      if (before !== null) sum(sums, exchange.startedAt, principal, before, -1);
      sum(sums, exchange.startedAt, principal, now, 1);
      exchange.counted = now;
    }
    let less = false;
    for (const { row, n } of sums.values()) {
      if (n !== 0) this.#add.run(...row, n);
      less ||= n < 0;
    }
    if (less) this.#sweep.run();
  }

  /** Takes a session's exchanges off, whose rows must still be there. */
  forget(session: number): void {
    for (const subtract of this.#subtract) subtract.run(session);
    this.#sweep.run();
  }
}

type Person = { readonly issuer: string; readonly subject: string } | null;

function sum(
  sums: Map<string, { readonly row: readonly (string | number)[]; n: number }>,
  at: number,
  person: Person,
  { verdict, failed, policies }: Counted,
  by: 1 | -1,
): void {
  const ruling = verdict === 'permitted' || verdict === 'undecided' ? [] : policies;
  for (const width of tallyWidths)
    for (const policy of [null, ...ruling]) {
      const ruled = [Math.floor(at / width), policy ?? '', person?.issuer ?? '', person?.subject ?? '', verdict, Number(failed)];
      const row = [width, Number(policy !== null), ...ruled];
      const place = row.join('\n');
      const known = sums.get(place);
      if (known === undefined) sums.set(place, { row, n: by });
      else known.n += by;
    }
}

function standing({ decision, outcome }: ExchangeState): Counted {
  return {
    verdict: decision?.verdict ?? 'undecided',
    failed: outcome?.status === 'error',
    policies: [...new Set(decision?.grounds.policies)],
  };
}

function isSame(one: Counted, other: Counted): boolean {
  return one.verdict === other.verdict && one.failed === other.failed && one.policies.join('\n') === other.policies.join('\n');
}
