import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { binaryForm } from './binary-values.ts';
import { sharedServer } from './testing/shared-server.ts';
import { kindOf } from './value-kinds.ts';

/** What masking puts in a value's place, by type: what the server itself sends for it must be the same bytes. */
const values: readonly (readonly [type: string, send: string, ...texts: readonly string[]])[] = [
  ['bool', 'boolsend', 'f', 't'],
  ['bytea', 'byteasend', '\\x', '\\x00ff10'],
  ['name', 'namesend', '[redacted:email]'],
  ['int8', 'int8send', '0', '9223372036854775807', '-5'],
  ['int2', 'int2send', '0', '-32768', '120'],
  ['int4', 'int4send', '0', '2147483647', '-1'],
  ['text', 'textsend', '[redacted:email]', 'größe ✓', ''],
  ['oid', 'oidsend', '0', '4294967295'],
  ['json', 'json_send', '{"a":null}'],
  ['jsonb', 'jsonb_send', '{"a": null}'],
  ['float4', 'float4send', '0', '1.5'],
  ['float8', 'float8send', '0', '123456789.25'],
  ['varchar', 'varcharsend', 'a***@***.com'],
  ['bpchar', 'bpcharsend', 'A***'],
  ['date', 'date_send', '1970-01-01', '2099-12-31', '1900-01-01'],
  ['time', 'time_send', '00:00:00', '23:59:59'],
  ['timetz', 'timetz_send', '00:00:00+00', '12:30:00+00'],
  ['timestamp', 'timestamp_send', '1970-01-01 00:00:00', '1930-01-01 00:00:00', '2077-05-06 07:08:09'],
  ['timestamptz', 'timestamptz_send', '1970-01-01 00:00:00+00', '1955-11-05 06:15:00+00'],
  ['interval', 'interval_send', '00:00:00'],
  ['numeric', 'numeric_send', '0', '0.00', '12000.0000', '-120.5', '0.0012', '10000', '99999999999999999999.123456789'],
  ['uuid', 'uuid_send', '00000000-0000-0000-0000-000000000000', '00112233-4455-8677-8899-aabbccddeeff'],
  ['inet', 'inet_send', '0.0.0.0', '::', '240.1.2.3', 'fd00::1', 'fd00:1:2:3:4:5:6:7'],
  ['cidr', 'cidr_send', '0.0.0.0', '10.0.0.0', '::'],
  ['macaddr', 'macaddr_send', '00:00:00:00:00:00'],
  ['text[]', 'array_send', '{}'],
  ['int8[]', 'array_send', '{}'],
  ['timestamptz[]', 'array_send', '{}'],
];

describe('binary values', () => {
  let client: Client;
  before(async () => {
    client = await (await sharedServer()).direct();
    await client.query("set timezone to 'UTC'");
  });
  after(() => client.end());

  const sent = async (type: string, send: string, text: string): Promise<[number, Buffer]> => {
    const { rows } = await client.query(`select $1::regtype::oid::int as oid, encode(${send}($2::text::${type}), 'hex') as bytes`, [
      type,
      text,
    ]);
    return [Number(rows[0].oid), Buffer.from(String(rows[0].bytes), 'hex')];
  };

  for (const [type, send, ...texts] of values)
    for (const text of texts)
      test(`${type} ${text}`, async () => {
        const [oid, bytes] = await sent(type, send, text);
        const form = binaryForm(oid);
        assert.ok(form);
        assert.notEqual(kindOf(oid), 'other');
        assert.equal(form.write(text)?.toString('hex'), bytes.toString('hex'));
        const read = form.read(bytes);
        assert.equal(form.write(read)?.toString('hex'), bytes.toString('hex'), read);
      });

  test('the elements of an array are read', async () => {
    const [oid, bytes] = await sent('text[]', 'array_send', '{{a,"b c"},{NULL,d}}');
    assert.equal(binaryForm(oid)?.read(bytes), '{a,b c,NULL,d}');
    assert.equal(binaryForm(oid)?.write('{a}'), null);
    const [numbers, four] = await sent('int4[]', 'array_send', '{1593572846}');
    assert.equal(binaryForm(numbers)?.read(four), '{1593572846}');
  });

  for (const [oid, text] of [
    [23, 'x'],
    [23, '99999999999'],
    [21, '70000'],
    [20, '1.5'],
    [1082, '4714-11-24 BC'],
    [2950, 'no'],
    [869, '300.1.1.1'],
    [869, 'x::y'],
    [1186, '1 day'],
    [1700, 'NaN'],
    [17, 'abc'],
  ] as const)
    test(`nothing that is no value of type ${oid} is sent: ${text}`, () => assert.equal(binaryForm(oid)?.write(text), null));

  test('of other types nothing is known', () => assert.equal(binaryForm(790), null));
});
