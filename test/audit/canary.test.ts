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
import { copies, sessions } from './canary/commands.ts';
import { masking, policies } from './canary/rules.ts';
import { needles, sampleStatements } from './canary/sample.ts';
import { filesIn } from './canary/state-files.ts';
import { type Way, ways } from './canary/ways.ts';

const run = promisify(execFile);
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
