import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import { cstring, encodeMessage } from './messages.ts';
import { message } from './testing/fixtures.ts';
import { int16, type WireMessage } from './testing/messages.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, sharedServer } from './testing/shared-server.ts';

const canary = 'walrus@example.com';
const columns = ['email', 'pin'].map((column) => ({ column: `orders:public.herd.${column}`, action: 'redact' }));
const text = 'select id, email, pin from herd where id = 1';
const bind = (name: string, format: number, portal = '') =>
  encodeMessage('B', cstring(portal), cstring(name), int16(0), int16(0), int16(1, format));

/** Each row's values as they stand on the wire. */
function rowsOf(messages: readonly WireMessage[]): (string | null)[][] {
  return messages
    .filter(({ type }) => type === 'D')
    .map(({ body }) => {
      const values: (string | null)[] = [];
      let at = 2;
      while (at < body.length) {
        const length = body.readInt32BE(at);
        at += 4;
        values.push(length < 0 ? null : body.toString('latin1', at, at + length));
        at += Math.max(0, length);
      }
      return values;
    });
}

const setting = (name: string) => message.query(`select setting from pg_settings where name = '${name}'`);
const asText = ['1', '[redacted:email]', '0'];
const asBinary = ['\0\0\0\x01', '[redacted:email]', '\0\0\0\0'];
const unknown = ['1', null, null];

/** What a client says, and the rows that it gets. */
const cases: readonly (readonly [name: string, said: readonly Buffer[], readies: number, rows: readonly (readonly (string | null)[])[]])[] =
  [
    ['a simple query', [message.query(text)], 1, [asText]],
    ['several in one text', [message.query(`${text}; select 2, 'x'; ${text}`)], 1, [asText, ['2', 'x'], asText]],
    [
      'a portal that is described',
      [message.parse('', text), bind('', 1), message.describe('P', ''), message.execute(''), message.sync()],
      1,
      [asBinary],
    ],
    [
      'a statement that is described once, with formats that Bind says',
      [
        message.parse('s', text),
        message.describe('S', 's'),
        message.sync(),
        ...[0, 1, 1, 0].flatMap((format) => [bind('s', format), message.execute(''), message.sync()]),
      ],
      5,
      [asText, asBinary, asBinary, asText],
    ],
    [
      'the same in one breath',
      [message.parse('t', text), message.describe('S', 't'), bind('t', 1), message.execute(''), message.sync()],
      1,
      [asBinary],
    ],
    ['a statement that is never described', [message.parse('', text), bind('', 0), message.execute(''), message.sync()], 1, [unknown]],
    [
      'one that another way was described to begin with',
      [
        message.query('begin'),
        message.parse('', 'select 1 as id, $$x$$ as email, 2 as pin'),
        message.describe('S', ''),
        message.parse('', text),
        bind('', 0),
        message.execute(''),
        message.sync(),
        message.query('rollback'),
      ],
      3,
      [unknown],
    ],
    [
      'a portal in pieces',
      [
        message.query('begin'),
        message.parse('', 'select id, email from herd order by id'),
        bind('', 1, 'p'),
        message.describe('P', 'p'),
        message.execute('p', 1),
        message.sync(),
        message.execute('p', 1),
        message.sync(),
        message.query('commit'),
      ],
      4,
      [asBinary.slice(0, 2), ['\0\0\0\x02', null]],
    ],
    [
      'what SQL prepared',
      [message.query(`prepare q as ${text}`), bind('q', 0), message.describe('P', ''), message.execute(''), message.sync()],
      2,
      [asText],
    ],
    [
      'a cursor in binary',
      [message.query('begin; declare c binary cursor for select email, pin from herd; fetch 1 from c; commit')],
      1,
      [asBinary.slice(1)],
    ],
  ];

describe('what is masked, message by message', () => {
  let plane: DataPlane;
  before(async () => {
    const server = await sharedServer();
    await server.run(
      'drop table if exists herd',
      'create table herd (id int, email text, pin int)',
      `insert into herd values (1, '${canary}', 60718293), (2, null, null)`,
      'grant all on herd to shop_app',
    );
    plane = await planeBeforeServer({ masking: { columns } });
  });
  after(() => plane.close());

  for (const manner of ['whole', 'bytewise'] as const)
    for (const [name, said, readies, rows] of cases)
      test(`${name} (${manner})`, async () => {
        using client = await RawClient.open(plane);
        if (manner === 'whole') client.send(...said);
        else for (const byte of Buffer.concat(said)) client.send(Buffer.from([byte]));
        const messages = await client.until('Z', readies);
        assert.deepEqual(rowsOf(messages), rows, describeMessages(messages));
        assert.ok(!Buffer.concat(messages.map(({ whole }) => whole)).includes(canary));
        client.send(message.terminate());
        await client.rest();
      });

  test('texts of a shape show what no rule looks at, until a setting may hold what they show', async () => {
    using client = await RawClient.open(plane);
    const shows = async (said: Buffer) => {
      client.send(said);
      return rowsOf(await client.until('Z'));
    };
    for (const [name, value] of [
      ['standard_conforming_strings', 'on'],
      ['jit_dump_bitcode', 'off'],
      ['standard_conforming_strings', 'on'],
      ['application_name', ''],
    ] as const)
      assert.deepEqual(await shows(setting(name)), [[value]]);
    await shows(message.query("select set_config('application_name', email, false) from herd where id = 1"));
    assert.deepEqual(await shows(setting('application_name')), [['[redacted:unknown]']]);
  });

  test('nothing of it is on record, and what was masked is', async () => {
    const entries = await plane.settled();
    for (const entry of entries) if (entry.kind === 'bytes') assert.ok(!Buffer.from(entry.bytes).includes(canary));
    const counts = entries.flatMap((entry) => (entry.kind === 'masked' ? entry.masked : []));
    assert.ok(counts.some(({ rule, column }) => rule === 'columns[0]' && column === 'email'));
    assert.ok(counts.every(({ count }) => count > 0));
  });
});
