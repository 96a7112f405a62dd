import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import type { Client, QueryArrayConfig } from 'pg';
import postgres from 'postgres';
import { installed } from './demonstration.ts';
import { type House, openHouse, type Ran, run } from './house.ts';
import { assertTimed, copiedOf, facts, find, rowsOf } from './story.ts';

let house: House;

/** The same work through the gateway and past it. */
async function both<Result>(name: string, work: (client: Client) => Promise<Result>): Promise<{ through: Result; past: Result }> {
  const [through, past] = [await house.connect(name), await house.database.direct()];
  try {
    return { past: await work(past), through: await work(through) };
  } finally {
    await Promise.all([through.end(), past.end()]);
  }
}

before(async () => {
  house = await openHouse();
});
after(() => house?.[Symbol.asyncDispose]());

describe('psql', { timeout: 60_000 }, () => {
  const statements = `select id, name, price from items where id <= 3 order by id; select count(*) from items where price > 100;
select 'über' as "naïve", null as nothing, e'tab\\there' as t`;
  const script = `\\set wanted 7
\\set title 'item 8'
select name from items where id = :wanted or name = :'title' order by id;
\\pset null '(none)'
select 1/0;
select id as a, price * 2 as b, name::varchar(9) as c from items \\gdesc
\\d items
\\copy (select id, name from items where id <= 4 order by id) to stdout with (format csv, header)
create temp table incoming (id int, note text);
\\copy incoming from stdin
1\tfirst note
2\tsecond, with comma
\\.
select * from incoming order by id;
`;
  const psql = (args: readonly string[], env: Readonly<Record<string, string>>, input = ''): Promise<Ran> =>
    run('psql', ['-X', '-w', ...args], { env: { ...env, PSQL_PAGER: '' }, input });
  const direct = () => {
    const { host, port, database, user, password } = house.database;
    return { PGHOST: host, PGPORT: String(port), PGDATABASE: database, PGUSER: user, PGPASSWORD: password };
  };

  test('several statements in one command', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const through = await psql(['-c', statements], house.environment('psql-c'));
    assert.deepEqual(through, await psql(['-c', statements], direct()));
    assert.equal(through.code, 0);

    const story = await house.story('psql-c');
    assert.equal(story.exchanges.length, 3);
    assert.deepEqual(
      story.exchanges.map(({ tag, rows, status }) => [tag, rows, status]),
      [
        ['SELECT 3', 3, 'ok'],
        ['SELECT 1', 1, 'ok'],
        ['SELECT 1', 1, 'ok'],
      ],
    );
    assert.match(story.exchanges[1]?.text ?? '', /^select count\(\*\) from items where price > 100$/);
    assert.deepEqual(rowsOf(story.lines, 1), [
      ['1', 'item 1', '1.25'],
      ['2', 'item 2', '2.50'],
      ['3', 'item 3', '3.75'],
    ]);
    assert.deepEqual(rowsOf(story.lines, 3), [['über', null, 'tab\there']]);
    assertTimed(story.exchanges);
  });

  test('a script: variables, \\gdesc, \\d, an error, \\copy in both directions', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const through = await psql(['-f', '-'], house.environment('psql-f'), script);
    assert.deepEqual(through, await psql(['-f', '-'], direct(), script));
    assert.match(through.out, /second, with comma/);
    assert.match(through.err, /division by zero/);

    const story = await house.story('psql-f');
    const byVariable = find(story, "select name from items where id = 7 or name = 'item 8' order by id;");
    assert.deepEqual(rowsOf(story.lines, byVariable.ordinal), [['item 7'], ['item 8']]);
    const failed = find(story, /^select 1\/0/);
    assert.deepEqual([failed.status, failed.error], ['error', { code: '22012', message: 'division by zero' }]);
    find(story, /price \* 2 as b/);
    find(story, /FROM pg_catalog\.pg_class c/);
    const out = find(story, /^COPY {2}\( ?select id, name from items/);
    assert.equal(copiedOf(story.lines, 'reply', out.ordinal), 'id,name\n1,item 1\n2,item 2\n3,item 3\n4,item 4\n');
    assert.equal(out.tag, 'COPY 4');
    const copiedIn = find(story, /^COPY {2}incoming FROM STDIN/i);
    assert.equal(copiedIn.tag, 'COPY 2');
    assert.ok(copiedOf(story.lines, 'request', copiedIn.ordinal).includes('1\tfirst note\n2\tsecond, with comma\n'));
    assertTimed(story.exchanges);
  });
});

