import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import connectPostgres from 'postgres';
import { type DataPlane, everybody } from '../../../test/rig/data-plane.ts';
import { createDecoder } from './decoder.ts';
import { selfSigned, temporaryFile } from './testing/certificates.ts';
import { message } from './testing/fixtures.ts';
import { needsPsql, runPsql } from './testing/psql.ts';
import { RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, sharedServer } from './testing/shared-server.ts';
import { summary, told } from './testing/told.ts';

describe('clients over TLS', () => {
  let plane: DataPlane;
  let ca = '';
  before(async () => {
    const certificate = await selfSigned(['localhost', '127.0.0.1']);
    ca = certificate.certPem;
    plane = await planeBeforeServer({ certificate, insecureLoopback: false });
  });
  after(() => plane.close());

  const options = async () => ({
    host: '127.0.0.1',
    port: plane.port,
    user: 'anybody',
    database: plane.connection,
    password: await plane.token(),
  });

  test('pg', async () => {
    const client = new Client({ ...(await options()), ssl: { ca } });
    await client.connect();
    assert.deepEqual((await client.query('select $1::text as word', ['hello'])).rows, [{ word: 'hello' }]);
    await client.end();
  });
  test('postgres.js', async () => {
    const { user: username, ...rest } = await options();
    const sql = connectPostgres({ ...rest, username, ssl: { ca }, max: 1 });
    assert.equal((await sql`select ${'hello'}::text as word`)[0]?.['word'], 'hello');
    await sql.end();
  });
  for (const mode of ['require', 'verify-full'])
    test(`psql, sslmode=${mode}`, needsPsql, async () => {
      await using root = await temporaryFile('root.pem', ca);
      const where = `host=localhost hostaddr=127.0.0.1 port=${plane.port} dbname=${plane.connection} user=x sslmode=${mode} sslrootcert=${root.path}`;
      const { code, out, err } = await runPsql(where, await plane.token(), "select 'hello';");
      assert.deepEqual([code, out, err], [0, 'hello\n', '']);
    });
  test('without TLS nobody gets as far as a token', async () => {
    const client = new Client({ ...(await options()), ssl: false });
    client.on('error', () => {});
    await assert.rejects(client.connect(), { code: '28000', message: /over TLS only/ });
  });
  // PgBouncer CVE-2021-3935: what stands behind the request was never encrypted.
  test('bytes stuffed behind the request for TLS end the connection', async () => {
    using client = await RawClient.dial(plane.port);
    client.send(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]), message.query('select 1'));
    assert.deepEqual(await client.rest(), []);
  });
});

