import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import type { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../../test/rig/postgres.ts';
import { parseStatements } from '../parse.ts';
import type { SchemaSnapshot } from '../schema-snapshot.ts';
import { type Context, effectivePath } from '../setting.ts';
import { snapshotOf, snapshotQuery } from '../snapshot-query.ts';
import { type StatementMeaning, statementMeaning } from '../statement.ts';

/** A real server with the sample schema in its own database, and what a snapshot of that holds. */
export interface Sample {
  readonly server: PostgresServer;
  readonly snapshot: SchemaSnapshot;
  connect(): Promise<Client>;
}

let sample: Promise<Sample> | null = null;

/** One for all test files of a process; it goes when the last test has ended. */
export function sampleServer(): Promise<Sample> {
  sample ??= start();
  return sample;
}

after(async () => (await sample)?.server.stop());

async function start(): Promise<Sample> {
  const server = await startPostgres();
  await server.run('create database sample');
  const connect = () => server.admin('sample');
  const client = await connect();
  try {
    await client.query(fixture('sample.sql'));
    const { rows } = await client.query<string[]>({ text: snapshotQuery, rowMode: 'array' });
    return { server, connect, snapshot: snapshotOf(rows) };
  } finally {
    await client.end();
  }
}

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

export function linesOf(name: string): readonly string[] {
  return fixture(name)
    .split('\n')
    .filter((line) => line !== '');
}

/** What the sample's sessions have prepared and declared before. */
const prepared: ReadonlyMap<string, string> = new Map([
  ['prepared_delete', 'prepare prepared_delete (int) as delete from orders where id = $1'],
  ['prepared_select', 'select * from users where id = $1'],
]);
const cursors: ReadonlyMap<string, string> = new Map([
  ['reading', 'declare reading cursor for select * from users'],
  ['deleting', 'declare deleting cursor for with d as (delete from orders returning *) select * from d'],
]);

export function contextOf(snapshot: SchemaSnapshot, setting: Partial<Context['setting']> = {}): Context {
  return {
    snapshot,
    setting: {
      searchPath: effectivePath('"$user", public', 'shop_app'),
      standardConformingStrings: true,
      temporary: new Set(),
      prepared: (name) => prepared.get(name) ?? null,
      cursor: (name) => cursors.get(name) ?? null,
      ...setting,
    },
  };
}

/** What each statement of a text does, or why it cannot be read. */
export async function meaningsOf(text: string, context: Context): Promise<readonly StatementMeaning[] | string> {
  const parsed = await parseStatements(text, context.setting.standardConformingStrings);
  return 'unreadable' in parsed ? parsed.unreadable : parsed.statements.map((statement) => statementMeaning(statement, context));
}

/** The deeds of all statements of a text as the fixtures write them, `write delete Table:public.orders`; or `unreadable: …`. */
export async function deedsOf(text: string, context: Context): Promise<readonly string[]> {
  const meanings = await meaningsOf(text, context);
  if (typeof meanings === 'string') return [`unreadable: ${meanings}`];
  return meanings.flatMap(({ deeds }) =>
    deeds.map(({ verb, effect, object }) => `${effect} ${verb}${object === null ? '' : ` ${object.type}:${object.name}`}`),
  );
}
