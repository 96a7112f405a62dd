import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { relationKey, type SchemaSnapshot } from './schema-snapshot.ts';
import { snapshotOf, snapshotOfMadeQuery, snapshotQuery, SnapshotReader } from './snapshot-query.ts';
import { type Sample, sampleServer } from './testing/sample.ts';

describe('the snapshot of a catalog', () => {
  let sample: Sample;
  let snapshot: SchemaSnapshot;
  before(async () => {
    sample = await sampleServer();
    snapshot = sample.snapshot;
  });

  test('is loaded by a role without rights, in a session that may only read, whose settings it leaves alone', async () => {
    const client = await sample.connect();
    try {
      await client.query('create role nobody_much');
      await client.query('set role nobody_much; set default_transaction_read_only = on; set search_path = app, public');
      const { rows } = await client.query<string[]>({ text: snapshotQuery, rowMode: 'array' });
      assert.deepEqual(snapshotOf(rows).relation('public', 'people'), snapshot.relation('public', 'people'));
      const path = await client.query<{ search_path: string }>('show search_path');
      assert.equal(path.rows[0]?.search_path, 'app, public');
    } finally {
      await client.end();
    }
  });

  test('is made of what users have made and the system part of one before', async () => {
    const client = await sample.connect();
    try {
      const told = async (text: string) => (await client.query<string[]>({ text, rowMode: 'array' })).rows;
      const [all, made] = [await told(snapshotQuery), await told(snapshotOfMadeQuery)];
      const ofSystem = all.filter(([kind]) => kind?.startsWith('system '));
      assert.ok(ofSystem.length > 3_000 && ofSystem.every(([, schema]) => /^(pg_catalog|information_schema)$/.test(schema ?? '')));
      const sorted = (rows: readonly string[][]) => rows.map((row) => row.join(' ')).toSorted();
      assert.deepEqual(sorted(made), sorted(all.filter((row) => !ofSystem.includes(row))));
      const whole = new SnapshotReader();
      for (const row of all) whole.take(row);
      const second = new SnapshotReader(whole.system);
      for (const row of made) second.take(row);
      for (const [schema, name] of [...all.values()].map((row) => [row[1] ?? '', row[2] ?? ''] as const)) {
        assert.deepEqual(second.snapshot().relation(schema, name), whole.snapshot().relation(schema, name));
        assert.deepEqual(second.snapshot().routines(schema, name), whole.snapshot().routines(schema, name));
      }
    } finally {
      await client.end();
    }
  });

  test('knows tables, their columns and their families', () => {
    const { kind, columns, children } = snapshot.relation('public', 'events') ?? assert.fail();
    assert.deepEqual(
      { kind, columns, children },
      { kind: 'partitioned', columns: ['id', 'at', 'who'], children: [relationKey('public', 'events_2024')] },
    );
    assert.deepEqual(snapshot.relation('public', 'dogs')?.parents, [relationKey('public', 'animals')]);
    assert.deepEqual(snapshot.relation('Odd Name', 'Mixed Case')?.columns, ['Id', 'select']);
    assert.equal(snapshot.relation('public', 'missing'), null);
  });

  test('has the queries of views with every name qualified', () => {
    const { definition, kind } = snapshot.relation('public', 'people') ?? assert.fail();
    assert.equal(kind, 'view');
    assert.match(definition ?? '', /FROM public\.users/);
    assert.equal(snapshot.relation('public', 'totals')?.kind, 'materialized');
  });

  test('tells rules and triggers', () => {
    const cases = [
      ['ruled', true, false],
      ['audited', false, true],
      ['people', false, false],
      ['orders', false, false],
    ] as const;
    for (const [name, rules, triggers] of cases) {
      const relation = snapshot.relation('public', name) ?? assert.fail();
      assert.deepEqual([name, relation.rules, relation.triggers], [name, rules, triggers]);
    }
  });

  test('calls an aggregate what the worst of its parts is', () => {
    assert.equal(snapshot.routines('public', 'destroy')[0]?.volatility, 'volatile');
    assert.ok(snapshot.routines('pg_catalog', 'sum').every(({ volatility, system }) => volatility !== 'volatile' && system));
  });

  test('counts arguments and names result columns', () => {
    const concat = snapshot.routines('pg_catalog', 'concat')[0];
    assert.deepEqual(concat?.arguments, { least: 1, most: null });
    assert.deepEqual(snapshot.routines('pg_catalog', 'json_each')[0]?.returns, ['key', 'value']);
    assert.equal(snapshot.routines('pg_catalog', 'lower')[0]?.returns, null);
    assert.ok(snapshot.mayCall('full_name') && !snapshot.mayCall('to_json') && !snapshot.mayCall('double'));
  });

  test('leads from types and operators to what users have made', () => {
    const sound = [{ schema: 'public', name: 'sound' }];
    for (const type of ['checked', '_checked', 'holder', '_holder', 'narrower'])
      assert.deepEqual(snapshot.type('public', type)?.routines, sound, type);
    assert.deepEqual(snapshot.type('pg_catalog', 'int4')?.routines, []);
    assert.deepEqual(snapshot.operators('===')[0]?.routine, { schema: 'public', name: 'hit' });
    assert.deepEqual(snapshot.operators('||/'), []);
  });
});
