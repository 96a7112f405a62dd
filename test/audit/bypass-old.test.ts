import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { protocol } from '../../src/protocols/postgres/index.ts';
import { settings } from '../../src/protocols/postgres/settings.ts';
import { message } from '../../src/protocols/postgres/testing/fixtures.ts';
import { describeMessages, RawClient } from '../../src/protocols/postgres/testing/raw-client.ts';
import { type DataPlane, startDataPlane } from '../rig/data-plane.ts';
import { readOnlyJudge } from './bypass-site.ts';
import { debianPostgres, type OldPostgres, startDebianPostgres } from './old-postgres.ts';

const { query, parse, bind, execute, sync } = message;
const bin = debianPostgres();
const skip = bin === null ? 'needs the PostgreSQL server of Debian’s packages' : false;
const run = (text: string) => [parse('', text), bind('', ''), execute('')];

/** The view of this name in `evil` deletes; the table in `public` is one. */
const reads = query('select * from kept');

/** What is sent in writes one after the other, and heard of each. */
const games: readonly { readonly name: string; readonly says: readonly (readonly Buffer[])[]; readonly hears: readonly string[] }[] = [
  { name: 'a path that is not changed', says: [[reads]], hears: ['T D C Z'] },
  { name: 'a path set ahead', says: [[query('set search_path to evil'), reads]], hears: ['C Z E:42501 Z'] },
  { name: 'a path set before', says: [[query('set search_path to evil')], [reads]], hears: ['C Z', 'E:42501 Z'] },
  {
    name: 'a path set and taken back',
    says: [[query('set search_path to evil'), query('reset search_path')], [reads]],
    hears: ['C Z C Z', 'T D C Z'],
  },
  {
    name: 'a path that a rollback brings back',
    says: [[query('set search_path to evil')], [query('begin'), query('set search_path to public'), query('rollback')], [reads]],
    hears: ['C Z', 'C Z C Z C Z', 'E:42501 Z'],
  },
  {
    name: 'a path that a savepoint brings back',
    says: [
      [query('begin'), query('set search_path to evil'), query('savepoint a'), query('set search_path to public')],
      [reads],
      [query('rollback to a'), reads],
    ],
    hears: ['C Z C Z C Z C Z', 'T D C Z', 'C Z E:42501 Z'],
  },
  {
    name: 'a path that ends with its transaction',
    says: [[query('begin'), query('set local search_path to evil'), query('commit'), reads]],
    hears: ['C Z C Z C Z T D C Z'],
  },
  {
    name: 'a path within a batch',
    says: [[...run('set search_path to evil'), ...run('select * from kept'), sync()]],
    hears: ['1 2 C E:42501 Z'],
  },
  {
    name: 'a path that a failing batch takes back',
    says: [[query('set search_path to evil')], [...run('set search_path to public'), ...run('select 1/0'), sync(), reads]],
    hears: ['C Z', '1 2 C 1 E:22012 Z E:42501 Z'],
  },
  {
    name: 'a path that a failing text takes back',
    says: [[query('set search_path to evil')], [query('set search_path to public; select 1/0'), reads]],
    hears: ['C Z', 'C E:22012 Z E:42501 Z'],
  },
  {
    name: 'a path that a call sets',
    says: [[query("select set_config('search_path', 'evil', false)"), reads]],
    hears: ['T D C Z E:42501 Z'],
  },
];

describe('who may only read, before a server that does not tell of its search path', { skip, timeout: 120_000 }, () => {
  let server: OldPostgres;
  let plane: DataPlane;
  let direct: Client;
  before(async () => {
    server = await startDebianPostgres(bin ?? '');
    direct = new Client({ host: '127.0.0.1', port: server.port, user: 'shop_app', database: 'postgres' });
    await direct.connect();
    await direct.query(`create table public.kept (id int); insert into public.kept values (1); create schema evil;
      create function evil.wipe() returns int language plpgsql as $$ begin delete from public.kept; return 1; end $$;
      create view evil.kept as select evil.wipe() as id`);
    const target = { host: '127.0.0.1', port: server.port, database: 'postgres', tls: 'off' };
    const given = settings.parse({ target, credentials: { user: 'shop_app' } });
    plane = await startDataPlane({ protocol, settings: given, judge: await readOnlyJudge() });
  });
  after(async () => {
    await direct.end();
    await plane.close();
    await server[Symbol.asyncDispose]();
  });

  for (const { name, says, hears } of games)
    test(name, async () => {
      using client = await RawClient.open(plane);
      for (const [index, messages] of says.entries()) {
        client.send(...messages);
        const words = hears[index] ?? '';
        const heard = await client.until('Z', words.split(' ').filter((word) => word === 'Z').length);
        assert.equal(describeMessages(heard.filter(({ type }) => type !== 'S')), words);
      }
      assert.deepEqual((await direct.query('select id from public.kept')).rows, [{ id: 1 }]);
    });
});
