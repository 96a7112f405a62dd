import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, DatabaseError, type QueryResult } from 'pg';
import type { Action } from '../../src/core/action.ts';
import type { Circumstance } from '../../src/core/stages.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { protocol } from '../../src/protocols/postgres/index.ts';
import { settings } from '../../src/protocols/postgres/settings.ts';
import { createPolicy } from '../../src/stages/policy/judge.ts';
import { setOf } from '../../src/stages/policy/sets.test-support.ts';
import { type DataPlane, startDataPlane } from '../rig/data-plane.ts';
import { type PostgresServer, startPostgres } from '../rig/postgres.ts';

/** A database full of traps, reached by a superuser's credentials through a gateway whose policies let everybody read and nobody more. */
export interface BypassSite extends AsyncDisposable {
  readonly plane: DataPlane;
  readonly server: PostgresServer;
  /** A session past the gateway, by the same credentials. */
  direct(): Promise<Client>;
  /** An agent's session through the gateway. */
  agent(): Promise<Client>;
  /** Changes whenever a transaction writes anything. */
  quickly(): Promise<string>;
  /** What the target holds: all rows, the catalog, and what lies beside them. Equal only where nothing was done. */
  evidence(): Promise<string>;
  /** All that the target's log says of the statements that it was sent. */
  log(): Promise<string>;
}

const variable = 'CHAPERONE_TEST_BYPASS';
const sample = new URL('../../src/sql/fixtures/sample.sql', import.meta.url);
const pack = new URL('../../examples/policies/read-only.cedar', import.meta.url);
const permits = '@id("all")\npermit (principal, action, resource);';

