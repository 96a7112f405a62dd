import { parseArgs } from 'node:util';

export const stageNames = ['pgbench', 'copy', 'result', 'idle', 'connect', 'processes', 'gate', 'masking', 'http', 'git'] as const;
export type StageName = (typeof stageNames)[number];

/** How much is done; every figure in the results stands beside these. */
export interface Options {
  readonly stages: readonly StageName[];
  readonly quick: boolean;
  readonly save: boolean;
  readonly rounds: number;
  /** Of each pgbench run. */
  readonly seconds: number;
  readonly clients: readonly number[];
  /** pgbench's scale: 100,000 rows each. */
  readonly scale: number;
  readonly copyMegabytes: number;
  readonly resultRows: number;
  readonly maskedRows: number;
  readonly stallSeconds: number;
  readonly idleSessions: number;
  /** Of the steady stream of new connections. */
  readonly connectSeconds: number;
  readonly connectionsPerMinute: number;
  /** Of the repository that is pushed and cloned. */
  readonly gitCommits: number;
  /** That one push changes. */
  readonly gitFiles: number;
}

const full = {
  rounds: 3,
  seconds: 5,
  clients: [1, 16, 64],
  scale: 10,
  copyMegabytes: 1024,
  resultRows: 5_000_000,
  maskedRows: 1_000_000,
  stallSeconds: 5,
  idleSessions: 2000,
  connectSeconds: 60,
  connectionsPerMinute: 2000,
  gitCommits: 6_000,
  gitFiles: 1_000,
};
const small: typeof full = {
  ...full,
  rounds: 1,
  seconds: 1,
  clients: [1, 16],
  scale: 1,
  copyMegabytes: 64,
  resultRows: 100_000,
  maskedRows: 50_000,
  stallSeconds: 1,
  idleSessions: 100,
  connectSeconds: 4,
  gitCommits: 200,
  gitFiles: 100,
};

const usage = `npm run bench -- [STAGE …] [options]

stages: ${stageNames.join(', ')}; all of them where none is named
  --quick        everything small, in less than a minute: a smoke test, no measurement
  --rounds N     how often each comparison is repeated; medians are shown (${full.rounds})
  --seconds N    how long each pgbench run takes (${full.seconds})
  --save         writes bench/results/DATE.json, docs/benchmarks.md and its picture; needs all stages`;

/** What was asked for; text where it makes no sense. */
export function readOptions(args: readonly string[]): Options | string {
  const flags = { quick: { type: 'boolean' }, save: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  const numbers = { rounds: { type: 'string' }, seconds: { type: 'string' } } as const;
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { ...flags, ...numbers } });
  } catch (fault) {
    return `${fault instanceof Error ? fault.message : String(fault)}\n\n${usage}`;
  }
  const { values, positionals } = parsed;
  if (values.help) return usage;
  const unknown = positionals.find((name) => !isStage(name));
  if (unknown !== undefined) return `There is no stage "${unknown}".\n\n${usage}`;
  const stages = positionals.length === 0 ? stageNames : stageNames.filter((name) => positionals.includes(name));
  const base = values.quick ? small : full;
  const [rounds, seconds] = [Number(values.rounds ?? base.rounds), Number(values.seconds ?? base.seconds)];
  if (![rounds, seconds].every((number) => Number.isInteger(number) && number > 0)) return `Rounds and seconds are whole.\n\n${usage}`;
  if (values.save && (values.quick || stages.length < stageNames.length))
    return `Only a run of all stages, not quick, is saved.\n\n${usage}`;
  return { ...base, stages, quick: values.quick ?? false, save: values.save ?? false, rounds, seconds };
}

function isStage(name: string): name is StageName {
  return stageNames.some((stage) => stage === name);
}