describe('pg', { timeout: 60_000 }, () => {
  test('simple, parameterised, named and binary queries', async () => {
    const everyType = `select $1::int as i, $2::text as t, $3::bool as b, $4::numeric as n, $5::jsonb as j, $6::text[] as a, $7::bytea as y, $8::timestamptz as z`;
    const values = [42, "it's", true, '12.50', { deep: [1, null] }, ['a', 'b"c'], Buffer.from([0, 255]), null];
    const work = async (client: Client) => {
      const simple = await client.query('select id, name from items order by id limit 2');
      const bound = await client.query(everyType, values);
      const named = { name: 'by-id', text: 'select name from items where id = $1' };
      const once = await client.query({ ...named, values: [5] });
      const again = await client.query({ ...named, values: [6] });
      const inBinary = { text: 'select $1::int as four, $2::text as word', values: [4, 'vier'], binary: true };
      const binary = await client.query(inBinary);
      const failed = await client.query('select * from nowhere').catch((fault: { code?: string }) => fault.code);
      return [simple.rows, bound.rows, once.rows, again.rows, binary.rows, failed];
    };
    const { through, past } = await both('pg-queries', work);
    assert.deepEqual(through, past);

    const story = await house.story('pg-queries');
    assert.deepEqual(story.exchanges.map(facts), [
      ['select id, name from items order by id limit 2', 'ok', 'SELECT 2', 2, null],
      [everyType, 'ok', 'SELECT 1', 1, null],
      ['select name from items where id = $1', 'ok', 'SELECT 1', 1, null],
      ['select name from items where id = $1', 'ok', 'SELECT 1', 1, null],
      ['select $1::int as four, $2::text as word', 'ok', 'SELECT 1', 1, null],
      ['select * from nowhere', 'error', null, 0, '42P01'],
    ]);
    const [, typed, five, six, binary, failed] = story.exchanges;
    assert.deepEqual(typed?.parameters?.slice(0, 4), ['42', "it's", 'true', '12.50']);
    assert.deepEqual(typed?.parameters?.slice(4, 6), ['{"deep":[1,null]}', '{"a","b\\"c"}']);
    assert.equal(typed?.parameters?.[7], null);
    assert.deepEqual([five?.parameters, six?.parameters], [['5'], ['6']]);
    assert.deepEqual(binary?.parameters, ['4', 'vier']);
    assert.deepEqual(rowsOf(story.lines, 5), [['4', 'vier']], 'binary values are shown as text');
    assert.match(failed?.error?.message ?? '', /relation "nowhere" does not exist/);
    assertTimed(story.exchanges);
  });

  test('cursors by SQL', async () => {
    const { through, past } = await both('pg-cursor', async (client) => {
      await client.query('begin');
      await client.query('declare walk cursor for select id from items order by id');
      const pages = [await client.query('fetch 3 from walk'), await client.query('fetch 2 from walk')];
      await client.query('commit');
      return pages.map(({ rows, command }) => [rows, command]);
    });
    assert.deepEqual(through, past);
    const story = await house.story('pg-cursor');
    assert.deepEqual(
      story.exchanges.map(({ tag }) => tag),
      ['BEGIN', 'DECLARE CURSOR', 'FETCH 3', 'FETCH 2', 'COMMIT'],
    );
    assert.deepEqual(rowsOf(story.lines, 4), [['4'], ['5']]);
  });

  test('notifications, from the session itself and from another', async () => {
    const listener = await house.connect('pg-listen');
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
    try {
      await listener.query('listen news');
      await listener.query("notify news, 'from within'");
      const fromOutside = once(listener, 'notification');
      await house.database.run("notify news, 'from outside'");
      await fromOutside;
    } finally {
      await listener.end();
    }
    assert.deepEqual(heard, ['news: from within', 'news: from outside']);
    const { lines } = await house.story('pg-listen');
    const marks = lines.flatMap((line) => (line.kind === 'bytes' ? line.parts : [])).filter((part) => part.shape === 'mark');
    const payloads = marks.filter(({ name }) => name === 'notification').map(({ detail }) => detail['payload']);
    assert.deepEqual(payloads, ['from within', 'from outside']);
  });

  test('100,000 rows are the same, and all of them are on record', async () => {
    const text = "select n, 'row ' || n, md5(n::text) from generate_series(1, 100000) n";
    const query: QueryArrayConfig = { text, rowMode: 'array' };
    const { through, past } = await both('pg-large', async (client) => (await client.query(query)).rows as unknown[][]);
    assert.equal(through.length, 100_000);
    assert.ok(JSON.stringify(through) === JSON.stringify(past));

    const story = await house.story('pg-large');
    assert.deepEqual(story.exchanges.map(facts), [[text, 'ok', 'SELECT 100000', 100_000, null]]);
    assert.equal(story.exchanges[0]?.withheld, null);
    const recorded = rowsOf(story.lines);
    assert.equal(recorded.length, 100_000);
    assert.ok(JSON.stringify(recorded) === JSON.stringify(past.map((row) => row.map(String))));
  });
});

