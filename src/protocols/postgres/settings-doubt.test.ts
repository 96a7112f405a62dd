import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../../core/action.ts';
import { plainAction } from '../../core/action.ts';
import type { Lineage } from '../../sql/lineage.ts';
import type { ReadStatement } from './read-statement.ts';
import { SettingsDoubt } from './settings-doubt.ts';

type Sets = NonNullable<ReadStatement['meaning']>['sets'];

interface Told {
  readonly effect?: Effect;
  readonly sets?: Sets;
  readonly functions?: readonly string[];
  readonly whole?: Lineage['whole'];
  readonly filters?: Lineage['filters'];
  readonly unread?: true;
}

const none = new Set<string>();
const masked = new Set(['public.users.email']);
const change = (value: string | null, toDefault = false) => [{ name: 'application_name', value, toDefault, local: false }];

function statement({ effect = 'read', sets = [], functions = [], whole = none, filters = none, unread }: Told): ReadStatement {
  const facts = { hasWhere: true, returning: false, limited: false, transactionControl: false, unresolved: false, triggers: false };
  const meaning = {
    deeds: [{ verb: 'select', effect, object: null }] as const,
    facts: { ...facts, cascades: false, functions },
    sets,
    leaves: { prepared: null, cursor: null, temporary: [] },
  };
  return { action: plainAction('a', effect, ''), meaning: unread ? null : meaning, lineage: () => ({ columns: null, whole, filters }) };
}

/** What a session says, and whether a column of no table, of a statement like this, may show a masked value afterwards. */
const cases: readonly (readonly [name: string, told: Told, text: string, doubted: boolean])[] = [
  ['nothing', {}, 'show application_name', false],
  ['a setting by its own words', { sets: change('x') }, 'show application_name', false],
  ['back to the default', { sets: change(null, true) }, 'show application_name', false],
  ['a bind value', { sets: change(null) }, 'show application_name', false],
  ['a masked value', { sets: change(null), whole: masked }, 'select 1', true],
  ['one by a condition', { sets: change(null), filters: masked }, 'select 1', true],
  ['one of unknown origin', { sets: change(null), whole: 'unknown' }, 'select 1', true],
  ['a seed', { functions: ['pg_catalog.setseed'], whole: masked }, 'select random()', true],
  ['a seed of his own', { functions: ['pg_catalog.setseed'] }, 'select random()', false],
  ['code that nobody has read', { effect: 'unknown' }, 'show application_name', true],
  ['the same, and what drivers ask all the time', { effect: 'unknown' }, 'show transaction_isolation', false],
  ['a text that could not be read', { unread: true }, 'select current_setting($1)', true],
];

describe('whether settings may hold masked values, after', () => {
  for (const [name, told, text, doubted] of cases)
    test(name, () => {
      const doubt = new SettingsDoubt((sources) => sources === 'unknown' || sources.has('public.users.email'));
      doubt.note(statement(told));
      assert.equal(doubt.covers(none, text), doubted);
      assert.equal(doubt.covers(new Set(['pg_catalog.pg_settings.setting']), text), doubted);
      assert.equal(doubt.covers(new Set(['public.users.id']), text), false);
      // Once it is so it stays so.
      doubt.note(statement({}));
      assert.equal(doubt.covers(none, text), doubted);
    });
});
