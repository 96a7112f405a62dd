import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get as getPlain } from 'node:http';
import { get as getSecured } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts, runChaperone } from '../../test/rig/gateway.ts';
import type { Issuer } from '../../test/rig/issuer.ts';
import { type Armed, maskingOf, policiesOfMasked, policyFile } from './armed.ts';
import type { Target } from './target.ts';

/** Chaperone in a process of its own, with a connection for each durability. */
export interface Gate extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly pids: readonly number[];
  /** A counter or gauge of `/metrics`, summed over its labels. */
  metric(name: string): Promise<number>;
  /** Waits until the archive shows all that is on record, so that its work does not fall into the next measurement. */
  settled(signal: AbortSignal): Promise<void>;
  /** Collects garbage in all threads and says what memory then holds, in bytes; only of a gate opened with `probe`. */
  memory(): Promise<Memory>;
}

/** What a load over one gateway, or several together, is measured by. */
export type MeasuredGate = Pick<Gate, 'pids' | 'metric' | 'settled'>;

/** Gateways that share a port, as one: what they count is added up. */
export function together(gates: readonly Gate[]): MeasuredGate {
  return {
    pids: gates.map(({ pid }) => pid),
    metric: async (name) => (await Promise.all(gates.map((gate) => gate.metric(name)))).reduce((sum, value) => sum + value, 0),
    settled: async (signal) => void (await Promise.all(gates.map((gate) => gate.settled(signal)))),
  };
}

export interface Memory {
  /** Of the whole process. */
  readonly rss: number;
  readonly mainHeap: number;
  readonly otherHeaps: number;
  /** Outside of the heaps, but known to them: all threads. */
  readonly external: number;
}

const durabilities = ['write', 'fsync'] as const;

const startLimitMs = 30_000;
const collectMs = 2000;
const settleLimitMs = 120_000;
const probe = new URL('./heap-probe.ts', import.meta.url);

export interface GateOptions {
  /** Loads what `memory` needs. */
  readonly probe?: boolean;
  /** The listeners speak TLS, with a certificate made at the start. */
  readonly tls?: boolean;
  /** Has many policies and rules of masking. */
  readonly armed?: Armed;
  /** These rules of masking, which nobody is permitted to see past; null for none. */
  readonly masking?: object | null;
  /** The listener's port is shared with others that meet in this folder. */
  readonly shared?: Shared;
}

interface Shared {
  readonly port: number;
  readonly folder: string;
}