export async function openBypassSite(): Promise<BypassSite> {
  const server = await startPostgres();
  await server.run('create database sample', "alter system set log_statement = 'all'", 'select pg_reload_conf()');
  const { user, password } = server.superuser;
  const furnishing = await server.admin('sample');
  await furnishing.query(await readFile(sample, 'utf8'));
  await furnishing.query(traps);
  await furnishing.end();
  process.env[variable] = password;
  const plane = await startDataPlane({
    protocol,
    settings: settings.parse({
      target: { host: '127.0.0.1', port: server.port, database: 'sample', tls: 'off' },
      credentials: { user, password: { env: variable } },
    }),
    judge: await readOnlyJudge(),
  });
  const watcher = await server.admin('sample');
  const { rows } = await watcher.query<{ data_directory: string }>('show data_directory');
  const open = async (port: number, database: string, secret: string) => {
    const client = new Client({ host: '127.0.0.1', port, user, database, password: secret });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  return {
    plane,
    server,
    direct: () => open(server.port, 'sample', password),
    agent: async () => open(plane.port, plane.connection, await plane.token({ act: { sub: 'cursor' } })),
    quickly: async () =>
      JSON.stringify((await watcher.query('select pg_snapshot_xmax(pg_current_snapshot()), last_value from tickets')).rows),
    evidence: async () => JSON.stringify((await watcher.query(evidence)).rows),
    log: () => readFile(join(rows[0]?.data_directory ?? '', '..', 'server.log'), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await watcher.end();
      await plane.close();
      await server.stop();
    },
  };
}

/** Judges by the read-only pack, beside a permit of everything. */
export async function readOnlyJudge(): Promise<(circumstance: Circumstance, action: Action) => Verdict> {
  const policy = createPolicy(setOf({ all: permits, 'read-only': await readFile(pack, 'utf8') }, [protocol]));
  return (circumstance, action) => policy.judge(circumstance, action);
}

/** What the sample has not: names that stand in for others, code behind views and triggers, a large object. */
const traps = `
create schema evil;
create function evil.upper(text) returns text language plpgsql as $$ begin delete from public.orders; return $1; end $$;
create function evil.version() returns text language plpgsql as $$ begin delete from public.orders; return 'x'; end $$;
create function evil.plus(int, text) returns int language plpgsql as $$ begin delete from public.orders; return $1; end $$;
create operator evil.+ (leftarg = int, rightarg = text, function = evil.plus);
create view evil.users as select public.wipe() as id;
create view public.wiper_deep as select * from public.wiper w where w.id > 0;
create function public.elevated() returns int language plpgsql security definer as $$ begin delete from public.payroll; return 1; end $$;
create function public.edit() returns trigger language plpgsql as $$ begin delete from public.orders; return null; end $$;
create view public.editable as select id, name from public.users;
create trigger editing instead of insert on public.editable for each row execute function public.edit();
create table public.deep (id int, parent int);
create function public.rows_of(t text) returns setof int language plpgsql as $$ begin execute 'delete from ' || t; return; end $$;
create role intruder login;
select lo_from_bytea(4711, 'kept');
`;

const tables = `select n.nspname || '.' || c.relname as what,
  md5(query_to_xml(format('select * from %I.%I order by 1', n.nspname, c.relname), true, true, '')::text) as digest
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
const catalogs = [
  "select oid, relname, relnamespace, relowner, relacl, reloptions, relrowsecurity, relkind from pg_class where relpersistence <> 't'",
  "select * from pg_type t where not exists (select from pg_namespace n where n.oid = t.typnamespace and n.nspname ~ '^pg_(toast_)?temp')",
  "select * from pg_namespace where nspname !~ '^pg_(toast_)?temp'",
  "select a.* from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relpersistence <> 't' and a.attnum > 0 and c.oid >= 16384",
  'select oid, datname, datdba, datacl, datconnlimit, datallowconn from pg_database',
  "select * from pg_ls_dir('.') f",
  "select count(*) from pg_locks where locktype = 'advisory'",
  'select sourceline, name, setting from pg_file_settings',
  ...`pg_proc pg_authid pg_auth_members pg_db_role_setting pg_trigger pg_rewrite pg_policy pg_largeobject pg_largeobject_metadata
   pg_tablespace pg_extension pg_description pg_shdescription pg_attrdef pg_prepared_xacts pg_replication_slots pg_publication
   pg_foreign_server pg_user_mapping pg_foreign_data_wrapper pg_event_trigger pg_default_acl pg_statistic_ext pg_operator pg_cast
   pg_collation pg_opclass pg_language pg_seclabel pg_subscription pg_parameter_acl`
    .split(/\s+/)
    .map((name) => `select t::text from ${name} t`),
];
const evidence = [
  tables,
  ...catalogs.map(
    (query) =>
      `select ${literal(query)}, md5(query_to_xml(${literal(`select x::text from (${query}) x order by 1`)}, true, true, '')::text)`,
  ),
].join('\nunion all ');

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What became of a statement, as the client tells it. */
export interface Told {
  /** Null where it passed. */
  readonly code: string | null;
  readonly words: string;
  readonly hint: string;
  readonly results: readonly { readonly columns: readonly string[]; readonly rows: readonly unknown[]; readonly tag: string }[];
}

/** Says one text by the simple or the extended protocol. */
export async function say(client: Client, text: string, queryMode: 'simple' | 'extended'): Promise<Told> {
  try {
    const answer: unknown = await client.query<unknown[]>({ text, rowMode: 'array', ...(queryMode === 'simple' ? {} : { queryMode }) });
    const all = (Array.isArray(answer) ? answer : [answer]) as readonly QueryResult<unknown[]>[];
    const results = all.map(({ fields, rows, command, rowCount }) => ({
      columns: fields.map(({ name }) => name),
      rows,
      tag: `${command} ${rowCount}`,
    }));
    return { code: null, words: '', hint: '', results };
  } catch (fault) {
    if (!(fault instanceof DatabaseError)) throw fault;
    return { code: fault.code ?? '', words: fault.message, hint: fault.hint ?? '', results: [] };
  }
}