describe('postgres', { timeout: 60_000 }, () => {
  const clientOf = (name: string) =>
    postgres({
      host: '127.0.0.1',
      port: house.port,
      database: 'orders',
      username: 'agent',
      password: house.tokens.agent,
      max: 1,
      connection: { application_name: `e2e;run=${name}` },
    });
  const directly = () => {
    const { host, port, database, user: username, password } = house.database;
    return postgres({ host, port, database, username, password, max: 1 });
  };
  const work = async (sql: postgres.Sql) => {
    try {
      const pipelined = await Promise.all([1, 2, 3, 4, 5].map((id) => sql`select name from items where id = ${id}`));
      const [first, second] = await sql.begin(async (inner) => {
        await inner`create temp table sent (id int, note text) on commit drop`;
        await pipeline(Readable.from(['1\tone\n', '2\ttwo\n']), await inner`copy sent from stdin`.writable());
        const rows = await inner`select id, note from sent order by id`;
        const chunks = await Array.fromAsync(await inner`copy sent to stdout`.readable());
        return [rows, Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as Uint8Array))).toString()] as const;
      });
      const rolledBack = await sql
        .begin(async (inner) => {
          await inner`insert into items values (${1}, ${'twice'}, ${null})`;
        })
        .catch((fault: { code?: string }) => fault.code);
      return [pipelined.map((rows) => [...rows]), [...first], second, rolledBack];
    } finally {
      await sql.end();
    }
  };

  test('pipelined and prepared statements, transactions, copy streams', async () => {
    assert.deepEqual(await work(clientOf('porsager')), await work(directly()));

    const whole = await house.story('porsager');
    // This client prepares what it does not know in an exchange of its own.
    const story = { ...whole, exchanges: whole.exchanges.filter(({ action }) => action !== 'postgres:prepare') };
    const asked = story.exchanges.filter(({ text, tag }) => /^\s*select name from items/.test(text) && tag === 'SELECT 1');
    assert.deepEqual(
      asked.map(({ parameters, ordinal }) => [parameters, rowsOf(story.lines, ordinal)]),
      [1, 2, 3, 4, 5].map((id) => [[String(id)], [[`item ${id}`]]]),
    );
    const into = find(story, /copy sent from stdin/);
    assert.equal(into.tag, 'COPY 2');
    assert.ok(copiedOf(story.lines, 'request', into.ordinal).includes('1\tone\n2\ttwo\n'));
    assert.equal(copiedOf(story.lines, 'reply', find(story, /copy sent to stdout/).ordinal), '1\tone\n2\ttwo\n');
    const refused = find(story, /insert into items/);
    assert.deepEqual([refused.status, refused.error?.code], ['error', '23505']);
    assert.deepEqual(refused.parameters, ['1', 'twice', null]);
    assert.equal(find(story, /rollback/).tag, 'ROLLBACK');
    assertTimed(story.exchanges);
  });
});
