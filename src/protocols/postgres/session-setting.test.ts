import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { snapshotOf } from '../../sql/snapshot-query.ts';
import { SessionSetting, type SettingAnswer } from './session-setting.ts';
import { consults } from './setting-doubts.ts';
import { type GateStatement, StatementReader } from './statement-reader.ts';

const snapshot = snapshotOf(['public', 'app'].map((schema) => ['schema', schema, '', '']));
const answer: SettingAnswer = {
  path: ['pg_catalog', 'app'],
  user: 'shop',
  strings: 'on',
  temporary: [],
  prepared: {},
  cursors: {},
};

function begin(reportsPath: boolean): SessionSetting {
  return new SessionSetting({
    user: 'shop',
    searchPath: '"$user", public',
    standardConformingStrings: true,
    reportsPath,
    doubts: consults.names,
  });
}

async function statementsOf(text: string, setting: SessionSetting): Promise<readonly GateStatement[]> {
  return (await new StatementReader().read(text, { snapshot, ...setting.current }, setting.defaults)).statements;
}

async function send(setting: SessionSetting, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) for (const statement of await statementsOf(text, setting)) setting.sent(statement);
}

const parts = ['path', 'strings', 'temporary', 'names'] as const;
const doubts = (setting: SessionSetting) => parts.filter((part) => setting.inDoubt(consults[part])).join(' ');

describe('what a session has set', () => {
  const cases: readonly (readonly [text: string, doubts: string])[] = [
    ['select 1', ''],
    ['set application_name = $$x$$', ''],
    ['set search_path = app', 'path'],
    ['set local search_path = app', 'path'],
    ['reset all', 'path strings'],
    ['discard all', 'path strings names'],
    ['set role intruder', 'path'],
    ['set standard_conforming_strings = off', 'strings'],
    ["select set_config('search_path', 'app', false)", 'path strings temporary names'],
    ['do $$ begin end $$', 'path strings temporary names'],
    ['prepare p as select 1', 'names'],
    ['declare c cursor for select 1', 'names'],
    ['deallocate p', 'names'],
    ['begin', ''],
    ['not a statement', 'path strings temporary names'],
  ];
  for (const [text, expected] of cases)
    test(`behind "${text}" is in doubt: ${expected || 'nothing'}`, async () => {
      const setting = begin(false);
      setting.told({ ...answer });
      await send(setting, text);
      assert.equal(doubts(setting), expected);
    });

  test('what is in doubt finds nothing', async () => {
    const setting = begin(false);
    await send(setting, 'do $$ begin end $$');
    const { searchPath, standardConformingStrings, temporary, prepared } = setting.current.setting;
    assert.deepEqual([searchPath, standardConformingStrings, temporary, prepared('p')], [[], false, null, null]);
  });

  test('an older server is asked of its path; a newer one tells by itself, once all is answered', async () => {
    for (const reports of [false, true]) {
      const setting = begin(reports);
      await send(setting, 'set search_path = app');
      setting.ready(false, false);
      assert.equal(setting.inDoubt(consults.path), true);
      setting.reported('search_path', 'app');
      setting.ready(false, true);
      assert.equal(setting.inDoubt(consults.path), !reports);
      if (reports) assert.deepEqual(setting.current.setting.searchPath, ['pg_catalog', 'app']);
    }
  });

  test('whose "$user" it is must be asked of newer servers too', async () => {
    const setting = begin(true);
    await send(setting, 'set role intruder');
    setting.ready(false, true);
    assert.equal(setting.inDoubt(consults.path), true);
    setting.told({ ...answer, user: 'intruder', path: ['pg_catalog', 'intruder'] });
    assert.deepEqual(setting.current.setting.searchPath, ['pg_catalog', 'intruder']);
  });

  test('what a transaction has set is in doubt again when it ends, and where it may go back', async () => {
    for (const end of ['commit', 'rollback to savepoint a']) {
      const setting = begin(false);
      await send(setting, 'begin', 'set search_path = app');
      setting.ready(true, true);
      setting.told(answer);
      assert.equal(setting.inDoubt(consults.path), false);
      await send(setting, end);
      assert.equal(setting.inDoubt(consults.path), true, end);
    }
    const setting = begin(false);
    await send(setting, 'set local search_path = app');
    setting.told(answer);
    setting.ready(false, true);
    assert.equal(setting.inDoubt(consults.path), true, 'an implicit transaction');
  });

  test('what was asked for within a batch goes back with it', async () => {
    for (const reports of [false, true]) {
      const setting = begin(reports);
      await send(setting, 'set search_path = app', 'set standard_conforming_strings = off');
      setting.told({ ...answer, strings: 'off' });
      assert.equal(doubts(setting), '');
      setting.batchEnds();
      assert.equal(doubts(setting), 'path strings');
      setting.ready(false, true);
      assert.equal(doubts(setting), reports ? '' : 'path');
      assert.equal(setting.current.setting.standardConformingStrings, true);
      if (reports) assert.deepEqual(setting.current.setting.searchPath, ['pg_catalog', 'shop', 'public']);
    }
  });

  test('a question that is not answered is asked once, and then nothing is found', async () => {
    const setting = begin(false);
    await send(setting, 'set search_path = app');
    setting.told(null);
    assert.equal(setting.inDoubt(consults.path), false);
    assert.deepEqual(setting.current.setting.searchPath, []);
    setting.ready(true, true);
    assert.equal(setting.inDoubt(consults.path), true);
  });

  test('a reset goes back to what the session began with', async () => {
    const setting = begin(true);
    setting.reported('search_path', 'app');
    const [, last] = await statementsOf('reset search_path; create table t (id int)', setting);
    assert.equal(last?.action.objects[0]?.name, 'public.t');
  });

  test('a text of several statements is read by what those before leave', async () => {
    const cases: readonly (readonly [text: string, found: string])[] = [
      ['set search_path = app; create table t (id int)', 'app.t'],
      ['begin; set search_path = app; rollback; create table t (id int)', 'pg_catalog.t'],
      ['do $$ begin end $$; create table t (id int)', 'pg_catalog.t'],
      ['create table t (id int)', 'public.t'],
      ['set search_path = app; reset search_path; create table t (id int)', 'public.t'],
    ];
    for (const [text, found] of cases) {
      const last = (await statementsOf(text, begin(true))).at(-1);
      assert.equal(last?.action.objects[0]?.name, found, text);
    }
  });
});
