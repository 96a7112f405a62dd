import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentOf, layGround } from './ground/ground.ts';
import { startPipe } from './ground/pipe.ts';
import { runProgram } from './ground/program.ts';
import { cpuSeconds } from './ground/process-figures.ts';
import { readOptions } from './options.ts';
import { median } from './quantile.ts';
import { pipelineLength, pipelineScript } from './stages/pgbench.ts';

/*
 * Which program takes what of the processors for a statement: target, pgbench, and what stands in between. Where both are busy, the sum
 * is what bounds the throughput. Run it by `node bench/costs.ts [simple|prepared|pipeline] [CLIENTS] [SECONDS] [ROUNDS]`, where no other
 * PostgreSQL is at work; the medians of the rounds are shown, in microseconds a statement.
 */
const [mode = 'pipeline', clients = '16', seconds = '3', rounds = '3'] = process.argv.slice(2);
const sampleMs = 50;

/** Processor time of programs that come and go, by what the kernel says of them while they run. */
class Watch {
  readonly #seen = new Map<string, { readonly name: string; readonly first: number; last: number }>();

  look(): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
        if (name !== 'postgres' && name !== 'pgbench') continue;
        const taken = cpuSeconds(Number(pid));
        const known = this.#seen.get(pid);
        if (known === undefined) this.#seen.set(pid, { name, first: taken, last: taken });
        else known.last = taken;
      } catch (fault) {
        // It ended while it was looked at.
        if (!isGone(fault)) throw fault;
      }
  }

  taken(name: string): number {
    return [...this.#seen.values()].reduce((sum, seen) => (seen.name === name ? sum + seen.last - seen.first : sum), 0);
  }
}

function isGone(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && (fault.code === 'ENOENT' || fault.code === 'ESRCH');
}

const options = readOptions(['--seconds', seconds, '--rounds', rounds]);
if (typeof options === 'string') throw new Error(options);
const { signal } = new AbortController();
await using ground = await layGround({ ...options, idleSessions: 100 }, signal, console.log);
const { target, folder } = ground;
const direct = { name: 'direct', port: target.port, database: target.database, user: target.user, password: target.password, pid: null };
await runProgram('pgbench', ['-i', '-q', '-s', String(options.scale)], { env: environmentOf(direct), signal });
const script = join(folder, 'pipeline.sql');
await writeFile(script, pipelineScript(options.scale));
await using variants = await ground.variants();
await using pipe = await startPipe(target);
const ways = [
  ...variants.all.filter(({ name }) => name !== 'fsync'),
  { ...direct, name: 'pipe', port: pipe.port, pid: pipe.pid, gate: null },
];

const columns = ['statements/s', 'target', 'pgbench', 'between', 'all'] as const;
const runs = ways.map(({ name }) => ({ name, rows: [] as number[][] }));
// The first round warms up.
for (let round = 0; round <= options.rounds; round += 1)
  for (const [at, way] of ways.entries()) {
    const row = await run(way);
    await variants.gate.settled(signal);
    if (round > 0) runs[at]?.rows.push(row);
  }
console.log(['way'.padEnd(10), ...columns.map((column) => column.padStart(13))].join(''));
for (const { name, rows } of runs) {
  const figures = columns.map((_column, at) => median(rows.map((row) => row[at] ?? 0)));
  console.log([name.padEnd(10), ...figures.map((figure, at) => figure.toFixed(at === 0 ? 0 : 2).padStart(13))].join(''));
}

async function run(way: (typeof ways)[number]): Promise<number[]> {
  const load = mode === 'pipeline' ? ['-M', 'prepared', '-f', script] : ['-M', mode, '-S'];
  const args = ['-n', '-T', seconds, '-c', clients, '-j', '2', ...load];
  const between = way.pid === null ? () => 0 : () => cpuSeconds(way.pid ?? 0);
  const before = between();
  const child = spawn('pgbench', args, { env: environmentOf(way), stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const watch = new Watch();
  let last = before;
  const sample = () => {
    watch.look();
    last = between();
  };
  const clock = setInterval(sample, sampleMs);
  await once(child, 'close');
  clearInterval(clock);
  const transactions = Number(/transactions actually processed: (\d+)/.exec(output)?.[1]);
  const statements = transactions * (mode === 'pipeline' ? pipelineLength : 1);
  if (!(statements > 0)) throw new Error(`pgbench did not do its work over ${way.name}: ${output}`);
  const rate = statements / Number(seconds);
  const costs = [watch.taken('postgres'), watch.taken('pgbench'), last - before].map((taken) => (taken * 1e6) / statements);
  return [rate, ...costs, costs.reduce((sum, cost) => sum + cost, 0)];
}