describe('clients', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer({ judge: () => everybody });
  });
  after(() => plane.close());

  const options = async () => ({
    host: '127.0.0.1',
    port: plane.port,
    user: 'anybody',
    database: plane.connection,
    password: await plane.token(),
  });
  const lastSession = async () => (await plane.settled()).filter(({ session }) => session === plane.opened.at(-1)?.facts.id);

  test('pg: bind values and rows come back from the record', async () => {
    const client = new Client(await options());
    await client.connect();
    await client.query('select id, name from items where id = any($1) and name <> $2 order by id', [[1, 2], 'nobody']);
    await client.end();
    const entries = await lastSession();
    const decoder = createDecoder();
    const parts = entries.flatMap((entry) => (entry.kind === 'bytes' ? decoder.bytes(entry.exchange, entry.direction, entry.bytes) : []));
    assert.deepEqual(
      parts.filter(({ shape }) => shape === 'rows'),
      [
        {
          shape: 'rows',
          columns: ['id', 'name'],
          rows: [
            ['1', 'item 1'],
            ['2', 'item 2'],
          ],
        },
      ],
    );
    assert.ok(
      parts.some(
        (part) =>
          part.shape === 'mark' &&
          part.name === 'parameters' &&
          JSON.stringify(part.detail) === '{"values":["{\\"1\\",\\"2\\"}","nobody"]}',
      ),
    );
  });

  test('postgres.js: prepared, transactions, cursors, COPY and notifications', async () => {
    const { user: username, ...rest } = await options();
    const sql = connectPostgres({ ...rest, username, max: 1, onnotice: () => {} });
    for (const n of [1, 2, 3]) assert.equal((await sql`select ${n}::int as n`)[0]?.['n'], n);
    const total = await sql.begin(async (tx) => {
      await tx`create temp table copied (n int) on commit drop`;
      const into = await tx`copy copied from stdin`.writable();
      into.end('1\n2\n');
      await once(into, 'finish');
      return (await tx`select count(*)::int as n from copied`)[0]?.['n'];
    });
    assert.equal(total, 2);
    let seen = 0;
    await sql`select generate_series(1, 25) as n`.cursor(10, (batch) => {
      seen += batch.length;
    });
    assert.equal(seen, 25);
    await assert.rejects(sql`select 1/0`, { code: '22012' });
    await sql.end();
    for (const { status } of told(await lastSession())) assert.ok(status === 'ok' || status === 'error', `an exchange is ${status}`);
  });

  test('psql: \\copy both ways, \\gdesc, transactions', needsPsql, async () => {
    const script = [
      'create temp table t (n int);',
      '\\copy t from stdin',
      '1',
      '2',
      '\\.',
      '\\copy t to stdout',
      'select n from t \\gdesc',
      'begin; select 3; commit;',
    ];
    const where = `host=127.0.0.1 port=${plane.port} dbname=${plane.connection} user=x sslmode=disable`;
    const { code, out, err } = await runPsql(where, await plane.token(), `${script.join('\n')}\n`);
    assert.deepEqual([code, err], [0, '']);
    assert.equal(out, '1\n2\nn|integer\n3\n');
    assert.ok(summary(await lastSession()).every((line) => line.includes('→ ok')));
  });

  test('a token that is wrong, and a connection that is not there, are told alike', async () => {
    for (const [database, password, says] of [
      [plane.connection, 'wrong', /token/i],
      ['elsewhere', await plane.token(), /or there is no such connection/],
    ] as const) {
      const client = new Client({ ...(await options()), database, password });
      client.on('error', () => {});
      await assert.rejects(client.connect(), { code: '28000', message: says });
    }
  });

  test('a cancel with the right key cancels, and no other does', async () => {
    const [client, other] = [new Client(await options()), new Client(await options())];
    await client.connect();
    await other.connect();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const long = "do $$ begin raise notice 'begun'; perform pg_sleep(30); end $$";
    const begun = once(client, 'notice');
    const sleeping = client.query(long);
    await begun;
    const otherSleep = other.query('select pg_sleep(0.3)');
    await cancelBy(plane.port, processID, secretKey ^ 1);
    await cancelBy(plane.port, processID + 1, secretKey);
    await cancelBy(plane.port, processID, secretKey);
    await assert.rejects(sleeping, { code: '57014' });
    await otherSleep;
    await Promise.all([client.end(), other.end()]);
    const entries = await plane.settled();
    assert.deepEqual(
      told(entries)
        .filter(({ text }) => text.includes('sleep') || text === 'cancel')
        .map(({ text, status }) => `${text} ${status}`)
        .sort(),
      ['cancel ok', `${long} error`, 'select pg_sleep(0.3) ok'],
    );
  });

  test('a client that leaves during a long statement takes its server process along', async () => {
    const server = await sharedServer();
    const watcher = await server.admin();
    const running = async () => (await watcher.query("select 1 from pg_stat_activity where query = 'select pg_sleep(29)'")).rowCount;
    await server.run("alter role shop_app set client_connection_check_interval = '100ms'");
    const client = new Client(await options());
    client.on('error', () => {});
    await client.connect();
    const sleeping = client.query('select pg_sleep(29)').catch(() => 'gone');
    while ((await running()) === 0) await new Promise((later) => setImmediate(later));
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await sleeping;
    await plane.settled();
    while ((await running()) !== 0) await watcher.query('select pg_sleep(0.05)');
    await watcher.end();
  });
});

async function cancelBy(port: number, processId: number, secret: number): Promise<void> {
  using client = await RawClient.dial(port);
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processId, 8);
  request.writeInt32BE(secret, 12);
  client.send(request);
  assert.deepEqual(await client.rest(), []);
}
