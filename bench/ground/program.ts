import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Longer than anything that is measured takes: what hangs must say so. */
const limitMs = 600_000;

/** Runs a program to its end and resolves with its standard output; rejects with its words unless it exits with 0. */
export function runProgram(command: string, args: readonly string[], options: SpawnOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { timeout: limitMs, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command} ended with ${signal ?? `code ${code}`}: ${err.trim().slice(0, 2000)}`));
    });
  });
}

/** A program to compare with, which listens at a port of its own. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** Starts a program of Node's that prints its port first; disposed, it is killed. */
export async function startListening(program: URL, ...words: readonly (string | number)[]): Promise<Listening> {
  const child = spawn(process.execPath, [fileURLToPath(program), ...words.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const [first] = (await Promise.race([once(child.stdout, 'data'), exited])) as readonly unknown[];
  const port = first instanceof Buffer ? Number(first.toString()) : Number.NaN;
  if (!(port > 0)) throw new Error(`${[fileURLToPath(program), ...words].join(' ')} did not start`);
  return { port, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}
