import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { bouncerProgram } from './ground/bouncer.ts';
import { runProgram } from './ground/program.ts';
import { median } from './quantile.ts';
import type { Machine } from './results.ts';

/** What the figures were measured on; asked before anything runs, so that the load is that of others. */
export async function describeMachine(): Promise<Omit<Machine, 'postgres'>> {
  const bouncer = bouncerProgram();
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    node: process.version,
    pgbench: await versionOf('pgbench'),
    pgbouncer: bouncer && (await versionOf(bouncer)),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    flushMicros: Math.round(flushMicros()),
  };
}

async function versionOf(program: string): Promise<string> {
  const words = await runProgram(program, ['--version'], {});
  return /\d+(\.\d+)+/.exec(words)?.[0] ?? words.trim();
}

/** In the folder where the gateway's state will stand. */
function flushMicros(): number {
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-bench-flush-'));
  const file = openSync(join(folder, 'page'), 'w');
  try {
    const page = Buffer.alloc(4096, 1);
    const times = Array.from({ length: 50 }, () => {
      const begun = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return (performance.now() - begun) * 1000;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}
