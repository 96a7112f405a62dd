import { Conditions, visible } from './conditions.ts';
import type { Visibility } from './items.ts';
import type { ReadRows } from './newest-exchanges.ts';
import type { RuleCount } from './overview-items.ts';
import { fields } from './query/fields.ts';
import type { Row } from './rows.ts';
import { type Period, talliesIn } from './tallies.ts';

/** Whether something was worked around costs some milliseconds in a long run: it is looked into for the newest. */
const mostLookedInto = 300;
const mostCounted = 100_000;

type Counted = { -readonly [Key in keyof RuleCount]: RuleCount[Key] };

/** What each policy has kept from passing or asked people about, in a time. */
export function countRules(
  read: ReadRows,
  period: Period,
  visibility: Visibility,
): { readonly items: RuleCount[]; readonly complete: boolean } {
  const { since, until } = period;
  const conditions = new Conditions();
  conditions.add('in_time(x.id)');
  conditions.add('x.started_at >= ? AND x.started_at < ?', since, until);
  conditions.add("(x.verdict IS NOT 'permitted' OR x.status = 'error') AND x.verdict <> 'permitted'");
  visible(conditions, visibility);
  const from = `FROM exchanges AS x INDEXED BY exchanges_exceptional_by_time JOIN sessions AS s ON s.key = x.session_key ${conditions.where}`;
  const rules = new Map<string, Counted>();
  const complete = period.tally === null ? countEach(read, from, conditions, rules) : addTallies(read, period, visibility, rules);
  const around = `SELECT x.policies, ${fields['is']?.values?.['worked_around'] ?? '0'} AS around ${from}
    AND x.verdict <> 'approved' ORDER BY x.started_at DESC LIMIT ${mostLookedInto}`;
  read(around, conditions.values, (row) => {
    for (const policy of JSON.parse(String(row['policies'])) as string[]) {
      const rule = ruleOf(rules, policy);
      rule.lookedInto += 1;
      rule.workedAround += Number(row['around']);
    }
    return true;
  });
  const barred = (rule: RuleCount) => rule.refused + rule.denied + rule.expired + rule.approved;
  const items = [...rules.values()].sort((one, other) => barred(other) - barred(one));
  return { items, complete };
}

function addTallies(read: ReadRows, period: Period, visibility: Visibility, rules: Map<string, Counted>): true {
  const { conditions } = talliesIn(period, 1, visibility);
  read(`SELECT s.policy, s.verdict, sum(s.n) AS n FROM tallies AS s ${conditions.where} GROUP BY 1, 2`, conditions.values, (row) => {
    if (Number(row['n']) > 0) ruleOf(rules, String(row['policy']))[verdictOf(row)] += Number(row['n']);
    return true;
  });
  return true;
}

/** The newest, where there are very many; returns whether that was all. */
function countEach(read: ReadRows, from: string, conditions: Conditions, rules: Map<string, Counted>): boolean {
  let counted = 0;
  const stopped = read(`SELECT x.verdict, x.policies ${from} ORDER BY x.started_at DESC`, conditions.values, (row) => {
    counted += 1;
    const policies = new Set(JSON.parse(String(row['policies'])) as string[]);
    for (const policy of policies) ruleOf(rules, policy)[verdictOf(row)] += 1;
    return counted < mostCounted;
  });
  return stopped === null && counted < mostCounted;
}

/** The archive alone writes this column, and what is asked for here has no other verdicts. */
function verdictOf(row: Row): 'refused' | 'denied' | 'expired' | 'approved' {
  return String(row['verdict']) as 'refused' | 'denied' | 'expired' | 'approved';
}

function ruleOf(rules: Map<string, Counted>, policy: string): Counted {
  const found = rules.get(policy) ?? { policy, refused: 0, denied: 0, expired: 0, approved: 0, workedAround: 0, lookedInto: 0 };
  rules.set(policy, found);
  return found;
}
