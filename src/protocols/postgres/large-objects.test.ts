import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { everybody, type DataPlane } from '../../../test/rig/data-plane.ts';
import { refuse } from '../../core/verdict.ts';
import { ByteReader } from '../../wire/byte-reader.ts';
import { createDecoder } from './decoder.ts';
import { largeObjectFunctions, readCall } from './large-objects.ts';
import { encodeMessage, parseFields } from './messages.ts';
import { run } from './testing/batches.ts';
import { temporaryFile } from './testing/certificates.ts';
import { message } from './testing/fixtures.ts';
import { int16, int32 } from './testing/messages.ts';
import { needsPsql, runPsql } from './testing/psql.ts';
import { leaveSoundly } from './testing/leave-soundly.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, sharedServer } from './testing/shared-server.ts';
import { summary, told } from './testing/told.ts';

const { query, parse, bind, flush, sync, functionCall } = message;
const refusal = refuse('ACCESS_REFUSED', 'Not this.', 'Something else.');
const content = Buffer.from([0, 255, 90, 13, 10]);
const argument = (bytes: Buffer) => Buffer.concat([int32(bytes.length), bytes]);

/** The calls of an open large object, which is number 60001 and the transaction's first, with how each is told. */
const life: readonly (readonly [Buffer, string])[] = [
  [functionCall(715, int32(60_001)), 'lo_create(60001)'],
  [functionCall(952, int32(60_001), int32(0x6_0000)), 'lo_open(60001, 393216)'],
  [functionCall(955, int32(0), content), 'lowrite(0, 5 bytes)'],
  [functionCall(956, int32(0), int32(-4), int32(2)), 'lo_lseek(0, -4, 2)'],
  [functionCall(3170, int32(0), int32(0, 1), int32(0)), 'lo_lseek64(0, 1, 0)'],
  [functionCall(958, int32(0)), 'lo_tell(0)'],
  [functionCall(3171, int32(0)), 'lo_tell64(0)'],
  [functionCall(954, int32(0), int32(100)), 'loread(0, 100)'],
  [functionCall(1004, int32(0), int32(2)), 'lo_truncate(0, 2)'],
  [functionCall(3172, int32(0), int32(0, 1)), 'lo_truncate64(0, 1)'],
  [functionCall(953, int32(0)), 'lo_close(0)'],
  [functionCall(964, int32(60_001)), 'lo_unlink(60001)'],
];
const results = ['60001', '0', '5', '1', '1', '1', '1', null, '0', '0', '0', '1'];

