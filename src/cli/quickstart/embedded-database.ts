import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, access, chmod, chown, lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { ChaperoneError } from '../../core/errors.ts';
import { freePort } from './free-port.ts';
import { stopOrphan } from './orphan.ts';
import { type EmbeddedPrograms, type ServerUser, embeddedPrograms } from './embedded-programs.ts';

export interface EmbeddedDatabase {
  readonly host: string;
  readonly port: number;
  /** Connects as the superuser. */
  connect(database: string): Promise<Client>;
  stop(): Promise<void>;
}

export interface EmbeddedDatabaseOptions {
  /** Where data, and the programs where they must be copied, go. */
  readonly home: string;
  readonly log: string;
  readonly password: string;
  /** Throws away what is there: nobody knows its password any more. */
  readonly fresh: boolean;
}

const host = '127.0.0.1';
const superuser = 'quickstart';

/**
 * Ends the server when this process ends, however it ends: its death closes the pipe that `cat` reads. Shells start
 * background commands with SIGINT ignored, but the server sets its own handler for it: a fast shutdown.
 */
const keeper = `
exec 3<&0
"$@" 3<&- </dev/null & server=$!
{ cat <&3 >/dev/null; kill -INT "$server"; } 2>/dev/null & watcher=$!
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

/** Starts PostgreSQL on a free loopback port, creating its cluster where there is none. */
export async function startDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const user = serverUser();
  await openHome(options.home, user);
  const programs = await embeddedPrograms(options.home, user);
  const data = join(options.home, 'data');
  await stopOrphan(data);
  const output = await open(options.log, 'w', 0o600);
  try {
    if (options.fresh || !(await exists(data))) await createCluster({ ...options, data, programs, user, output });
    return await launch({ ...options, data, programs, user, output });
  } finally {
    await output.close();
  }
}

interface Launch extends EmbeddedDatabaseOptions {
  readonly data: string;
  readonly programs: EmbeddedPrograms;
  readonly user: ServerUser | null;
  readonly output: FileHandle;
}

/** PostgreSQL does not run as root. `nobody` exists everywhere, so no account needs to be created. */
function serverUser(): ServerUser | null {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : null;
}

/** Under root the folder lies where everyone may write: one that somebody else put there is refused. */
async function openHome(home: string, user: ServerUser | null): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o755 });
  const found = await lstat(home);
  if (!found.isDirectory() || (user !== null && found.uid !== 0)) {
    throw new ChaperoneError('INTERNAL', `${home} belongs to somebody else; remove it, or set TMPDIR to another folder.`);
  }
  await chmod(home, user === null ? 0o700 : 0o755);
}

/** initdb works beside and is renamed when done, so that a half-made cluster is never taken for one. */
async function createCluster(launch: Launch): Promise<void> {
  const { home, data, programs, user, output } = launch;
  const [passwordFile, unfinished] = [join(home, 'password'), `${data}.new`];
  for (const old of [data, unfinished]) await rm(old, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, `${launch.password}\n`, { mode: 0o600 });
  if (user !== null) for (const path of [unfinished, passwordFile]) await chown(path, user.uid, user.gid);
  const access = ['--auth=scram-sha-256', `--username=${superuser}`, `--pwfile=${passwordFile}`];
  const text = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  try {
    const child = spawn(programs.initdb, [`--pgdata=${unfinished}`, '--no-sync', ...access, ...text], {
      ...user,
      cwd: '/',
      stdio: ['ignore', output.fd, output.fd],
    });
    const code = await exitOf(child);
    if (code !== 0) throw new ChaperoneError('INTERNAL', `PostgreSQL's initdb failed; its words are in ${launch.log}.`);
    await rename(unfinished, data);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function launch(launch: Launch): Promise<EmbeddedDatabase> {
  const port = await freePort();
  // Without fsync a power cut can cost the demonstration's invented data; the death of a process cannot.
  const settings = [`listen_addresses=${host}`, 'unix_socket_directories=', 'fsync=off', 'full_page_writes=off', 'max_wal_size=256MB'];
  const command = [launch.programs.server, '-D', launch.data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  // A session of its own: the terminal's Ctrl-C must not end the database before the gateway has drained.
  const child = spawn('/bin/sh', ['-c', keeper, 'keeper', ...command], {
    ...launch.user,
    cwd: '/',
    detached: true,
    stdio: ['pipe', launch.output.fd, launch.output.fd],
  });
  const exited = exitOf(child);
  const stop = async () => {
    child.stdin?.end();
    await exited;
  };
  const connect = (database: string) => connectTo({ host, port, database, user: superuser, password: launch.password });
  try {
    await Promise.race([untilReady(connect), exited.then(() => Promise.reject(new Error('the server ended')))]);
  } catch (cause) {
    await stop();
    throw new ChaperoneError('INTERNAL', `PostgreSQL did not start; its words are in ${launch.log}.`, { cause });
  }
  return { host, port, connect, stop };
}

/** `cannot_connect_now` while it recovers, and a refused socket before it listens, both mean: soon. */
async function untilReady(connect: EmbeddedDatabase['connect']): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await pause(25)) {
    try {
      return await (await connect('template1')).end();
    } catch (fault) {
      const code = fault instanceof Error && 'code' in fault ? fault.code : null;
      if ((code !== 'ECONNREFUSED' && code !== '57P03') || Date.now() > deadline) throw fault;
    }
  }
}

async function connectTo(config: ClientConfig): Promise<Client> {
  const client = new Client(config);
  await client.connect();
  // The server's shutdown ends idle clients; without a listener that would end this process too.
  client.on('error', () => {});
  return client;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
