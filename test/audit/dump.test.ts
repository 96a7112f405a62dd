import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { protocol } from '../../src/protocols/postgres/index.ts';
import { settings } from '../../src/protocols/postgres/settings.ts';
import { type DataPlane, startDataPlane } from '../rig/data-plane.ts';
import { readOnlyJudge } from './bypass-site.ts';
import { ownTypes, valuesOf } from './corpus-values.ts';
import { debianPostgres, type OldPostgres, startDebianPostgres } from './old-postgres.ts';

const bin = debianPostgres();
const skip = bin === null ? 'needs the PostgreSQL server and clients of Debian’s packages, in one version' : false;

/** Values that a column of a table can hold in every version; a register of the catalog's own objects is not dumped alike. */
const leftOut = new Set(['xml', 'aclitem', 'txid_snapshot', 'pg_snapshot', 'interval', 'refcursor', 'char', 'regproc']);
const types = Object.keys(valuesOf).filter((type) => !leftOut.has(type));

const furniture = [
  ...ownTypes,
  `create table every_type (id int primary key, ${types.map((type) => `"c ${type}" "${type}", "a ${type}" "${type}"[]`).join(', ')})`,
  ...types.map((type, index) => {
    const values = (valuesOf[type] ?? []).map((value) => `'${value}'::"${type}"`);
    return `insert into every_type (id, "c ${type}", "a ${type}") values (${index}, ${values[0]}, array[${values.join(', ')}, null])`;
  }),
  'create table own (m mood, p positive, q pair, r floatrange, check (p < 1000))',
  "insert into own values ('größer', 12.5, row(1, array['x', null], 'sad'), '[1.5,2.5)'), (null, null, null, null)",
  "create table children (id serial primary key, parent int references every_type deferrable initially deferred, body bytea default '\\x00')",
  "insert into children (parent, body) select n % 5, decode(repeat(md5(n::text), 40), 'hex') from generate_series(1, 500) n",
  'create index on children (parent) where id > 10',
  'create view both_tables as select c.id, o.m from children c left join own o on true',
  'create materialized view counted as select parent, count(*) from children group by 1',
  'create function twice(n int) returns int language plpgsql immutable as $f$ begin return 2 * n; end $f$',
  'create procedure nothing() language sql as $f$ select 1 $f$',
  'create function noted() returns trigger language plpgsql as $f$ begin return new; end $f$',
  'create trigger notes before insert on children for each row execute function noted()',
  "create sequence steps increment 5; select nextval('steps')",
  'create table parts (n int) partition by range (n); create table part_one partition of parts for values from (1) to (10)',
  'alter table own enable row level security; create policy dear on own using (p > 1)',
  "comment on table own is 'größte Tabelle'",
  "select lo_from_bytea(50001, decode(repeat('00ff5a0d0a', 100000), 'hex')), lo_from_bytea(50002, '')",
  "comment on large object 50001 is 'half a megabyte'",
];
/** A database for each way of restoring. */
const restored = ['restored--no-blobs', 'restored--blobs'];

const describing = ['', '+', 'S', ...'tvmisEufFDTCcoOaAdLnlbxyp'.split('')].map((what) => `\\d${what}`);
const described = [
  ...describing,
  '\\d every_type',
  '\\d+ children',
  '\\d own',
  '\\df+ twice',
  '\\dT+ pair',
  '\\dp',
  '\\ddp',
  '\\sf twice',
  '\\sv both_tables',
  '\\l',
  '\\dRp',
];

describe('dumped, restored and described through the gateway', { skip }, () => {
  let server: OldPostgres;
  const planes = new Map<string, DataPlane>();
  const scratch = mkdtempSync(join(tmpdir(), 'chaperone-dump-'));
  before(async () => {
    server = await startDebianPostgres(bin ?? '');
    for (const database of ['shop', ...restored]) {
      await run('psql', ['-c', `create database "${database}"`], direct('postgres'));
      const target = { host: '127.0.0.1', port: server.port, database, tls: 'off' };
      const way = { protocol, settings: settings.parse({ target, credentials: { user: 'shop_app' } }) };
      // What is dumped and described is only read.
      planes.set(database, await startDataPlane(database === 'shop' ? { ...way, judge: await readOnlyJudge() } : way));
    }
    await run('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', '-'], direct('shop'), `${furniture.join(';\n')};\n`);
  });
  after(async () => {
    for (const plane of planes.values()) await plane.close();
    await server[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true });
  });

  const direct = (database: string) => ({ where: `host=127.0.0.1 port=${server.port} user=shop_app dbname=${database}`, password: '' });
  const through = async (database: string) => {
    const plane = planes.get(database);
    assert.ok(plane);
    return { where: `host=127.0.0.1 port=${plane.port} user=x dbname=${plane.connection} sslmode=disable`, password: await plane.token() };
  };

  async function run(
    program: string,
    args: readonly string[],
    to: { readonly where: string; readonly password: string },
    input = '',
  ): Promise<Buffer> {
    const noFile = program === 'psql' ? ['-X'] : [];
    const child = spawn(join(server.bin, program), [...noFile, ...args, '-d', to.where], { env: { PGPASSWORD: to.password, PAGER: '' } });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, `${program} ${args.join(' ')}: ${err}`);
    // What psql does not find it says there, whichever way it goes.
    if (program !== 'psql') assert.equal(err, '', program);
    return Buffer.concat([...out, Buffer.from(err)]);
  }
  /** Newer dumps are framed by a word that is drawn anew each time. */
  const dumpOf = async (to: { readonly where: string; readonly password: string }, ...more: readonly string[]) =>
    (await run('pg_dump', more, to)).toString('utf8').replaceAll(/^\\(un)?restrict .*$/gm, '');

  test('the dump is the one that is taken directly, with large objects, in every way of writing it', async () => {
    for (const way of [
      [],
      ['--no-blobs'],
      ['--inserts', '--rows-per-insert=7'],
      ['--schema-only'],
      ['--clean', '--if-exists', '--serializable-deferrable'],
    ]) {
      const expected = await dumpOf(direct('shop'), ...way);
      assert.ok(expected.length > 5_000);
      assert.equal(await dumpOf(await through('shop'), ...way), expected);
    }
  });

  for (const [what, blobs] of [
    ['without large objects', '--no-blobs'],
    ['with large objects', '--blobs'],
  ] as const)
    test(`what was dumped and restored through it is the original, ${what}`, async () => {
      const file = join(scratch, `shop${blobs}.dump`);
      await run('pg_dump', ['-Fc', blobs, '-f', file], await through('shop'));
      await run('pg_restore', ['--exit-on-error', '--single-transaction', file], await through(`restored${blobs}`));
      assert.equal(await dumpOf(direct(`restored${blobs}`), blobs), await dumpOf(direct('shop'), blobs));
    });

  test('psql describes it in the same words', async () => {
    const script = `${described.join('\n')}\n`;
    const expected = (await run('psql', ['-f', '-'], direct('shop'), script)).toString();
    assert.ok(expected.includes('every_type') && expected.includes('größte Tabelle'));
    assert.equal((await run('psql', ['-f', '-'], await through('shop'), script)).toString(), expected);
  });
});
