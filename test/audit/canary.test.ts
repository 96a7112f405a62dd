import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import postgres from 'postgres';
import { openCatalog } from '../../src/archive/catalog.ts';
import { eventually } from '../e2e/demonstration.ts';
import { type House, openHouse } from '../e2e/house.ts';
import { find, type Haystack, type Needle, textNeedle } from '../e2e/secret-forms.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { canaries, needles, sampleStatements } from './canary/sample.ts';
import { filesIn } from './canary/state-files.ts';
import { type Way, ways } from './canary/ways.ts';

const run = promisify(execFile);
/** Everything but to see data unmasked. */
const policies = `@id("all-but-unmask")
permit (
  principal,
  action in [Action::"read", Action::"write", Action::"schema", Action::"admin", Action::"unknown", Action::"connect"],
  resource
);`;
const masking = {
  columns: canaries.flatMap(({ column, action }) =>
    ['people', 'staff', 'parts', 'made'].map((table) => ({ column: `orders:public.${table}.${column}`, action })),
  ),
  detectors: [{ detect: ['card'], connections: ['orders'], action: 'redact' }],
};
/** Must be found, or the scan looks into the wrong places. */
const control = 'control-perihelion';

let house: House;
let tap: Tap;
let direct: Client;

before(async () => {
  house = await openHouse({ policies, masking });
  tap = await startTap(house.port);
  direct = await house.database.direct();
  for (const statement of sampleStatements()) await direct.query(statement);
});
after(async () => {
  await direct.end();
  await tap.close();
  await house[Symbol.asyncDispose]();
});

const clients: Client[] = [];
async function through(): Promise<Client> {
  const client = await house.connect('canary', { port: tap.port });
  clients.push(client);
  return client;
}

/** How a client asks: by the simple protocol, or the extended one with results as text or binary. */
const manners = ['simple', 'extended', 'binary'] as const;
type Manner = (typeof manners)[number];

/** Every cell as it came; the driver reads binary values as text, which is enough to tell whether two are the same. */
async function cells(client: Client, text: string, manner: Manner): Promise<readonly (readonly (string | null)[])[] | 'error'> {
  const asIs = (value: string) => value;
  const query = {
    text,
    rowMode: 'array' as const,
    types: { getTypeParser: () => asIs },
    ...(manner === 'simple' ? {} : { queryMode: 'extended', binary: manner === 'binary' }),
  };
  const result = await client.query(query).catch(() => null);
  return result === null ? 'error' : (result.rows as (string | null)[][]);
}

async function hold(way: Way, client: Client, manner: Manner): Promise<void> {
  const [text, columns] = way;
  await direct.query('begin');
  const wanted = await cells(direct, text, manner);
  await direct.query('rollback');
  await client.query('begin');
  const got = await cells(client, text, manner);
  await client.query('rollback');
  if (columns === 'error') return assert.deepEqual([wanted, got], ['error', 'error']);
  assert.ok(wanted !== 'error' && got !== 'error', `${String(wanted)} directly, ${String(got)} through the gateway`);
  assert.equal(got.length, wanted.length);
  for (const [place, row] of wanted.entries()) {
    assert.equal(row.length, columns.length, 'columns');
    for (const [index, value] of row.entries()) {
      const shown: string | null | undefined = got[place]?.[index];
      if (columns[index] === '.') assert.equal(shown, value, `column ${index + 1}`);
      if (columns[index] === 'M' && value !== null && !isFixed(value)) assert.notEqual(shown, value, `column ${index + 1}`);
    }
  }
}

/** What a masked value may well be, and what it was. */
function isFixed(value: string): boolean {
  return /^(\{\}|f|0|\\x(00*)?|00:00:00|\0*)$/.test(value);
}

describe('ways to read what is masked', () => {
  for (const manner of manners)
    describe(manner, () => {
      let client: Client;
      before(async () => {
        client = await through();
      });
      for (const way of ways) test(way[0], () => hold(way, client, manner));
    });
});

