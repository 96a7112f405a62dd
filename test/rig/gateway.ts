import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/cli/quickstart/free-port.ts';

const checkout = resolve(import.meta.dirname, '../..');
/** Ready in a second, but where other suites share the processors; one that ends is not waited for. */
const patienceMs = 120_000;

/** How a gateway's process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `chaperone serve` in a process of its own, as it is run in earnest. */
export interface GatewayProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The console's address, `http://127.0.0.1:PORT`. */
  readonly console: string;
  /** From the start of the process to the first answer of `/readyz`, in milliseconds. */
  readonly readyAfterMs: number;
  /** All that it wrote so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when it has ended, by whatever hand. */
  readonly exited: Promise<Exit>;
  /** Sends a signal (SIGTERM where none is named) and waits until the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** SIGKILL. */
  kill(): Promise<Exit>;
}

export interface GatewayOptions {
  /** The configuration's file; its `listen.console` must be `127.0.0.1:<consolePort>`. */
  readonly config: string;
  readonly consolePort: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Ports to write into a configuration before a gateway is started on it. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** Runs `chaperone` with these arguments; for what ends by itself. */
export function runChaperone(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = launch(args, env);
  return { ...child, finished: child.exited.then((exit) => ({ ...exit, stdout: child.stdout(), stderr: child.stderr() })) };
}

/**
 * Starts the gateway and waits until it is ready to record; rejects with its words where it ends before. A port that was free may be
 * another suite's for a moment, at this end of a connection of its own: then it is tried again.
 */
export async function startGateway({ config, consolePort, env = {} }: GatewayOptions, tries = 3): Promise<GatewayProcess> {
  const started = performance.now();
  const child = launch(['serve', '--config', config], env);
  const console = `http://127.0.0.1:${consolePort}`;
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.process.kill(signal);
    return child.exited;
  };
  try {
    await untilReady(`${console}/readyz`, child.exited);
  } catch (fault) {
    await stop('SIGKILL');
    if (tries > 1 && child.stderr().includes('EADDRINUSE')) {
      await pause(1_000);
      return startGateway({ config, consolePort, env }, tries - 1);
    }
    throw new Error(`the gateway did not start:\n${child.stdout()}\n${child.stderr()}`, { cause: fault });
  }
  const readyAfterMs = performance.now() - started;
  const end = async () => void (await stop('SIGKILL'));
  return { ...child, console, readyAfterMs, stop, kill: () => stop('SIGKILL'), [Symbol.asyncDispose]: end };
}

function launch(args: readonly string[], env: Readonly<Record<string, string>>) {
  // By this very Node: an older one would hand over to a second process, which a SIGKILL of the first does not reach.
  const child = spawn(process.execPath, ['bin/chaperone.js', ...args], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  return { process: child as ChildProcess, stdout: () => out, stderr: () => err, exited };
}

async function untilReady(url: string, exited: Promise<Exit>): Promise<void> {
  let ended: Exit | null = null;
  void exited.then((exit) => (ended = exit));
  for (const deadline = Date.now() + patienceMs; ; await pause(20)) {
    if (ended !== null) throw new Error(`it ended with ${JSON.stringify(ended)}`);
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    if (Date.now() > deadline) throw new Error(`${url} answered ${response?.status ?? 'nothing'}`);
  }
}
