import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Lineage, statementLineage } from './lineage.ts';
import { parseStatements } from './parse.ts';
import { snapshotOf } from './snapshot-query.ts';
import { contextOf } from './testing/sample.ts';

const names = Array.from({ length: 400 }, (_, index) => `c${index}`);
const computed = names.map((name) => `coalesce(upper(users.name), 'none') || users.id || '${name}' AS ${name}`);
const view = `SELECT ${computed.join(', ')} FROM public.users;`;
const snapshot = snapshotOf([
  ['schema', 'public', '', ''],
  ['relation', 'public', 'users', JSON.stringify(['r', ['id', 'name'], null, false, false, [], [], [23, 25]])],
  ['relation', 'public', 'wide', JSON.stringify(['v', names, view, false, false, [], [], null])],
  ['routine', 'pg_catalog', 'upper', JSON.stringify(['f', 'i', true, 'internal', true, false, 1, 1, false, null, false])],
]);

async function lineageOf(text: string): Promise<Lineage | null> {
  const parsed = await parseStatements(text);
  assert.ok('statements' in parsed && parsed.statements[0] !== undefined);
  return statementLineage(parsed.statements[0], contextOf(snapshot));
}

describe('how far a query is traced', () => {
  test('a short one through a view of many columns', async () => {
    const lineage = await lineageOf('select c7 from wide');
    assert.deepEqual(lineage?.columns?.[0]?.sources, new Set(['public.wide.c7', 'public.users.name', 'public.users.id']));
  });

  test('one with many columns of its own', async () => {
    const lineage = await lineageOf(`select ${names.map((name) => `upper(u.name) as ${name}`).join()} from users u`);
    assert.equal(lineage?.columns?.length, names.length);
    assert.deepEqual(lineage.whole, new Set(['public.users.name']));
  });

  test('not one that is traced twice as often at each of its levels', async () => {
    const nested = (levels: number): string =>
      levels === 0
        ? 'select id, name from users'
        : `with recursive r${levels} as (${nested(levels - 1)} union all select * from r${levels}) select * from r${levels}`;
    assert.notEqual((await lineageOf(nested(1)))?.whole, 'unknown');
    assert.equal((await lineageOf(nested(14)))?.whole, 'unknown');
  });
});
