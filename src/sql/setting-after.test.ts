import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { parseStatements } from './parse.ts';
import type { Context } from './setting.ts';
import { settingAfter } from './setting-after.ts';
import { statementMeaning } from './statement.ts';
import { contextOf, type Sample, sampleServer } from './testing/sample.ts';

const defaults = { user: 'shop_app', searchPath: '"$user", public', standardConformingStrings: true };

describe('a statement after others of its text', () => {
  let sample: Sample;
  before(async () => {
    sample = await sampleServer();
  });
  const cases: readonly (readonly [text: string, deed: string])[] = [
    ['select 1; select * from users', 'read select Table:public.users'],
    ['set search_path = app; select * from settings', 'read select Table:app.settings'],
    ['set search_path = app; reset search_path; select * from users', 'read select Table:public.users'],
    ['set search_path = app; discard all; select * from users', 'read select Table:public.users'],
    ["set search_path = 'app, public'; select * from users", 'read select Table:"app, public".users'],
    ["select set_config('search_path', 'app, public', false); select * from settings", 'read select Table:app.settings'],
    ["select set_config('search_path', name, false) from users; select now()", 'unknown call Function:pg_catalog.now'],
    ["select set_config(name, 'x', false) from users; select now()", 'unknown call Function:pg_catalog.now'],
    ['create temp table users (id int); delete from users', 'write delete Table:pg_temp.users'],
    ['create temp table users (id int); discard temp; delete from users', 'write delete Table:pg_temp.users'],
    ["do 'x'; select * from users", 'read select Table:pg_temp.users'],
    ['prepare p as delete from orders; execute p', 'write delete Table:public.orders'],
    ['prepare p as select 1; prepare q as delete from orders; execute p', 'read select'],
    ['declare d cursor for select * from payroll; fetch d', 'read select Table:public.payroll'],
  ];
  for (const [text, deed] of cases)
    test(text, async () => {
      const parsed = await parseStatements(text);
      assert.ok('statements' in parsed);
      let context: Context = contextOf(sample.snapshot);
      const meanings = parsed.statements.map((statement) => {
        const meaning = statementMeaning(statement, context);
        context = { ...context, setting: settingAfter(context.setting, statement, meaning, defaults) };
        return meaning;
      });
      const shown = meanings
        .at(-1)
        ?.deeds.map(({ effect, verb, object }) => `${effect} ${verb}${object === null ? '' : ` ${object.type}:${object.name}`}`);
      assert.ok(shown?.includes(deed), shown?.join(', ') ?? '');
    });

  test('knows whether strings are standard', async () => {
    const after = async (text: string) => {
      const parsed = await parseStatements(text);
      assert.ok('statements' in parsed && parsed.statements[0]);
      const context = contextOf(sample.snapshot);
      const meaning = statementMeaning(parsed.statements[0], context);
      return settingAfter(context.setting, parsed.statements[0], meaning, defaults).standardConformingStrings;
    };
    assert.deepEqual(
      [
        await after('set standard_conforming_strings = off'),
        await after("select set_config('standard_conforming_strings', 'off', true)"),
        await after("select set_config('standard_conforming_strings', name, true) from users"),
        await after('set standard_conforming_strings = on'),
        await after('reset all'),
        await after('select 1'),
      ],
      [false, false, false, true, true, true],
    );
  });
});
