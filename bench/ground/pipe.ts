import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Target } from './target.ts';

/** A process that only carries bytes: what Node and the kernel take before anything is read, judged or kept. */
export interface Pipe extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

const program = fileURLToPath(new URL('./pipe-program.ts', import.meta.url));

export async function startPipe(target: Target): Promise<Pipe> {
  const child = spawn(process.execPath, [program, String(target.port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const [first] = (await Promise.race([once(child.stdout, 'data'), exited])) as readonly unknown[];
  const port = first instanceof Buffer ? Number(first.toString()) : Number.NaN;
  if (!(port > 0)) throw new Error('the plain pipe did not start');
  return { port, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}
