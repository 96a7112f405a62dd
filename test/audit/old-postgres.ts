import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../rig/gateway.ts';

const debian = '/usr/lib/postgresql';
const nobody = { uid: 65_534, gid: 65_534 };
const needed = ['initdb', 'postgres', 'pg_dump', 'pg_restore', 'psql'] as const;

/** The programs of one PostgreSQL of Debian's, server and clients alike: pg_dump refuses a server that is newer than itself. */
export function debianPostgres(): string | null {
  if (!existsSync(debian)) return null;
  const folders = readdirSync(debian).map((version) => join(debian, version, 'bin'));
  return folders.find((folder) => needed.every((program) => existsSync(join(folder, program)))) ?? null;
}

export interface OldPostgres extends AsyncDisposable {
  readonly port: number;
  readonly bin: string;
}

/** Starts a server that asks nobody for a password, on a free loopback port; its superuser is `shop_app`. */
export async function startDebianPostgres(bin: string): Promise<OldPostgres> {
  const home = mkdtempSync(join(tmpdir(), 'chaperone-debian-'));
  const data = join(home, 'data');
  const user = process.getuid?.() === 0 ? nobody : {};
  if ('uid' in user) chownSync(home, nobody.uid, nobody.gid);
  const options = ['--no-sync', '--auth=trust', '--username=shop_app', '--encoding=UTF8', '--locale=C'];
  const made = spawnSync(join(bin, 'initdb'), [`--pgdata=${data}`, ...options], { ...user, cwd: '/', encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const [port = 0] = await freePorts(1);
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap((setting) => ['-c', setting]);
  const log = openSync(join(home, 'log'), 'w');
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
    ...user,
    cwd: '/',
    stdio: ['ignore', log, log],
  });
  const ended = once(server, 'exit');
  const ready = () =>
    spawnSync(join(bin, 'psql'), ['-X', '-c', 'select 1', `host=127.0.0.1 port=${port} user=shop_app dbname=postgres`]).status === 0;
  while (!ready()) {
    if (server.exitCode !== null) throw new Error('the server ended');
    await pause(50);
  }
  const stop = async () => {
    server.kill('SIGINT');
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  return { port, bin, [Symbol.asyncDispose]: stop };
}
