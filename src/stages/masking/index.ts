import type { KeyObject } from 'node:crypto';
import type { ColumnMask, ConnectionMasking, Masking, MayBeSeen, ResultColumn, Tally } from '../../core/masking.ts';
import { type ColumnPlan, Masker } from './masker.ts';
import type { MaskingSettings } from './settings.ts';
import { alwaysMasked } from './value.ts';

export { pseudonymKey } from './key.ts';

/** Fills the port: what masks each connection, by one configuration. */
export function createMasking(settings: MaskingSettings, key: KeyObject): Masking {
  const masker = new Masker(settings, key);
  const known = new Map<string, ConnectionMasking | null>();
  return (connection) => {
    const before = known.get(connection);
    if (before !== undefined) return before;
    const made = masks(masker, connection);
    known.set(connection, made);
    return made;
  };
}

function masks(masker: Masker, connection: string): ConnectionMasking | null {
  const { columns, places, values } = masker.covers(connection);
  if (!columns && !places && !values) return null;
  const plans = new Plans((result, mayBeSeen) => {
    const planned = masker.plan(connection, result, mayBeSeen);
    return planned?.map((plan) => (plan.how === 'pass' ? null : maskOf(masker, plan))) ?? null;
  });
  return {
    byColumn: columns,
    byPlace: places,
    plan: (result, mayBeSeen) => plans.of(result, mayBeSeen),
    text: (text, tally) => masker.maskText(connection, text, tally),
  };
}

function maskOf(masker: Masker, plan: Exclude<ColumnPlan, { how: 'pass' }>): ColumnMask {
  return {
    apply: (text: string, tally: Tally) => masker.apply(plan, text, tally),
    always: plan.how === 'mask' ? alwaysMasked({ action: plan.rule.action, label: plan.rule.label }, plan.kind) : undefined,
    count: (values: number, tally: Tally) => {
      if (plan.how === 'mask' && values > 0) tally.add(plan.rule.rule, plan.label, null, values);
    },
  };
}

type Plan = ReturnType<ConnectionMasking['plan']>;

/** Plans by the columns they are for. The same columns may be shown to one and not to another: what was asked is asked again. */
class Plans {
  readonly #make: ConnectionMasking['plan'];
  readonly #known = new WeakMap<readonly ResultColumn[], { readonly asked: ReadonlyMap<string | null, boolean>; readonly plan: Plan }>();

  constructor(make: ConnectionMasking['plan']) {
    this.#make = make;
  }

  of(columns: readonly ResultColumn[], mayBeSeen: MayBeSeen): Plan {
    const known = this.#known.get(columns);
    if (known !== undefined && isAnswered(known.asked, mayBeSeen)) return known.plan;
    const asked = new Map<string | null, boolean>();
    const plan = this.#make(columns, (source) => {
      const answer = mayBeSeen(source);
      asked.set(source, answer);
      return answer;
    });
    this.#known.set(columns, { asked, plan });
    return plan;
  }
}

function isAnswered(asked: ReadonlyMap<string | null, boolean>, mayBeSeen: MayBeSeen): boolean {
  for (const [source, answer] of asked) if (mayBeSeen(source) !== answer) return false;
  return true;
}
