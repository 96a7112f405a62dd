import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { databaseHome } from '../../src/cli/quickstart/folder.ts';

/** The checkout's root. */
export const checkout = resolve(import.meta.dirname, '../..');

/** A demonstration that runs in a process of its own, as `npm start` runs it, on free ports and in a folder of its own. */
export interface Demonstration {
  readonly folder: string;
  /** All that it wrote so far. */
  output(): string;
  readonly console: string;
  readonly database: { readonly host: string; readonly port: number };
  readonly issuer: string;
  readonly process: ChildProcess;
  /** SIGTERM twice, as npm gives it; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** A folder for a demonstration; `remove` also removes what it keeps elsewhere. */
export async function temporaryFolder() {
  const box = await mkdtemp(join(tmpdir(), 'chaperone-e2e-'));
  const path = join(box, 'demo');
  const remove = async () => {
    await rm(databaseHome(path), { recursive: true, force: true });
    await rm(box, { recursive: true, force: true });
  };
  return { path, remove };
}

const ports = ['--console-port', '0', '--database-port', '0', '--web-port', '0', '--identity-port', '0'];

/** Starts one and waits for its last line. */
export async function startDemonstration(folder: string): Promise<Demonstration> {
  const args = ['src/main.ts', 'quickstart', '--state', folder, ...ports];
  const child = spawn(process.execPath, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const exited = once(child, 'exit');
  await new Promise<void>((ready, fail) => {
    const take = (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ctrl-C stops everything')) ready();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    void exited.then(([code]) => fail(new Error(`the demonstration ended with ${code}:\n${text}`)));
  });
  const find = (pattern: RegExp) => pattern.exec(text)?.[1] ?? '';
  const [host = '', port] = find(/database +(\S+:\d+)/).split(':');
  return {
    folder,
    output: () => text,
    console: find(/API +(http:\/\/[^/\s]+)/),
    database: { host, port: Number(port) },
    issuer: find(/identity +(http\S+)/),
    process: child,
    stop: async () => {
      child.kill('SIGTERM');
      await pause(20);
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

/** Runs a line of shell in the checkout, as somebody who pasted it. */
export async function paste(line: string, environment: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, PSQL_PAGER: '', PAGER: 'cat', ...environment };
  const child = spawn('/bin/sh', ['-c', line], { cwd: checkout, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** Whether a program is installed. */
export async function installed(program: string): Promise<boolean> {
  return (await paste(`command -v ${program}`)).code === 0;
}

/** Whether a process lives. A dead one that nobody has waited for still takes signals, but has no command line any more. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
}

/** Waits until something holds, for at most twenty seconds; the caller asserts what it got. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (await holds()) return true;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return false;
}
