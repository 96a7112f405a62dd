import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { commands } from './commands.ts';
import { definitions } from './definitions.ts';
import { grammar } from './grammar.ts';
import { queryKinds } from './indirect.ts';
import { snapshotOf } from './snapshot-query.ts';
import { statementMeaning } from './statement.ts';
import { reviewedRoutines } from './system-routines.ts';
import { contextOf, type Sample, sampleServer } from './testing/sample.ts';

/** The parser's own list of node types, each with its fields. */
const declared = readDeclared();
const nothing = contextOf(snapshotOf([]));

function readDeclared(): ReadonlyMap<string, readonly string[]> {
  const resolve = createRequire(createRequire(import.meta.url).resolve('libpg-query')).resolve;
  const text = readFileSync(join(dirname(resolve('@pgsql/types')), 'types.d.ts'), 'utf8');
  const interfaces = text.matchAll(/^export interface (\w+) \{\n([^}]*)\}/gm);
  return new Map(
    [...interfaces].map(([, name = '', body = '']) => [name, [...body.matchAll(/^ {4}(\w+)\?/gm)].map(([, field = '']) => field)]),
  );
}

const isUnknown = (tree: unknown): boolean =>
  statementMeaning({ text: '', from: 0, to: 0, tree }, nothing).deeds.some(({ effect }) => effect === 'unknown');
const selecting = (val: unknown): unknown => ({ SelectStmt: { targetList: [{ ResTarget: { val } }] } });

describe("the parser's node types", () => {
  test('are all listed', () => assert.ok(declared.size > 250));

  test('are unknown as an expression unless the grammar has them', () => {
    const others = [...declared.keys()].filter((kind) => !grammar.has(kind));
    assert.ok(others.length > 150);
    assert.deepEqual(
      others.filter((kind) => !isUnknown(selecting({ [kind]: {} }))),
      [],
    );
  });

  test('are unknown as a statement unless one of the tables has them', () => {
    const others = [...declared.keys()].filter((kind) => !queryKinds.has(kind) && !commands.has(kind) && !definitions.has(kind));
    assert.deepEqual(
      others.filter((kind) => !isUnknown({ [kind]: {} })),
      [],
    );
  });

  test('that are statements are each in one of the tables', () => {
    const inner = new Set(['RawStmt', 'SetOperationStmt', 'ReturnStmt', 'PLAssignStmt', 'ReplicaIdentityStmt']);
    const statements = [...declared.keys()].filter((kind) => kind.endsWith('Stmt') && !inner.has(kind));
    assert.deepEqual(
      statements.filter((kind) => !grammar.has(kind) && !commands.has(kind) && !definitions.has(kind)),
      [],
    );
    assert.deepEqual(
      [...commands.keys(), ...definitions.keys(), ...grammar.keys()].filter((kind) => !declared.has(kind)),
      [],
    );
  });

  test('are unknown where they have a field that the grammar does not list', () => {
    const kinds = [...declared].filter(([kind]) => grammar.has(kind) && kind !== 'LockingClause');
    const missed = kinds.flatMap(([kind, fields]) =>
      [...fields, 'news']
        .filter((field) => grammar.get(kind)?.has(field) === false && !isUnknown(selecting({ [kind]: { [field]: 1 } })))
        .map((field) => `${kind}.${field}`),
    );
    assert.deepEqual(missed, []);
  });
});

describe('the review of pg_catalog', () => {
  let sample: Sample;
  before(async () => {
    sample = await sampleServer();
  });
  const names = async (condition: string): Promise<readonly string[]> => {
    const client = await sample.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        `select distinct proname as name from pg_proc where pronamespace = 'pg_catalog'::regnamespace and ${condition} order by 1`,
      );
      return rows.map(({ name }) => name);
    } finally {
      await client.end();
    }
  };

  test('has every routine that PostgreSQL calls volatile, and that a statement can call', async () => {
    const volatile = await names(`provolatile = 'v' and oid < 16384 and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)`);
    assert.ok(volatile.length > 200);
    assert.deepEqual(
      volatile.filter((name) => !reviewedRoutines.has(name)),
      [],
    );
  });
  test('names nothing that PostgreSQL does not have', async () => {
    const all = new Set(await names('true'));
    assert.deepEqual(
      [...reviewedRoutines.keys()].filter((name) => !all.has(name)),
      [],
    );
  });
});
