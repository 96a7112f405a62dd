import { globSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasuredGate } from '../ground/gate.ts';
import { environmentOf, type Ground, rotated, type Variant } from '../ground/ground.ts';
import { cpuSeconds } from '../ground/process-figures.ts';
import { startPipe } from '../ground/pipe.ts';
import { runProgram } from '../ground/program.ts';
import { quantile } from '../quantile.ts';
import { type Mode, modes, type PgbenchRun } from '../results.ts';

export const pipelineLength = 100;

interface Load {
  readonly mode: Mode;
  readonly clients: number;
  readonly seconds: number;
}

/** pgbench's own read-only script, each statement by itself or a hundred in a pipeline. */
export async function benchPgbench(ground: Ground): Promise<PgbenchRun[]> {
  const { options, target, folder, signal, say } = ground;
  const { user, password } = target;
  const direct = { name: 'direct', port: target.port, database: target.database, user, password, pid: null, gate: null } as const;
  await runProgram('pgbench', ['-i', '-q', '-s', String(options.scale)], { env: environmentOf(direct), signal });
  await writeFile(join(folder, 'pipeline.sql'), pipelineScript(options.scale));
  await using variants = await ground.variants();
  await using pipe = await startPipe(target);
  const ways = [
    ...variants.all,
    { name: 'pipe', port: pipe.port, database: target.database, user, password, pid: pipe.pid, gate: null } as const,
  ];
  // A program that compiles its hot paths as it meets them is not measured while it does.
  if (!options.quick)
    for (const mode of modes) for (const variant of ways) await runPgbench(ground, variant, { mode, clients: 4, seconds: options.seconds });
  const runs: PgbenchRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const mode of modes)
      for (const clients of options.clients)
        for (const variant of rotated(ways, round)) {
          const figures = await runPgbench(ground, variant, { mode, clients, seconds: options.seconds });
          const run = { mode, clients, round, variant: variant.name, ...figures };
          runs.push(run);
          say(lineOf(run));
        }
  return runs;
}

type Figures = Pick<PgbenchRun, 'statementsPerSecond' | 'p50Micros' | 'p99Micros' | 'cpuMicros' | 'journal'>;

/** A way to the target by whatever stands in between. */
export type Way = Omit<Variant, 'name' | 'gate'> & { readonly name: string; readonly gate: MeasuredGate | null };

export async function runPgbench(
  { folder, signal }: Pick<Ground, 'folder' | 'signal'>,
  variant: Way,
  { mode, clients, seconds }: Load,
): Promise<Figures> {
  const threads = Math.min(clients, 2);
  const script = mode === 'pipeline' ? ['-f', join(folder, 'pipeline.sql')] : ['-S'];
  const protocol = mode === 'simple' ? 'simple' : 'prepared';
  const log = ['-l', '--log-prefix', join(folder, 'transactions')];
  // What comes before a client's first pipeline takes its time too.
  const whole = mode === 'pipeline' ? 2 * seconds : seconds;
  const args = ['-n', '-T', String(whole), '-c', String(clients), '-j', String(threads), '-M', protocol, ...log, ...script];
  const before = await standOf(variant);
  const output = await runProgram('pgbench', args, { env: environmentOf(variant), cwd: folder, signal });
  await variant.gate?.settled(signal);
  const after = await standOf(variant);
  const { rate, latencies } = steadyOf(await doneOf(folder), variant.name);
  const transactions = Number(/transactions actually processed: (\d+)/.exec(output)?.[1]);
  const perTransaction = mode === 'pipeline' ? pipelineLength : 1;
  const statements = transactions * perTransaction;
  const failed = /number of failed transactions: (\d+)/.exec(output)?.[1] ?? '0';
  if (!(transactions > 0) || failed !== '0') throw new Error(`pgbench did not do its work over ${variant.name}: ${output}`);
  return {
    statementsPerSecond: rate * perTransaction,
    p50Micros: quantile(latencies, 0.5),
    p99Micros: quantile(latencies, 0.99),
    cpuMicros: variant.pid === null && variant.gate === null ? null : ((after.cpu - before.cpu) * 1e6) / statements,
    journal: variant.gate && { statements, commits: after.commits - before.commits, flushes: after.flushes - before.flushes },
  };
}

async function standOf({ pid, gate }: Way) {
  const pids = gate?.pids ?? (pid === null ? [] : [pid]);
  const cpu = pids.reduce((sum, each) => sum + cpuSeconds(each), 0);
  if (gate === null) return { cpu, commits: 0, flushes: 0 };
  const [commits, flushes] = [await gate.metric('chaperone_journal_commits_total'), await gate.metric('chaperone_journal_flushes_total')];
  return { cpu, commits, flushes };
}

interface Done {
  readonly client: string;
  /** When it was done, in microseconds of the clock. */
  readonly at: number;
  readonly micros: number;
}

/** Transactions in the order in which they were done, from pgbench's logs; every thread has a file. */
async function doneOf(folder: string): Promise<Done[]> {
  const done: Done[] = [];
  for (const file of globSync(join(folder, 'transactions.*'))) {
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      if (line === '') continue;
      const [client = '', , micros, , seconds, rest] = line.split(' ');
      done.push({ client, at: Number(seconds) * 1e6 + Number(rest), micros: Number(micros) });
    }
    await rm(file);
  }
  return done.sort((a, b) => a.at - b.at);
}

/**
 * What was done once every client was done with its first transaction, or half of the time was over, and at what rate a second.
 * Before a client's first pipeline pgbench prepares its hundred statements one by one, each a round trip: with 64 clients that
 * is most of a short run.
 */
export function steadyOf(done: readonly Done[], way: string): { rate: number; latencies: number[] } {
  const firsts = new Map<string, number>();
  for (const { client, at } of done) if (!firsts.has(client)) firsts.set(client, at);
  const [begun, ended] = [done[0]?.at ?? 0, done.at(-1)?.at ?? 0];
  const from = Math.min(Math.max(...firsts.values()), (begun + ended) / 2);
  const steady = done.filter(({ at }) => at > from);
  if (steady.length === 0) throw new Error(`pgbench’s clients had just begun over ${way} when their time was over; give it more --seconds`);
  // A client whose first pipeline ends in the second half took its hundred round trips beside the pipelines of the others.
  const later = steady.filter(({ client, at }) => at !== firsts.get(client));
  return { rate: steady.length / ((ended - from) / 1e6), latencies: (later.length > 0 ? later : steady).map(({ micros }) => micros) };
}

export function pipelineScript(scale: number): string {
  const statement = `\\set aid random(1, ${scale * 100_000})\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n`;
  return `\\startpipeline\n${statement.repeat(pipelineLength)}\\endpipeline\n`;
}

function lineOf({ mode, clients, round, variant, statementsPerSecond, p50Micros, p99Micros, cpuMicros }: PgbenchRun): string {
  const cpu = cpuMicros === null ? '' : `, ${cpuMicros.toFixed(1)} µs CPU`;
  const rate = `${statementsPerSecond.toFixed(0).padStart(6)} statements/s`;
  return `pgbench ${mode} × ${clients}, round ${round + 1}, ${variant.padEnd(9)} ${rate}, p50 ${p50Micros} µs, p99 ${p99Micros} µs${cpu}`;
}
