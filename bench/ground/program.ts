import { spawn, type SpawnOptions } from 'node:child_process';

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
