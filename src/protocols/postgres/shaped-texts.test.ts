import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Random } from '../../../test/rig/random.ts';
import { withOtherLiterals } from '../../sql/testing/other-literals.ts';
import { contextOf, linesOf, type Sample, sampleServer } from '../../sql/testing/sample.ts';
import { type Lens, type ReadText, StatementReader } from './statement-reader.ts';

const corpus = [
  ...linesOf('harmless.txt'),
  ...['hiding.txt', 'lineage.txt'].flatMap(linesOf).map((line) => line.replace(/^.*? :: /, '')),
  "update users set name = 'x', id = -1 where id = 5",
  "update users set name = 'x' where 1 = 1",
  "update users set name = 'x' where 1 = 2 or id = 3 and not name = 'y'",
  "insert into users (id, name) values (1, 'a'), (2, 'b') on conflict (id) do update set name = 'c' returning id",
  'delete from orders where id in (1, 2, 3) or id between 4 and 5',
  "select u.*, count(*) from users u join orders o on o.user_id = u.id and u.name like 'a%' group by 1 order by 2 limit 10 offset 5",
  "select coalesce(name, 'none'), case when id > 10 then 'big' else lower('SMALL') end from users where id = any (array[1, 2]) fetch first 3 rows only",
  "select set_config('search_path', 'public', false)",
  "select nextval('orders_id_seq'), to_regclass('users'), pg_read_file('x'), query_to_xml('select 1', true, false, '')",
  'set statement_timeout = 5000',
  "set search_path = 'public'",
];

describe('texts that differ in their literals alone', () => {
  let sample: Sample;
  before(async () => {
    sample = await sampleServer();
  });

  const defaults = { user: 'shop_app', searchPath: '"$user", public' };
  const lens = (): Lens => ({ snapshot: sample.snapshot, setting: contextOf(sample.snapshot).setting, key: 'sample' });
  const told = ({ statements, consulted }: ReadText) =>
    JSON.stringify([
      statements.map((statement) => [statement.action, statement.meaning, statement.aftermath, statement.lineage(), statement.preparing]),
      consulted,
    ]);

  test('are read once, and as each would be by itself', async () => {
    const random = new Random(3);
    const kept = new StatementReader();
    let shared = 0;
    for (const text of corpus) {
      const others = Array.from({ length: 8 }, () => withOtherLiterals(text, random) ?? text);
      const demands = new Set<unknown>();
      for (const other of [text, ...others]) {
        const read = await kept.read(other, lens(), defaults);
        const alone = await new StatementReader().read(other, lens(), defaults);
        assert.equal(told(read), told(alone), other);
        if (other !== text && demands.has(read.statements[0]?.action.demands)) shared += 1;
        demands.add(read.statements[0]?.action.demands);
      }
    }
    assert.ok(shared > 1_000, `${shared}`);
  });

  test('are each read for themselves where a literal decides what is done', async () => {
    const kept = new StatementReader();
    const effects = async (...texts: readonly string[]) => {
      const found: string[] = [];
      for (const text of texts) for (const { action } of (await kept.read(text, lens(), defaults)).statements) found.push(action.effect);
      return found;
    };
    const set = (name: string) => `select set_config('${name}', 'on', false)`;
    assert.deepEqual(await effects(...['work_mem', 'seed', 'role', 'work_mem'].map(set)), ['read', 'read', 'admin', 'read']);
    const where = (left: number, right: number) => `delete from orders where ${left} = ${right}`;
    const facts: boolean[] = [];
    for (const text of [where(1, 2), where(3, 4), where(5, 5), where(6, 7)])
      for (const { action } of (await kept.read(text, lens(), defaults)).statements) facts.push(action.facts['hasWhere'] === true);
    assert.deepEqual(facts, [false, false, false, false]);
  });
});
