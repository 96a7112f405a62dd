import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { encodeMessage } from '../../src/protocols/postgres/messages.ts';
import { protocol } from '../../src/protocols/postgres/index.ts';
import { message } from '../../src/protocols/postgres/testing/fixtures.ts';
import { int16 } from '../../src/protocols/postgres/testing/messages.ts';
import { settings } from '../../src/protocols/postgres/settings.ts';
import { type DataPlane, startDataPlane } from '../rig/data-plane.ts';
import { type PostgresServer, startPostgres } from '../rig/postgres.ts';
import { ownTypes, ownValues, valuesOf } from './corpus-values.ts';
import { WireStream } from './wire-stream.ts';

const isLong = process.env['CHAPERONE_AUDIT_ROUNDS'] !== undefined;
const megabytes = isLong ? 50 : 4;

/** A statement by the extended protocol, its result in text (0) or binary (1). */
function extended(text: string, format: 0 | 1): Buffer[] {
  const bind = encodeMessage('B', Buffer.from([0, 0]), int16(0), int16(0), int16(1, format));
  return [message.parse('', text), bind, message.describe('P', ''), message.execute(''), message.sync()];
}

describe('what comes through the gateway is what comes without it, byte by byte', () => {
  let server: PostgresServer;
  let plane: DataPlane;
  before(async () => {
    server = await startPostgres();
    await server.authenticate(['host all all 127.0.0.1/32 trust']);
    await server.run(...ownTypes, 'create table wide (n int)', `insert into wide select generate_series(1, 3)`);
    const credentials = { user: server.user };
    const target = { host: '127.0.0.1', port: server.port, database: server.database, tls: 'off' };
    plane = await startDataPlane({ protocol, settings: settings.parse({ target, credentials }) });
  });
  after(async () => {
    await plane.close();
    await server.stop();
  });

  /** One client each way, with the same settings. */
  async function both(parameters: Readonly<Record<string, string>> = {}) {
    const direct = await WireStream.open({ port: server.port, user: server.user, database: server.database, parameters });
    const password = await plane.token();
    const through = await WireStream.open({ port: plane.port, user: 'anybody', database: plane.connection, password, parameters });
    const same = async (messages: readonly Buffer[], what: string, count = 1) => {
      const [expected, given] = [await direct.ask(messages, count), await through.ask(messages, count)];
      assert.ok(given.equals(expected), `${what}: ${given.toString('latin1', 0, 200)} against ${expected.toString('latin1', 0, 200)}`);
      return expected;
    };
    const sql = async (text: string) => {
      const answer = await same([message.query(text)], text);
      for (const format of [0, 1] as const) await same(extended(text, format), `${text} in format ${format}`);
      return answer.toString('latin1');
    };
    const close = () => {
      direct[Symbol.dispose]();
      through[Symbol.dispose]();
    };
    return { same, sql, [Symbol.dispose]: close };
  }

  test('every built-in type and its array, text and binary, with NULL', async () => {
    using clients = await both();
    const admin = await server.admin();
    const { rows } = await admin.query<{ name: string }>(
      "select typname as name from pg_type where typtype in ('b', 'r', 'm') and left(typname, 1) <> '_' and oid < 16384 order by oid",
    );
    await admin.end();
    const names = rows.map(({ name }) => name);
    assert.ok(names.length > 60);
    for (const type of Object.keys(valuesOf)) assert.ok(names.includes(type), `there is no type ${type}`);
    for (const type of names) {
      const values = (valuesOf[type] ?? []).map((value) => `'${value}'::"${type}"`);
      const answer = await clients.sql(`select ${[`null::"${type}"`, ...values].join(', ')}`);
      assert.ok(answer.startsWith('T') || (type === 'xml' && answer.includes('C0A000')), `${type}: ${answer.slice(0, 200)}`);
      await clients.sql(`select array[${[...values, 'null'].join(', ')}]::"${type}"[]`);
    }
  });

  test('enum, domain, composite, ranges of one’s own, records and arrays of many dimensions', async () => {
    using clients = await both();
    for (const text of ownValues) await clients.sql(text);
  });

  test('empty sets, no columns, errors, notices, and many statements in one', async () => {
    using clients = await both();
    const [nothing, noColumn, failing] = ['select 1 as a, null as b where false', 'select from generate_series(1, 3)', 'select 1/0'];
    for (const text of [nothing, noColumn, failing, '', 'table nothing', "do $$ begin raise warning 'w %', 1; end $$"])
      await clients.sql(text);
    await clients.same([message.query('select 1; select null; begin; select 1/0; rollback')], 'many');
    await clients.same([message.query('rollback')], 'after an error');
    for (const format of ['text', 'csv', 'binary'])
      await clients.same([message.query(`copy wide to stdout (format ${format})`)], `copy ${format}`);
  });

  test('1,600 columns', async () => {
    using clients = await both();
    const columns = Array.from({ length: 1600 }, (_, index) => (index % 3 === 0 ? 'null' : `${index} as "column ${index}"`));
    await clients.sql(`select ${columns.join(', ')} from wide`);
  });

  for (const encoding of ['UTF8', 'LATIN1', 'SQL_ASCII', 'WIN1252'])
    test(`the client encoding ${encoding}`, async () => {
      using clients = await both({ client_encoding: encoding });
      const bytes = Buffer.from("select 'größe é \u00a3', chr(228), 'ß' like '_'\0", encoding === 'UTF8' ? 'utf8' : 'latin1');
      await clients.same([encodeMessage('Q', bytes)], encoding);
      await clients.sql("select U&'\\00e4', chr(8364), convert_to('ä', 'UTF8')");
      await clients.same(
        [message.query(`set client_encoding to LATIN1`), encodeMessage('Q', Buffer.from("select 'é'\0", 'latin1'))],
        'changed',
        2,
      );
    });

  test(`a value of ${megabytes} MB, and rows that make as much`, async () => {
    using clients = await both();
    const size = megabytes * 1_000_000;
    const one = await clients.same(extended(`select convert_to(repeat('x', ${size}), 'UTF8')`, 1), 'one value');
    assert.ok(one.length > size);
    await clients.same([message.query(`select repeat('y', 1000) from generate_series(1, ${size / 1000})`)], 'many rows');
  });

  test('a field beyond what a message can be is refused in the server’s own words', async () => {
    using clients = await both();
    const words = await clients.same([message.query("select repeat('x', 1024 * 1024 * 1024)")], 'over 1 GB');
    assert.match(words.toString('latin1'), /C54000|memory alloc request size|too large/);
  });
});
