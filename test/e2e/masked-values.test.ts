import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { maskActions } from '../../src/stages/masking/action.ts';
import { Pseudonyms } from '../../src/stages/masking/pseudonyms.ts';
import { maskValue } from '../../src/stages/masking/value.ts';
import type { ValueKind } from '../../src/core/masking.ts';
import { type PostgresServer, startPostgres } from '../rig/postgres.ts';

const pseudonyms = new Pseudonyms(createSecretKey(randomBytes(32)));

/** Types of a real server, and an expression that has many of their values. */
const types: readonly (readonly [type: string, kind: ValueKind, values: string])[] = [
  ['int2', 'integer', '(random() * 65534 - 32767)::int2'],
  ['int4', 'integer', '((random() - 0.5) * 4294967294)::numeric::int4'],
  ['int8', 'integer', '((random() - 0.5) * 1.8e19)::numeric(19)::int8'],
  ['numeric', 'numeric', '((random() - 0.5) * 10 ^ (random() * 30)::int)::numeric(60, 12)'],
  ['numeric(8,3)', 'numeric', '(random() * 99999)::numeric(8, 3)'],
  ['numeric(5)', 'numeric', '(random() * 99999)::numeric(5)'],
  ['float4', 'float', '((random() - 0.5) * 10 ^ (random() * 60 - 30))::float4'],
  ['float8', 'float', '((random() - 0.5) * 10 ^ (random() * 600 - 300))::float8'],
  ['bool', 'boolean', 'random() > 0.5'],
  ['uuid', 'uuid', 'gen_random_uuid()'],
  ['date', 'date', "date '0001-01-01' + (random() * 2000000)::int - 100000"],
  ['time', 'time', "time '00:00' + random() * interval '1 day'"],
  ['timetz', 'time', "(time '00:00' + random() * interval '1 day')::timetz"],
  ['timestamp', 'timestamp', "timestamp '1000-01-01' + random() * interval '2000 years'"],
  ['timestamptz', 'timestamp', "timestamptz '1000-01-01' + random() * interval '2000 years'"],
  ['interval', 'interval', "random() * interval '20 years'"],
  ['jsonb', 'json', "jsonb_build_object('a b', jsonb_build_array(true, null, random(), md5(random()::text)), 'x@y.zz', 1e40::numeric)"],
  ['json', 'json', "json_build_object('b', 'ü\"\\ ' || md5(random()::text))"],
  ['bytea', 'bytes', "decode(md5(random()::text), 'hex')"],
  ['inet', 'inet', "('10.' || (random() * 255)::int || '.2.3/' || (random() * 32)::int)::inet"],
  ['inet', 'inet', "('2001:db8::' || to_hex((random() * 65535)::int) || '/64')::inet"],
  ['cidr', 'inet', "('10.' || (random() * 255)::int || '.0.0/16')::cidr"],
  ['macaddr', 'mac', "'08:00:2b:01:02:03'::macaddr"],
  ['text[]', 'array', "array['a', md5(random()::text)]"],
];

describe('what takes the place of a value is valid for PostgreSQL', () => {
  let server: PostgresServer;
  let client: Client;
  before(async () => {
    server = await startPostgres();
    client = await server.direct();
    await client.query("set timezone = 'Asia/Kolkata'");
  });
  after(async () => {
    await client.end();
    await server.stop();
  });

  for (const [type, kind, values] of types)
    test(`as ${type}: ${values}`, async () => {
      const { rows } = await client.query<{ value: string }>(`select (${values})::${type}::text as value from generate_series(1, 200)`);
      for (const action of maskActions) {
        const masked = rows.map(({ value }) => maskValue(value, { action, label: 'x' }, kind, pseudonyms));
        const list = '(select json_array_elements_text($1::json) as value) as masked';
        const { rows: read } = await client.query<{ count: string }>(`select count(value::${type}) as count from ${list}`, [
          JSON.stringify(masked),
        ]);
        assert.equal(Number(read[0]?.count), action === 'null' ? 0 : rows.length);
      }
    });
});
