import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type EmbeddedDatabase, startDatabase } from '../../src/cli/quickstart/embedded-database.ts';

/** A real PostgreSQL on a free loopback port: database `shop`, role `shop_app` with a SCRAM password, and a superuser. */
export interface PostgresServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly database: 'shop';
  readonly user: 'shop_app';
  readonly password: string;
  readonly superuser: { readonly user: string; readonly password: string };
  /** Connects as the superuser. */
  admin(database?: string): Promise<Client>;
  /** Connects as `shop_app`, past any gateway. */
  direct(): Promise<Client>;
  /** Runs statements as the superuser, each by itself. */
  run(...statements: readonly string[]): Promise<void>;
  /** Writes a file that the server can read into its data folder, and returns its path. */
  place(name: string, content: string): Promise<string>;
  /** Puts lines in front of pg_hba.conf until `restore` is called. */
  authenticate(lines: readonly string[]): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

const rowsOfItems = 1_000;

/** Takes about two seconds; stop it, or the process waits for it. */
export async function startPostgres(): Promise<PostgresServer> {
  const home = await mkdtemp(join(tmpdir(), 'chaperone-postgres-'));
  const secret = () => randomBytes(12).toString('hex');
  const superuser = { user: 'quickstart', password: secret() };
  const password = secret();
  const options = { home, log: join(home, 'server.log'), password: superuser.password, fresh: true };
  let database: EmbeddedDatabase;
  try {
    database = await startDatabase(options);
  } catch (fault) {
    await rm(home, { recursive: true, force: true });
    throw fault;
  }
  const server = new EmbeddedServer(database, home, password, superuser);
  await furnish(server, password);
  return server;
}

async function furnish(server: EmbeddedServer, password: string): Promise<void> {
  const postgres = await server.admin('postgres');
  await postgres.query(`create role shop_app login password '${password}'`);
  await postgres.query('create database shop owner shop_app');
  await postgres.end();
  const shop = await server.direct();
  await shop.query('create table items (id int primary key, name text not null, price numeric(10,2))');
  await shop.query(`insert into items select n, 'item ' || n, n * 1.25 from generate_series(1, ${rowsOfItems}) n`);
  await shop.end();
}

class EmbeddedServer implements PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly database = 'shop';
  readonly user = 'shop_app';
  readonly password: string;
  readonly superuser: { readonly user: string; readonly password: string };
  readonly #database: EmbeddedDatabase;
  readonly #home: string;
  #stopped: Promise<void> | null = null;

  constructor(database: EmbeddedDatabase, home: string, password: string, superuser: { readonly user: string; readonly password: string }) {
    this.#database = database;
    this.#home = home;
    this.host = database.host;
    this.port = database.port;
    this.password = password;
    this.superuser = superuser;
  }

  admin(database: string = this.database): Promise<Client> {
    return this.#database.connect(database);
  }
  async direct(): Promise<Client> {
    const { host, port, database, user, password } = this;
    const client = new Client({ host, port, database, user, password });
    await client.connect();
    client.on('error', () => {});
    return client;
  }
  async run(...statements: readonly string[]): Promise<void> {
    const client = await this.admin();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }
  async place(name: string, content: string): Promise<string> {
    const path = join(this.#home, 'data', name);
    await writeFile(path, content, { mode: 0o600 });
    // Under root the server runs as `nobody`.
    if (process.getuid?.() === 0) await chown(path, 65_534, 65_534);
    return path;
  }
  async authenticate(lines: readonly string[]): Promise<() => Promise<void>> {
    const before = await readFile(join(this.#home, 'data', 'pg_hba.conf'), 'utf8');
    await this.place('pg_hba.conf', `${lines.join('\n')}\n${before}`);
    await this.#reload();
    return async () => {
      await this.place('pg_hba.conf', before);
      await this.#reload();
    };
  }
  /** The postmaster rereads its files when it comes to it; a connection made before it has would meet the old ones. */
  async #reload(): Promise<void> {
    const client = await this.admin();
    try {
      const loaded = async () => String((await client.query('select pg_conf_load_time()::text as at')).rows[0].at);
      await client.query('select pg_sleep(0.01)');
      const before = await loaded();
      await client.query('select pg_reload_conf()');
      while ((await loaded()) === before) await client.query('select pg_sleep(0.02)');
    } finally {
      await client.end();
    }
  }
  stop(): Promise<void> {
    this.#stopped ??= this.#database.stop().then(() => rm(this.#home, { recursive: true, force: true }));
    return this.#stopped;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