export async function openGate(target: Target, issuer: Issuer, options: GateOptions = {}): Promise<Gate> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-gate-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [consolePort = 0, freePort = 0] = await freePorts(2);
  const places = { consolePort, port: options.shared?.port ?? freePort, shared: options.shared?.folder ?? null, tls: options.tls ?? false };
  const config = join(folder, 'chaperone.yaml');
  await mkdir(join(folder, 'policies'));
  const policies = options.masking === undefined ? policyFile(options.armed?.policies ?? 1) : policiesOfMasked;
  await writeFile(join(folder, 'policies', 'bench.cedar'), policies);
  await writeFile(join(folder, 'password'), target.password, { mode: 0o600 });
  await writeFile(
    config,
    JSON.stringify({
      ...configurationOf(target, issuer, places),
      ...(options.armed && { masking: maskingOf(options.armed.maskRules) }),
      ...(options.masking && { masking: options.masking }),
    }),
  );
  const memoryFolder = join(folder, 'memory');
  const env = options.probe ? { NODE_OPTIONS: `--import=${probe.href}`, CHAPERONE_BENCH_PROBE: memoryFolder } : {};
  const gateway = runChaperone(['serve', '--json', '--config', config], env);
  stack.defer(async () => {
    gateway.process.kill('SIGKILL');
    await gateway.exited;
  });
  await untilReady(gateway);
  const kept = stack.move();
  return { ...gateOf(gateway, places, memoryFolder), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function untilReady(gateway: ReturnType<typeof runChaperone>): Promise<void> {
  for (const deadline = Date.now() + startLimitMs; !gateway.stdout().includes('"ready":true'); await pause(20))
    if (gateway.process.exitCode !== null || Date.now() > deadline)
      throw new Error(`the gateway did not start: ${gateway.stdout()}${gateway.stderr()}`);
}

interface Places {
  readonly consolePort: number;
  readonly port: number;
  /** The folder where those meet that share the port. */
  readonly shared: string | null;
  readonly tls: boolean;
}

function gateOf(
  gateway: ReturnType<typeof runChaperone>,
  { consolePort, port, tls }: Places,
  memoryFolder: string,
): Omit<Gate, typeof Symbol.asyncDispose> {
  const pid = gateway.process.pid ?? 0;
  const words = () => `${gateway.stdout()}${gateway.stderr()}`.slice(-2000);
  const metric = metricAt(consolePort, tls);
  return {
    port,
    pid,
    pids: [pid],
    metric,
    settled: (signal) => untilArchived(metric, words, signal),
    memory: async () => {
      await mkdir(memoryFolder, { recursive: true });
      process.kill(pid, 'SIGUSR2');
      // A collection takes milliseconds for heaps of this size.
      await pause(collectMs);
      return memoryOf(memoryFolder);
    },
  };
}

/** Reads a counter or gauge of a gateway's `/metrics`, summed over its labels. */
export function metricAt(consolePort: number, tls: boolean): Gate['metric'] {
  return async (name) => sumOf(name, await textOf(`${tls ? 'https' : 'http'}://127.0.0.1:${consolePort}/metrics`));
}

/** Waits until the archive shows all that is on record. */
export async function untilArchived(metric: Gate['metric'], words: () => string, signal: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + settleLimitMs; (await metric('chaperone_archive_lag_bytes')) > 0; await pause(50, null, { signal })) {
    const faulty = await metric('chaperone_archive_faulty');
    if (faulty > 0) throw new Error(`the archive stands still: ${words()}`);
    if (Date.now() > deadline) throw new Error(`the archive was not done ${settleLimitMs / 1000} s after the load: ${words()}`);
  }
}

async function memoryOf(folder: string): Promise<Memory> {
  const files = await readdir(folder);
  // The probe writes them.
  const threads = await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as ThreadMemory));
  const sum = (figure: (thread: ThreadMemory) => number) => threads.reduce((total, thread) => total + figure(thread), 0);
  return {
    rss: Math.max(...threads.map(({ rss }) => rss)),
    mainHeap: sum(({ main, heapUsed }) => (main ? heapUsed : 0)),
    otherHeaps: sum(({ main, heapUsed }) => (main ? 0 : heapUsed)),
    external: sum(({ external }) => external),
  };
}

interface ThreadMemory {
  readonly main: boolean;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

function textOf(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const secured = url.startsWith('https:');
  // The certificate is one that the gateway made itself at its start.
  const request = secured ? getSecured(url, { rejectUnauthorized: false }) : getPlain(url);
  request.on('response', (response) => void text(response).then(resolve, reject)).on('error', reject);
  return promise;
}

function configurationOf(target: Target, issuer: Issuer, { consolePort, port, shared, tls }: Places): object {
  const at = (listener: number) => ({ address: `127.0.0.1:${listener}` });
  return {
    state: './state',
    listen: {
      console: at(consolePort),
      postgres: { ...at(port), ...(shared !== null && { shared }) },
      tls: { insecureLoopback: true, ...(tls && { selfSigned: true }) },
    },
    identity: { issuers: [{ issuer: issuer.url, audience: issuer.audience }] },
    connections: durabilities.map((durability) => ({
      name: durability,
      protocol: 'postgres',
      target: { host: '127.0.0.1', port: target.port, database: target.database, tls: 'off' },
      credentials: { user: target.user, password: { file: 'password' } },
      // Over every amount that a stage moves: all of it is kept, nothing only counted.
      recording: { durability, contentLimit: '64GiB' },
    })),
  };
}

function sumOf(name: string, exposition: string): number {
  const lines = exposition.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
