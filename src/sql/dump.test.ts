import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { meaningsOf, contextOf } from './testing/sample.ts';
import { snapshotOf } from './snapshot-query.ts';

const nothing = snapshotOf([]);
const said = (value: string, name = 'restrict_nonsystem_relation_kind') =>
  `SELECT set_config(name, '${value}', false) FROM pg_settings WHERE name = '${name}'`;
const secure = { searchPath: ['pg_catalog'] };

describe('what pg_dump restricts itself by', () => {
  for (const [text, setting, effect] of [
    [said('view, foreign-table'), secure, 'read'],
    [said('view'), secure, 'read'],
    [`${said('view')};`, secure, 'read'],
    [said('none'), secure, 'unknown'],
    [said('view', 'role'), secure, 'unknown'],
    [`${said('view')} or true`, secure, 'unknown'],
    [said('view, foreign-table'), { searchPath: ['pg_catalog', 'public'] }, 'unknown'],
    [said('view, foreign-table'), { searchPath: ['public'] }, 'unknown'],
    [said('view, foreign-table'), { ...secure, temporary: new Set(['pg_settings']) }, 'unknown'],
    [said('view, foreign-table'), { ...secure, temporary: null }, 'unknown'],
  ] as const)
    test(`${effect}: ${text} with ${JSON.stringify(setting)}`, async () => {
      const meanings = await meaningsOf(text, contextOf(nothing, setting));
      assert.ok(typeof meanings !== 'string');
      const effects = new Set(meanings.flatMap(({ deeds }) => deeds.map((deed) => deed.effect)));
      assert.deepEqual(effects.has('unknown') ? 'unknown' : [...effects].join(), effect);
    });
});
