import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { protocol } from '../src/protocols/postgres/index.ts';
import { message, reply } from '../src/protocols/postgres/testing/fixtures.ts';
import { RawClient } from '../src/protocols/postgres/testing/raw-client.ts';
import { settings } from '../src/protocols/postgres/settings.ts';
import { createPolicy } from '../src/stages/policy/judge.ts';
import { setOf } from '../src/stages/policy/sets.test-support.ts';
import { type DataPlane, startDataPlane } from '../test/rig/data-plane.ts';
import { startPostgres } from '../test/rig/postgres.ts';
import { median } from './quantile.ts';

/*
 * What the data plane takes of a processor for a statement, without the sockets: sessions are opened before a real target, and then what
 * their sockets would read is handed in and what they would be written is dropped. Policy, record and all between are real. Run it by
 * `node bench/statements.ts [SESSIONS] [ROUNDS]`; of each round's runs the least counts, because others only add to it.
 */
// As in src/main.ts.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-parallel-scavenge');

const sessions = Number(process.argv[2] ?? 16);
const rounds = Number(process.argv[3] ?? 3);
const runsOfRound = 5;
const statementsOfRun = 25_000;
const mostTurns = 1_000_000;
const text = 'SELECT id FROM items WHERE id = $1;';
const names = Array.from({ length: 100 }, (_, index) => `P0_${index + 1}`);

/** Both sides of a session in the gateway. */
interface Line {
  readonly client: Socket;
  readonly target: Socket;
}
interface Taken {
  /** By all threads of this process, in microseconds a statement. */
  readonly all: number;
  readonly main: number;
}

/** Bytes that the sockets were written since all was last said to have crossed. */
const written = { bytes: 0 };
const server = await startPostgres();
const { host, port, database, user, password } = server;
process.env.CHAPERONE_BENCH_PASSWORD = password;
const policy = createPolicy(setOf({ permit: 'permit (principal, action, resource);' }, [protocol]));
await using plane = await startDataPlane({
  protocol,
  settings: settings.parse({
    target: { host, port, database, tls: 'off' },
    credentials: { user, password: { env: 'CHAPERONE_BENCH_PASSWORD' } },
  }),
  judge: (circumstance, action) => policy.judge(circumstance, action),
});
const lines = await openLines(plane, port);
for (const [name, length] of [
  ['in a pipeline of a hundred', 100],
  ['prepared', 1],
] as const) {
  await run(length);
  const taken: Taken[] = [];
  for (let round = 0; round < rounds; round += 1) taken.push(await leastOf(length));
  const shown = (of: keyof Taken) =>
    `${median(taken.map((one) => one[of])).toFixed(2)} (${taken.map((one) => one[of].toFixed(2)).join(' ')})`;
  console.log(`${name}, ${sessions} sessions: ${shown('all')} µs of CPU a statement, of the main thread ${shown('main')}`);
}
for (const socket of lines.flatMap(({ client, target }) => [client, target])) attach(socket).destroy();
await plane.sessions.empty();
await server.stop();

async function openLines({ port }: DataPlane, targetPort: number): Promise<Line[]> {
  const found = { client: [] as Socket[], target: [] as Socket[] };
  subscribe('net.server.socket', (told) => note(told, ({ localPort }) => localPort === port, found.client));
  subscribe('net.client.socket', (told) => note(told, () => true, found.target));
  // The first one looks at the target's catalog, on a line that is no session's.
  using first = await RawClient.open(plane);
  first.send(message.query(text.replace('$1', '1')));
  await first.until('Z');
  const opened: Line[] = [];
  for (let count = 0; count < sessions; count += 1) {
    found.client.length = found.target.length = 0;
    const raw = await RawClient.open(plane);
    for (const name of names) raw.send(message.parse(name, text), message.sync());
    await raw.until('Z', names.length);
    raw.send(message.bind('', 'P0_1', ['1']), message.describe('P', ''), message.execute(''), message.sync());
    await raw.until('Z');
    const client = found.client.at(-1);
    const target = found.target.find(({ remotePort }) => remotePort === targetPort);
    if (client === undefined || target === undefined) throw new Error('a session has no sockets');
    detach(client);
    detach(target);
    opened.push({ client, target });
  }
  return opened;
}

function note(told: unknown, wanted: (socket: Socket) => boolean, found: Socket[]): void {
  if (typeof told === 'object' && told !== null && 'socket' in told && told.socket instanceof Socket && wanted(told.socket))
    found.push(told.socket);
}

/** Nothing is written to it any more. What seems to have something to write is given more by `write` and by nothing else. */
function detach(socket: Socket): void {
  Object.defineProperty(socket, 'writableLength', { value: 1, configurable: true });
  socket.write = (bytes: string | Uint8Array) => {
    written.bytes += bytes.length;
    return true;
  };
}

function attach(socket: Socket): Socket {
  Reflect.deleteProperty(socket, 'writableLength');
  Reflect.deleteProperty(socket, 'write');
  return socket;
}

async function leastOf(length: number): Promise<Taken> {
  let least: Taken = { all: Infinity, main: Infinity };
  for (let count = 0; count < runsOfRound; count += 1) {
    const taken = await run(length);
    if (taken.all < least.all) least = taken;
  }
  return least;
}

/** Every session says its statements in one turn of the loop, and is answered in the next. */
async function run(length: number): Promise<Taken> {
  const [asks, answers] = [ask(length), answer(length)];
  const turns = Math.ceil(statementsOfRun / (length * sessions));
  const [all, main] = [process.cpuUsage(), process.threadCpuUsage()];
  for (let count = 0; count < turns; count += 1) {
    for (const { client } of lines) client.emit('data', Buffer.from(asks));
    await crossed(asks.length);
    for (const { target } of lines) target.emit('data', Buffer.from(answers));
    await crossed(answers.length);
  }
  const [spent, spentByMain] = [process.cpuUsage(all), process.threadCpuUsage(main)];
  const statements = turns * length * sessions;
  return { all: microsOf(spent) / statements, main: microsOf(spentByMain) / statements };
}

/** So much of every session. It is one turn but where the journal goes on in a new segment. */
async function crossed(bytes: number): Promise<void> {
  for (let turns = 0; written.bytes < bytes * sessions; turns += 1) {
    if (turns > mostTurns) throw new Error(`of ${bytes * sessions} bytes ${written.bytes} have crossed`);
    await turn();
  }
  written.bytes = 0;
}

function microsOf({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

function ask(length: number): Buffer {
  const statement = (name: string, index: number) => [
    message.bind('', name, [String(100_000 + index)]),
    message.describe('P', ''),
    message.execute(''),
  ];
  return Buffer.concat([...names.slice(0, length).flatMap(statement), message.sync()]);
}

function answer(length: number): Buffer {
  const statement = (_: string, index: number) => [
    reply.bound(),
    reply.rows([['id', 23]]),
    reply.row(String(1000 + index)),
    reply.complete('SELECT 1'),
  ];
  return Buffer.concat([...names.slice(0, length).flatMap(statement), reply.ready()]);
}