describe('ways of other clients', () => {
  const psql = async (...commands: readonly string[]): Promise<string> => {
    const env = { ...process.env, ...house.environment('canary'), PGPORT: String(tap.port) };
    const args = ['-X', '-A', '-t', ...commands.flatMap((command) => ['-c', command])];
    const { stdout, stderr } = await run('psql', args, { env, encoding: 'latin1' }).catch(
      (fault: unknown) => fault as { stdout: string; stderr: string },
    );
    return `${stdout}\n${stderr}`;
  };
  const copies: readonly string[] = [
    'copy people to stdout',
    'copy people (id, email) to stdout',
    'copy (select email, id from people order by id) to stdout',
    'copy people to stdout with (format csv, header, force_quote *)',
    "copy people to stdout with (format csv, delimiter ';', quote '''', null 'nil')",
    "copy people to stdout with (delimiter '|', null '')",
    'copy people to stdout with binary',
    'copy people to stdout csv',
    'copy (select reverse(email), name, note from people) to stdout (format csv)',
    'copy (select * from everyone) to stdout',
    'copy (update people set name = name returning email, name) to stdout',
    'copy parts_1 to stdout',
    'copy made to stdout',
    "copy people to stdout with (encoding 'latin1')",
    '\\copy people to stdout',
    '\\copy (select email, name, note from people) to stdout csv',
  ];
  for (const copy of copies)
    test(copy, async () => {
      const said = await psql(copy);
      assert.doesNotMatch(said, /ERROR/);
      assert.match(said, /\d/);
      assert.deepEqual(find(needles(), [{ where: copy, bytes: Buffer.from(said, 'latin1') }]), []);
    });

  test('a copy of a table shows its columns by their rules', async () => {
    const said = await psql('copy people (id, email, salary, pin, born, tags, mood) to stdout');
    assert.match(said, /^1\tq\*{3}@\*{3}\.test\t0\.00\t1930000000\t1970-01-01\t\{\}\t\\N\n/);
    const csv = await psql('copy people (email, doc, name) to stdout csv');
    assert.match(csv, /^"q\*{3}@\*{3}\.test","\{""who"":""\[redacted:doc\]"",""n"":0\}",person 1\n/);
  });

  test('a copy shows what is not masked as it is', async () => {
    assert.match(await psql('copy (select id, name, email from people order by id) to stdout'), /^1\tperson 1\t\\N\n2\tperson 2\t\\N\n/);
    assert.match(
      await psql('copy (select id, name, note from people order by id) to stdout csv'),
      /1,person 1,"call back, card \[redacted:card\], thanks"/,
    );
    assert.match(await psql('copy (select id, name from people order by id) to stdout'), /^1\tperson 1\n2\tperson 2\n/);
  });

  const sessions: readonly (readonly [name: string, ...commands: string[]])[] = [
    ['a cursor', 'begin; declare c cursor for select email, phone from people; fetch all from c; fetch prior from c'],
    ['a cursor of its own transaction', 'begin', 'declare c cursor with hold for table people', 'commit', 'fetch all from c'],
    ['a binary cursor', 'begin; declare c binary cursor for select email, pin, account, token, raw from people; fetch all from c'],
    ['PREPARE and EXECUTE', 'prepare s as select * from people where id = $1', 'execute s(1)', 'explain execute s(2)'],
    ['a temporary table', 'create temp table t as select * from people; select * from t; select email from t'],
    ['psql itself', '\\d people', '\\d+ everyone', '\\df+ mail_of', '\\gset', '\\x', 'select * from people'],
    ['an error within a text', 'select 1; select email::int from people; select 2'],
    ['a block', "do $$ declare e text; begin select email into e from people; raise warning 'is %', e using detail = e, hint = e; end $$"],
    [
      'a block that fails',
      'do $$ begin raise exception using message = (select email from people limit 1), column = (select phone from people limit 1); end $$',
    ],
    ['an error of its own code', "do $$ begin raise exception '%', (select phone from people limit 1) using errcode = '22012'; end $$"],
    ['a query in words', "select query_to_xml('select email from people', true, false, '')"],
    ['a table in words', "select table_to_xml('people', true, false, '')"],
    ['a notification', 'listen news', "select pg_notify('news', email) from people", 'select 1'],
    ['a setting', "select set_config('application_name', email, false) from people limit 1", 'show application_name'],
    [
      'a setting, read',
      "select set_config('application_name', email, false) from people limit 1; select current_setting('application_name')",
    ],
    [
      'settings, read',
      "select set_config('app.x', email, false) from people limit 1; select current_setting('app.x'), name, setting from pg_settings where name = 'application_name'",
    ],
    [
      'a setting, by others',
      "select count(set_config('application_name', email, false)) from people; select application_name from pg_stat_activity",
    ],
    [
      'a setting of time',
      "select set_config('TimeZone', '<' || left(title::text, 6) || '>0', false) from people limit 1; show timezone; select now()",
    ],
    [
      'a trigger',
      "create function tell() returns trigger language plpgsql as $$ begin raise notice 'row %', new; perform pg_notify('news', new::text); return new; end $$; begin; create trigger t before update on people for each row execute function tell(); listen news; update people set name = name; rollback",
    ],
    ['the cache of plans', 'prepare s as select email from people', 'execute s', 'select statement from pg_prepared_statements'],
    [
      'verbose errors',
      '\\set VERBOSITY verbose',
      'select email::int from people',
      'insert into people select 3, name, email from people limit 1',
    ],
    ['crosstab by hand', 'select max(email) filter (where id = 1), max(email) filter (where id = 2) from people \\crosstabview'],
    ['\\gexec', "select format('select %L', email) from people \\gexec"],
  ];
  for (const [name, ...commands] of sessions)
    test(name, async () => {
      const said = await psql(...commands);
      assert.deepEqual(find(needles(), [{ where: name, bytes: Buffer.from(said, 'latin1') }]), [], said.slice(0, 600));
    });

  test('postgres.js, which describes a statement once and runs it many times', async () => {
    const environment = house.environment('canary');
    const sql = postgres({
      host: '127.0.0.1',
      port: tap.port,
      database: 'orders',
      user: 'x',
      password: environment['PGPASSWORD'] ?? '',
      max: 1,
      onnotice: () => {},
    });
    for (let times = 0; times < 4; times += 1) {
      const [row] = await sql`select id, name, email, pin, account, token, nums from people where id = ${1}`;
      assert.equal(row?.['name'], 'person 1');
      assert.equal(row?.['email'], 'q***@***.test');
      assert.notEqual(row?.['account'], '7263549182736451');
    }
    await sql.end();
  });
});

