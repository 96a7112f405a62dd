import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/cli/quickstart/free-port.ts';
import type { Target } from './target.ts';

/** pgbouncer in session mode before the target. */
export interface Bouncer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** Where the program is; null where it is not installed. Debian puts it where only root looks. */
export function bouncerProgram(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((file) => existsSync(file)) ?? null;
}

export async function startBouncer(program: string, target: Target, connections: number): Promise<Bouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-bouncer-'));
  const [ini, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
  const port = await freePort();
  await writeFile(users, `"${target.user}" ""\n`);
  await writeFile(ini, settingsOf(target, { port, users, connections }));
  // It refuses to run as root; then `nobody` must be able to read its settings.
  const root = process.getuid?.() === 0;
  await chmod(folder, root ? 0o755 : 0o700);
  const user = root ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawn(program, ['--quiet', ini], { ...user, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4000)));
  const exited = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  for (const deadline = Date.now() + 10_000; !(await answers(port)); await pause(20)) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`pgbouncer did not start: ${words}`);
  }
  return { port, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

interface Settings {
  readonly port: number;
  readonly users: string;
  readonly connections: number;
}

function settingsOf({ port: targetPort, database, user, password }: Target, { port, users, connections }: Settings): string {
  return `[databases]
${database} = host=127.0.0.1 port=${targetPort} dbname=${database} user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = session
max_client_conn = ${connections + 100}
default_pool_size = ${connections}
log_connections = 0
log_disconnections = 0
`;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
