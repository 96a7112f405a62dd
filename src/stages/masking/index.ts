import type { KeyObject } from 'node:crypto';
import type { ColumnMask, ConnectionMasking, Masking, Tally } from '../../core/masking.ts';
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
  const { columns, values } = masker.covers(connection);
  if (!columns && !values) return null;
  return {
    byColumn: columns,
    plan: (result, mayBeSeen) =>
      masker.plan(connection, result, mayBeSeen)?.map((plan) => (plan.how === 'pass' ? null : maskOf(masker, plan))) ?? null,
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
