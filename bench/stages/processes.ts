import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../test/rig/gateway.ts';
import { type Gate, openGate, together } from '../ground/gate.ts';
import { environmentOf, type Ground, rotated } from '../ground/ground.ts';
import { runProgram } from '../ground/program.ts';
import type { ProcessesRun } from '../results.ts';
import { runPgbench, type Way } from './pgbench.ts';

const most = 2;
/** With fewer clients than this the kernel's spreading of them is what would be measured. */
const leastClients = 16;

/** A direct connection, one gateway, and two that share a port and nothing else. */
interface Crew {
  readonly gates: readonly Gate[];
  readonly way: Way;
}

/** pgbench's read-only script, prepared, over one gateway process and over several side by side. */
export async function benchProcesses(ground: Ground): Promise<ProcessesRun[]> {
  const { options, signal, say, target } = ground;
  const { port, database, user, password } = target;
  const direct: Crew = { gates: [], way: { name: 'direct', port, database, user, password, pid: null, gate: null } };
  await runProgram('pgbench', ['-i', '-q', '-s', String(options.scale)], { env: environmentOf(direct.way), signal });
  await using stack = new AsyncDisposableStack();
  const crews = [direct];
  for (let count = 1; count <= most; count += 1) crews.push(await openCrew(ground, count, stack));
  const load = { mode: 'prepared', seconds: options.seconds } as const;
  if (!options.quick) for (const { way } of crews) await runPgbench(ground, way, { ...load, clients: leastClients });
  const runs: ProcessesRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const clients of options.clients.filter((each) => each >= leastClients))
      for (const { gates, way } of rotated(crews, round)) {
        const before = await admittedBy(gates);
        const { journal: _, ...figures } = await runPgbench(ground, way, { ...load, clients });
        const admitted = (await admittedBy(gates)).map((now, index) => now - (before[index] ?? 0));
        const run = { round, clients, processes: gates.length, ...figures, sessions: admitted };
        runs.push(run);
        say(lineOf(run));
      }
  return runs;
}

async function openCrew(ground: Ground, count: number, stack: AsyncDisposableStack): Promise<Crew> {
  const folder = join(ground.folder, `shared-${count}`);
  await mkdir(folder, { mode: 0o700 });
  const [port = 0] = await freePorts(1);
  const gates: Gate[] = [];
  for (let index = 0; index < count; index += 1)
    gates.push(stack.use(await openGate(ground.target, ground.issuer, { shared: { port, folder } })));
  const way = { name: `${count} of Chaperone`, port, database: 'write', user: 'agent', password: await ground.token(), pid: null };
  return { gates, way: { ...way, gate: together(gates) } };
}

function admittedBy(gates: readonly Gate[]): Promise<number[]> {
  return Promise.all(gates.map((gate) => gate.metric('chaperone_admissions_total')));
}

function lineOf({ clients, processes, round, statementsPerSecond, p50Micros, p99Micros, sessions }: ProcessesRun): string {
  const way = processes === 0 ? 'direct' : `${processes} of Chaperone (${sessions.join(' + ')} sessions)`;
  return `processes prepared × ${clients}, round ${round + 1}, ${way}: ${statementsPerSecond.toFixed(0)} statements/s, p50 ${p50Micros} µs, p99 ${p99Micros} µs`;
}
