import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDatabase } from '../../src/cli/quickstart/embedded-database.ts';

/** The PostgreSQL that all variants lead to. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  readonly database: 'shop';
  readonly user: 'shop_app';
  readonly password: string;
  /** May connect without a password, so that a client of a few lines can go direct. */
  readonly trustedUser: 'shop_direct';
  /** Runs statements as the superuser. */
  run(...statements: readonly string[]): Promise<void>;
  /** One value, as text. */
  ask(query: string): Promise<string>;
}

/** `fsync` is off at the target: what is compared is what stands before it. */
export async function startTarget(connections: number): Promise<Target> {
  const home = await mkdtemp(join(tmpdir(), 'chaperone-bench-target-'));
  const [superuserPassword, password] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')];
  const options = { home, log: join(home, 'server.log'), password: superuserPassword };
  try {
    const first = await startDatabase({ ...options, fresh: true });
    const client = await first.connect('postgres');
    await client.query(`alter system set max_connections = ${connections + 20}`);
    await client.query("alter system set shared_buffers = '512MB'");
    await client.query("alter system set max_wal_size = '8GB'");
    await client.query(`create role shop_app login password '${password}'`);
    await client.query('create role shop_direct login in role shop_app');
    await client.query('create database shop owner shop_app');
    await client.end();
    await first.stop();
    await trust(join(home, 'data', 'pg_hba.conf'), 'shop_direct');
    return targetOf(await startDatabase({ ...options, fresh: false }), home, password);
  } catch (fault) {
    await rm(home, { recursive: true, force: true });
    throw fault;
  }
}

function targetOf(server: Awaited<ReturnType<typeof startDatabase>>, home: string, password: string): Target {
  const ask = async (...statements: readonly string[]) => {
    const client = await server.connect('shop');
    try {
      let rows: unknown[][] = [];
      for (const text of statements) ({ rows } = await client.query<unknown[]>({ text, rowMode: 'array' }));
      return String(rows[0]?.[0]);
    } finally {
      await client.end();
    }
  };
  return {
    port: server.port,
    database: 'shop',
    user: 'shop_app',
    password,
    trustedUser: 'shop_direct',
    run: async (...statements) => void (await ask(...statements)),
    ask,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function trust(file: string, user: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  await writeFile(file, `host shop ${user} 127.0.0.1/32 trust\n${before}`);
  // Under root the server runs as `nobody`.
  if (process.getuid?.() === 0) await chown(file, 65_534, 65_534);
}
