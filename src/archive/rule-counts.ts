import { Conditions, visible } from './conditions.ts';
import type { Visibility } from './items.ts';
import type { ReadRows } from './newest-exchanges.ts';
import type { RuleCount } from './overview-items.ts';
import { fields } from './query/fields.ts';

/** Whether something was worked around costs some milliseconds in a long run: it is looked into for the newest. */
const mostLookedInto = 300;
const mostCounted = 100_000;

type Counted = { -readonly [Key in keyof RuleCount]: RuleCount[Key] };

/** What each policy has kept from passing or asked people about, in a time. */
export function countRules(
  read: ReadRows,
  since: number,
  until: number,
  visibility: Visibility,
): { readonly items: RuleCount[]; readonly complete: boolean } {
  const conditions = new Conditions();
  conditions.add('in_time(x.id)');
  conditions.add('x.started_at >= ? AND x.started_at < ?', since, until);
  conditions.add("(x.verdict IS NOT 'permitted' OR x.status = 'error') AND x.verdict <> 'permitted'");
  visible(conditions, visibility);
  const from = `FROM exchanges AS x INDEXED BY exchanges_exceptional_by_time JOIN sessions AS s ON s.key = x.session_key ${conditions.where}`;
  const rules = new Map<string, Counted>();
  let counted = 0;
  const stopped = read(`SELECT x.verdict, x.policies ${from} ORDER BY x.started_at DESC`, conditions.values, (row) => {
    counted += 1;
    // The archive alone writes these columns.
    const verdict = String(row['verdict']) as 'refused' | 'denied' | 'expired' | 'approved';
    for (const policy of JSON.parse(String(row['policies'])) as string[]) ruleOf(rules, policy)[verdict] += 1;
    return counted < mostCounted;
  });
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
  return { items, complete: stopped === null && counted < mostCounted };
}

function ruleOf(rules: Map<string, Counted>, policy: string): Counted {
  const found = rules.get(policy) ?? { policy, refused: 0, denied: 0, expired: 0, approved: 0, workedAround: 0, lookedInto: 0 };
  rules.set(policy, found);
  return found;
}
