import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { fingerprints } from './catalog-query.ts';
import { sharedServer } from './testing/shared-server.ts';

describe('the fingerprints of a catalog', () => {
  let client: Client;
  before(async () => {
    client = await (await sharedServer()).admin();
    await client.query('set allow_system_table_mods = on');
  });
  after(() => client?.end());

  const taken = async (): Promise<readonly string[]> =>
    (await client.query<string[]>({ text: `/* ${Math.random()} */ ${fingerprints}`, rowMode: 'array' })).rows[0] ?? [];

  /** Which of the two a change leaves as it was: that of all, and that of PostgreSQL's own part. */
  async function kept(change: string): Promise<readonly boolean[]> {
    await client.query('begin isolation level repeatable read');
    try {
      const before = await taken();
      await client.query(change);
      const now = await taken();
      return now.map((one, place) => one === before[place]);
    } finally {
      await client.query('rollback');
    }
  }

  const made = [
    'create table made (id int)',
    'alter table items add column made text',
    'create function made() returns int language sql return 1',
    'create view made as select * from items',
    "create type made as enum ('a')",
    'create schema made',
  ];
  for (const change of made)
    test(`${change}: PostgreSQL's own part is kept`, async () => assert.deepEqual(await kept(change), [false, true]));

  const own = [
    'alter function pg_catalog.lower(text) volatile',
    'alter function pg_catalog.lower(text) rename to lowest',
    'create or replace view pg_catalog.pg_group as select rolname as groname, oid as grosysid, array(select member from pg_auth_members where roleid = oid) as grolist from pg_authid where not rolcanlogin and true',
    'alter view pg_catalog.pg_user rename column usename to renamed',
    'create rule ruled as on insert to pg_catalog.pg_user do instead nothing',
    'alter schema information_schema rename to renamed',
    "create or replace function pg_catalog.lower(text) returns text language sql volatile as 'select $1'",
  ];
  for (const change of own) test(`${change}: PostgreSQL's own part has changed`, async () => assert.equal((await kept(change))[1], false));

  test('PostgreSQL tells the same of its own part as long as nothing changes', async () => {
    assert.deepEqual(await kept('select 1'), [true, true]);
    assert.deepEqual(await kept('create temporary table mine (id int)'), [true, true]);
  });
});