describe('large objects', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer({ judge: (_circumstance, { text }) => (/forbidden|60666/.test(text) ? refusal : everybody) });
  });
  after(() => plane.close());

  const leave = (client: RawClient) => leaveSoundly(client, plane);

  test('the table is the server’s own, and has all that libpq asks for', async () => {
    const { port, password } = await sharedServer();
    const client = new Client({ host: '127.0.0.1', port, user: 'shop_app', database: 'shop', password });
    await client.connect();
    const names = [...largeObjectFunctions.values()].map(({ name }) => name);
    const types = 'array(select t::regtype::text from unnest(p.proargtypes) t)';
    const { rows } = await client.query<{ oid: number; name: string; takes: string[]; gives: string }>(
      `select p.oid::int, proname as name, ${types} as takes, prorettype::regtype::text as gives
         from pg_proc p where proname = any($1) and pronamespace = 'pg_catalog'::regnamespace order by 1`,
      [names],
    );
    await client.end();
    const spoken: Readonly<Record<string, string>> = { integer: 'int4', bigint: 'int8', oid: 'oid', bytea: 'bytea' };
    assert.deepEqual(
      rows.map(({ oid, name, takes, gives }) => [oid, name, takes.map((type) => spoken[type]), spoken[gives]]),
      [...largeObjectFunctions].map(([oid, { name, takes, gives }]) => [oid, name, takes, gives]),
    );
    assert.equal(rows.length, 13);
  });

  test('are made, opened, written, read and removed, each call an exchange', async () => {
    using client = await RawClient.open(plane);
    client.send(query('begin'), ...life.map(([call]) => call), functionCall(957, int32(0x6_0000)), query('rollback'));
    const heard = await client.until('Z', life.length + 3);
    assert.equal(describeMessages(heard), `C Z ${'V Z '.repeat(life.length + 1)}C Z`);
    const entries = await leave(client);
    const exchanges = told(entries);
    assert.deepEqual(
      exchanges.slice(1, -2).map(({ text, status }) => `${text} ${status}`),
      life.map(([, text]) => `${text} ok`),
    );
    const decoder = createDecoder();
    const parts = entries.flatMap((entry) => (entry.kind === 'bytes' ? decoder.bytes(entry.exchange, entry.direction, entry.bytes) : []));
    const shown = parts.flatMap((part) => (part.shape === 'rows' ? part.rows.flat() : part.shape === 'bytes' ? [part.base64] : []));
    const [written, read] = [content.toString('base64'), content.subarray(1).toString('base64')];
    // All is sent ahead, so what is written stands before every answer.
    assert.deepEqual(shown.slice(0, -1), [written, ...results.map((value) => value ?? read)]);
  });

  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['another function', functionCall(), /FunctionCall of function 1598 does not pass/],
    ['too few arguments', functionCall(952, int32(1)), /lo_open with other arguments than \(oid, int4\)/],
    ['too many arguments', functionCall(953, int32(1), int32(1)), /lo_close/],
    ['an argument of another length', functionCall(964, Buffer.alloc(8)), /lo_unlink/],
    ['an argument as text', encodeMessage('F', int32(964), int16(0, 1), argument(Buffer.from('1234')), int16(1)), /lo_unlink/],
    ['NULL', encodeMessage('F', int32(964), int16(1, 1, 1), int32(-1), int16(1)), /lo_unlink/],
    ['formats that are not its arguments’', encodeMessage('F', int32(964), int16(2, 1, 1, 1), argument(int32(1)), int16(1)), /lo_unlink/],
    ['a result in no format', encodeMessage('F', int32(964), int16(1, 1, 1), argument(int32(1)), int16(7)), /lo_unlink/],
    ['what policy forbids', functionCall(964, int32(60_666)), /Not this/],
  ];
  for (const [name, call, words] of refused)
    test(`a refused call leaves both sides in step: ${name}`, async () => {
      using client = await RawClient.open(plane);
      client.send(query('begin'), call, query('select 1'), query('rollback'), ...run('select 2'), call, ...run('select 3'), sync());
      const heard = await client.until('Z', 6);
      const code = name === 'what policy forbids' ? '42501' : '08P01';
      assert.equal(describeMessages(heard), `C Z E:${code} Z E:25P02 Z C Z 1 2 T D C E:${code} Z 1 2 T D C Z`);
      const error = heard.find(({ type }) => type === 'E');
      assert.match(parseFields(error?.body ?? Buffer.alloc(0)).message ?? '', words);
      const entries = await leave(client);
      const asked = entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === 'request' ? [entry.bytes] : []));
      assert.ok(Buffer.concat(asked).includes(call), 'the call is not on record');
      const calls = summary(entries).filter((line) => line.startsWith('lo_'));
      assert.deepEqual(calls, name === 'what policy forbids' ? Array(2).fill('lo_unlink(60666) → refused') : []);
    });

  for (const [name, call] of [
    ['cut short', encodeMessage('F', int32(952), int16(1))],
    ['with more behind it', Buffer.concat([encodeMessage('F', int32(964), int16(1, 1, 1), argument(int32(1)), int16(1, 0))])],
  ] as const)
    test(`a call ${name} ends the session`, async () => {
      using client = await RawClient.open(plane);
      client.send(call);
      assert.equal(describeMessages(await client.rest()), 'E:08P01');
    });

  test('a call fails alone, and is skipped where its batch has failed', async () => {
    using client = await RawClient.open(plane);
    client.send(functionCall(964, int32(1)), query('select 1'));
    assert.equal(describeMessages(await client.until('Z', 2)), 'E:42704 Z T D C Z');
    client.send(parse('', 'selec'), functionCall(964, int32(1)), bind('', ''), sync(), query('select 2'));
    assert.equal(describeMessages(await client.until('Z', 2)), 'E:42601 Z T D C Z');
    client.send(parse('', 'selec'), flush());
    await client.until('E');
    client.send(functionCall(964, int32(1)), parse('', "select 'größe'"), sync(), query("select 'größe'"));
    assert.equal(describeMessages(await client.until('Z', 2)), 'Z T D C Z');
    assert.deepEqual(summary(await leave(client)), [
      'lo_unlink(1) → error 42704',
      'select 1 → ok SELECT 1',
      'selec → error 42601',
      'lo_unlink(1) → skipped',
      'selec → skipped',
      'select 2 → ok SELECT 1',
      'selec → error 42601',
      'lo_unlink(1) → skipped',
      "select 'größe' → skipped",
      "select 'größe' → ok SELECT 1",
    ]);
  });

  test('psql imports, exports and removes one', needsPsql, async () => {
    await using file = await temporaryFile('one.bin', '');
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
    await writeFile(file.path, bytes);
    const where = `host=127.0.0.1 port=${plane.port} dbname=${plane.connection} user=x sslmode=disable`;
    const script = `\\lo_import ${file.path}\n\\lo_export :LASTOID ${file.path}.back\n\\lo_unlink :LASTOID\n`;
    const { code, err } = await runPsql(where, await plane.token(), script);
    assert.deepEqual([code, err], [0, '']);
    assert.ok((await readFile(`${file.path}.back`)).equals(bytes));
  });
});

describe('what a call does', () => {
  for (const [call, effect] of [
    [functionCall(952, int32(1), int32(0x4_0000)), 'read'],
    [functionCall(952, int32(1), int32(0x2_0000)), 'write'],
    [functionCall(952, int32(1), int32(0x6_0000)), 'write'],
    [functionCall(952, int32(1), int32(-1)), 'write'],
    [functionCall(952, int32(1), int32(0)), 'read'],
    [functionCall(954, int32(0), int32(1)), 'read'],
    [functionCall(955, int32(0), content), 'write'],
    [functionCall(957, int32(-1)), 'write'],
  ] as const) {
    const read = readCall(new ByteReader(call, 5));
    test(`${'text' in read ? read.text : ''}: ${effect}`, () => assert.equal('effect' in read && read.effect, effect));
  }
});
