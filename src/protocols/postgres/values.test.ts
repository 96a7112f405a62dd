import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import type { Part } from '../../core/part.ts';
import { createDecoder } from './decoder.ts';
import { cstring, encodeMessage } from './messages.ts';
import { message } from './testing/fixtures.ts';
import { int16 } from './testing/messages.ts';
import { RawClient } from './testing/raw-client.ts';
import { planeBeforeServer } from './testing/shared-server.ts';
import { readValue } from './values.ts';

/** Values of each type whose binary form is read, as SQL; the server itself says what they look like as text. */
const values: readonly (readonly [type: string, ...literals: readonly string[]])[] = [
  ['bool', "'t'", "'f'"],
  ['bytea', "'\\x00ff10'", "''"],
  ['"char"', "'x'"],
  ['name', "'items'"],
  ['int8', "'9223372036854775807'", "'-9223372036854775808'", "'0'"],
  ['int2', "'-32768'", "'32767'"],
  ['int4', "'-2147483648'", "'2147483647'"],
  ['text', "'größe ✓'", "''"],
  ['oid', "'4294967295'"],
  ['json', `'{"a": 1}'`],
  ['xml', "'<a/>'"],
  ['float8', "'1.5'", "'-0.1'", "'1e300'", "'NaN'", "'Infinity'", "'-Infinity'", "'123456789012'"],
  ['bpchar', "'ab '"],
  ['varchar', "'ab'"],
  ['date', "'2026-11-22'", "'1999-12-31'", "'infinity'", "'-infinity'", "'0001-01-01'"],
  ['time', "'00:00:00'", "'23:59:59.999999'", "'12:30:00.5'"],
  ['timestamp', "'2026-11-22 12:34:56.789012'", "'1999-12-31 23:59:59.5'", "'infinity'", "'-infinity'", "'1969-07-20 20:17:40'"],
  ['timestamptz', "'2026-11-22 12:34:56.789+00'", "'infinity'"],
  [
    'numeric',
    "'0'",
    "'123.456'",
    "'-0.00012'",
    "'100000000'",
    "'1e30'",
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "'1.10'",
    "'0.0001'",
    "'12345678.87654321'",
  ],
  ['uuid', "'00112233-4455-6677-8899-aabbccddeeff'"],
  ['jsonb', `'{"a": [1, null]}'`],
  ['int4[]', "'{1,NULL,3}'", "'{}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"],
  ['text[]', `'{a,"b c","x\\"y,z",NULL,"null","",größe,"{}"}'`],
  ['uuid[]', "'{00112233-4455-6677-8899-aabbccddeeff}'"],
  ['timestamptz[]', `'{"2026-11-22 12:34:56.789+00"}'`],
  ['jsonb[]', `array['{"a": "b"}'::jsonb]`],
  ['inet', "'10.0.0.1'", "'10.0.0.1/8'", "'2001:db8::1'", "'::1'", "'2001:db8::/32'"],
  ['cidr', "'10.0.0.0/8'", "'10.1.2.3/32'"],
  ['macaddr', "'08:00:2b:01:02:03'"],
  [
    'interval',
    "'3 days 00:00:05'",
    "'1 year 2 mons'",
    "'0'",
    "'-1 day 02:03:00'",
    "'-00:00:00.5'",
    "'1 mon -1 day'",
    "'-13 months 1 day -100 hours'",
  ],
  ['timetz', "'01:02:03.5+00'", "'01:02:03-03:30'", "'01:02:03+02'"],
  ['int4range', "'[1,5)'", "'(,5)'", "'empty'", "'(,)'"],
  ['numrange', "'(1.5,2.5]'"],
  ['tstzrange', "'[2026-11-22 12:34:56+00,)'"],
  ['record', "row(1,'x',null,'a b','q\"r',array[1,2])", 'row()'],
  ['xid', "'4294967295'"],
  ['xid8', "'18446744073709551615'"],
  ['jsonpath', `'$."a"'`],
];

describe('values', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer();
  });
  after(() => plane.close());

  const run = (text: string, format: number) => [
    message.parse('', text),
    encodeMessage('B', cstring(''), cstring(''), int16(0), int16(0), int16(1, format)),
    message.describe('P', ''),
    message.execute(''),
    message.sync(),
  ];

  for (const [type, ...literals] of values)
    test(`${type}: binary is read as the server writes text`, async () => {
      using client = await RawClient.open(plane, { timezone: 'UTC' });
      const text = `select ${literals.map((literal, index) => `${literal}::${type} as c${index}`).join(', ')}`;
      client.send(...run(text, 0), ...run(text, 1));
      await client.until('Z', 2);
      client.send(message.terminate());
      await client.rest();
      const id = plane.opened.at(-1)?.facts.id;
      const decoder = createDecoder();
      const parts: Part[] = (await plane.settled())
        .filter(({ session }) => session === id)
        .flatMap((entry) => (entry.kind === 'bytes' ? decoder.bytes(entry.exchange, entry.direction, entry.bytes) : []));
      const [asText, asBinary] = parts.filter((part) => part.shape === 'rows').filter(({ rows }) => rows.length > 0);
      assert.equal(asText?.rows[0]?.length, literals.length);
      assert.deepEqual(asBinary?.rows, asText?.rows);
    });

  for (const type of [
    16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 650, 829, 1007, 1009, 1186, 1266, 1700, 2249, 2950, 3802, 3904, 99_999,
  ])
    test(`a value of type ${type} that is not what it says is shown as it is`, () => {
      for (const bytes of [Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(7, 255), Buffer.alloc(100, 255)])
        assert.equal(typeof readValue(bytes, 1, type), 'string');
    });

  test('an array of absurd lengths, and records within records, are shown as they are', () => {
    const words = (...numbers: readonly number[]) =>
      Buffer.concat(numbers.map((number) => Buffer.from(Uint32Array.of(number).buffer).swap32()));
    const endless = words(2, 0, 23, 0xffff_fff0, 1, 0, 1);
    assert.equal(readValue(endless, 1, 1007), `\\x${endless.toString('hex')}`);
    const short = words(1, 0, 23, 1_000_000, 1, 4, 7);
    assert.equal(readValue(short, 1, 1007), `\\x${short.toString('hex')}`);
    let nested = Buffer.from('"');
    let type = 25;
    for (let depth = 0; depth < 40; depth += 1) {
      nested = Buffer.concat([words(1, type, nested.length), nested]);
      type = 2249;
    }
    assert.ok(readValue(nested, 1, 2249).length < 2_000);
  });

  test('a number with absurdly many places does not take all memory', () => {
    const absurd = Buffer.from([0, 0, 0x7f, 0xff, 0, 0, 0xff, 0xff]);
    assert.ok(readValue(absurd, 1, 1700).length < 300_000);
  });
});