describe('what is left', () => {
  const haystacks: Haystack[] = [];
  const add = (where: string, content: Buffer | string) => haystacks.push({ where, bytes: Buffer.from(content) });

  before(async () => {
    const client = await through();
    await client.query(`select '${control}', 'person 1'`);
    for (const each of clients) await each.end();
    for (const [index, { reply }] of tap.lines().entries()) add(`what client ${index} was sent`, reply);
    const auditor = (route: string) => house.read('auditor', `/api/v1${route}`);
    assert.ok(await eventually(async () => (await auditor(`/exchanges?q=${control}`)).includes(control)), 'the control is not found');
    const sessions = await house.sessions('auditor', 'run=canary');
    assert.ok(sessions.length > 30, `${sessions.length} sessions`);
    for (const { id } of sessions) {
      add(`recording ${id}`, await auditor(`/sessions/${id}/recording`));
      add(`exchanges of ${id}`, await auditor(`/sessions/${id}/exchanges?limit=1000`));
    }
    add('what the gateway logged', house.gateway.stderr() + house.gateway.stdout());
    add('a replay', (await house.cli('auditor', 'replay', sessions[0]?.id ?? '', '--full')).out);
    await house.gateway.stop();
    for await (const file of filesIn(house.state)) haystacks.push(file);
  });

  test('the scan finds what is there', () => {
    const places = find([textNeedle('the control', control)], haystacks);
    for (const part of ['what client', 'recording', 'exchanges of', 'catalog.db', 'unpacked'])
      assert.ok(
        places.some((place) => place.includes(part)),
        `nothing in ${part}: ${places.join('\n')}`,
      );
  });

  test('the search finds none of it', () => {
    const catalog = openCatalog(house.state);
    const search = (q: string) => catalog.exchanges({ q }, 'all', { limit: 5, cursor: null }).items.map(({ text }) => text);
    assert.equal(search(control).length, 1);
    const texts = needles().map(({ name, forms }) => ({ name, text: forms[0]?.toString('utf8') ?? '' }));
    const found = texts.filter(({ text }) => /^[\w.@+ -]{7,}$/.test(text) && search(text).length > 0);
    catalog.close();
    assert.deepEqual(found, []);
  });

  test('no masked value is anywhere', () => assert.deepEqual(find(needles() as Needle[], haystacks).slice(0, 20), []));
});
