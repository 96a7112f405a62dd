import { median } from '../quantile.ts';
import {
  type CopyRun,
  type GateRun,
  type MaskingRun,
  type ProcessesRun,
  type Results,
  type VariantName,
  variantNames,
} from '../results.ts';
import { copiesOf, loadsOf, most, rateOf, ratio, resultsOf, runsOf, speedOf } from './comparison.ts';
import { gitHead, gitRows } from './git.ts';
import { httpHead, httpRows } from './http.ts';
import { type Goal, goalsOf, isReached } from './goals.ts';

/** A table of the report; its name is a heading of the document. */
export interface Table {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const nothing = '–';
const labels: { readonly [variant in VariantName]: string } = {
  direct: 'direct',
  pgbouncer: 'pgbouncer',
  pipe: 'a plain pipe of Node’s',
  write: 'Chaperone, `write`',
  fsync: 'Chaperone, `fsync`',
};

/** Every table that the results give, those without a row left out. */
export function tablesOf(results: Results): Table[] {
  const tables = [
    goals(results),
    statements(results),
    streams(results),
    stalled(results),
    idle(results),
    connections(results),
    processes(results),
    verdicts(results),
    armed(results),
    masking(results),
    { name: 'HTTP', head: httpHead, rows: httpRows(results, rounded) },
    { name: 'Git', head: gitHead, rows: gitRows(results) },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

export function markdownOf({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function goals(results: Results): Table {
  const rows = goalsOf(results).map((goal) => [goal.says, boundText(goal), valueText(goal), verdictText(goal)]);
  return { name: 'What it is held to', head: ['figure', 'asked', 'measured', 'reached'], rows };
}

function boundText({ bound, unit }: Goal): string {
  const [word, value] = 'atLeast' in bound ? ['≥', bound.atLeast] : ['≤', bound.atMost];
  return `${word} ${rounded(value)} ${unit}`;
}

function valueText({ measured, unit }: Goal): string {
  return measured === null ? nothing : `${rounded(measured)} ${unit}`;
}

function verdictText(goal: Goal): string {
  const reached = isReached(goal);
  return reached === null ? 'not measured' : reached ? 'yes' : '**no**';
}

function statements(results: Results): Table {
  const head = [
    'load',
    'way',
    'statements/s',
    'of direct',
    'of pgbouncer',
    'p50 ms',
    'p99 ms',
    'CPU µs a statement',
    'statements a commit',
  ];
  const rows = loadsOf(results).flatMap((load) =>
    variantNames.flatMap((variant) => {
      const runs = runsOf(results, load, variant);
      if (runs.length === 0) return [];
      const against = (other: VariantName) => times(ratio(runs, runsOf(results, load, other), rateOf));
      const cpu = known(runs.map(({ cpuMicros }) => cpuMicros));
      const batch = known(runs.map(({ journal }) => journal && journal.statements / journal.commits));
      return [
        [
          `${load.mode} × ${load.clients}`,
          labels[variant],
          count(median(runs.map(rateOf))),
          variant === 'direct' ? nothing : against('direct'),
          variant === 'pgbouncer' ? nothing : against('pgbouncer'),
          rounded(median(runs.map(({ p50Micros }) => p50Micros)) / 1000),
          rounded(median(runs.map(({ p99Micros }) => p99Micros)) / 1000),
          cpu === null ? nothing : rounded(cpu),
          batch === null ? nothing : rounded(batch),
        ],
      ];
    }),
  );
  return { name: 'Statements', head, rows };
}

function streams(results: Results): Table {
  const head = ['stream', 'way', 'MB/s', 'of direct', 'of pgbouncer', 'resident MB at most'];
  const row = (
    name: string,
    runs: (variant: VariantName) => readonly Pick<CopyRun, 'round' | 'megabytes' | 'seconds' | 'peakResidentBytes'>[],
  ) =>
    variantNames.flatMap((variant) => {
      const own = runs(variant);
      if (own.length === 0) return [];
      const speed = ({ megabytes, seconds }: Pick<CopyRun, 'megabytes' | 'seconds'>) => megabytes / seconds;
      const against = (other: VariantName) => (variant === other ? nothing : times(ratio(own, runs(other), speed)));
      const peak = megabytes(most(own.map(({ peakResidentBytes }) => peakResidentBytes)));
      return [[name, labels[variant], count(median(own.map(speed))), against('direct'), against('pgbouncer'), peak]];
    });
  const { copyMegabytes, resultRows } = results.options;
  const rows = [
    ...row(`COPY to the client, ${copyMegabytes} MB`, (variant) => copiesOf(results, 'out', variant)),
    ...row(`COPY from the client, ${copyMegabytes} MB`, (variant) => copiesOf(results, 'in', variant)),
    ...row(`result of ${count(resultRows)} rows`, (variant) => resultsOf(results, false, variant)),
  ];
  return { name: 'Streams', head, rows };
}

function stalled(results: Results): Table {
  const head = ['way', 'MB/s before and after the stall', 'resident MB before', 'resident MB at most'];
  const rows = variantNames.flatMap((variant) => {
    const runs = resultsOf(results, true, variant);
    if (runs.length === 0) return [];
    const before = megabytes(known(runs.map(({ residentBeforeBytes }) => residentBeforeBytes)));
    const peak = megabytes(most(runs.map(({ peakResidentBytes }) => peakResidentBytes)));
    return [[labels[variant], count(median(runs.map(speedOf))), before, peak]];
  });
  return { name: 'A reader that stalls', head, rows };
}

function idle({ idle: runs }: Results): Table {
  const head = ['way', 'sessions', 'resident KB each', 'after a collection: resident KB', 'main heap KB', 'other heaps KB', 'buffers KB'];
  const kilobytes = (bytes: number | undefined) => (bytes === undefined ? nothing : rounded(bytes / 1024));
  const rows = runs.map(({ variant, sessions, residentBytes, collected }) => [
    labels[variant],
    count(sessions),
    kilobytes(residentBytes),
    kilobytes(collected?.residentBytes),
    kilobytes(collected?.mainHeapBytes),
    kilobytes(collected?.otherHeapsBytes),
    kilobytes(collected?.externalBytes),
  ]);
  return { name: 'Idle sessions', head, rows };
}

function connections({ connect }: Results): Table {
  const head = ['sessions', 'offered a minute', 'achieved', 'p50 ms', 'p99 ms', 'CPU ms each', 'errors', 'most a minute, 16 at a time'];
  const rows = connect.map((run) => [
    count(run.connections),
    count(run.offeredPerMinute),
    count(run.achievedPerMinute),
    rounded(run.p50Micros / 1000),
    rounded(run.p99Micros / 1000),
    rounded(run.cpuMicros / 1000),
    count(run.errors),
    count(run.mostPerMinute),
  ]);
  return { name: 'New sessions', head, rows };
}

function processes({ processes: runs = [] }: Results): Table {
  const head = [
    'load',
    'way',
    'statements/s',
    'of direct',
    'of one process',
    'p50 ms',
    'p99 ms',
    'CPU µs a statement',
    'most sessions on one',
  ];
  const rows = Map.groupBy(runs, (run) => `${run.clients} ${run.processes}`)
    .values()
    .toArray()
    .toSorted(([one], [other]) => (one?.clients ?? 0) - (other?.clients ?? 0) || (one?.processes ?? 0) - (other?.processes ?? 0))
    .map((own) => processesRow(own, runs));
  return { name: 'More than one process', head, rows };
}

function processesRow(own: readonly ProcessesRun[], runs: readonly ProcessesRun[]): string[] {
  const [first] = own;
  const { clients = 0, processes: number = 0 } = first ?? {};
  const rate = ({ statementsPerSecond }: ProcessesRun) => statementsPerSecond;
  const against = (other: number) => {
    const others = runs.filter((run) => run.clients === clients && run.processes === other);
    return number <= other ? nothing : times(ratio(own, others, rate));
  };
  const cpu = known(own.map(({ cpuMicros }) => cpuMicros));
  return [
    `prepared × ${clients}`,
    number === 0 ? 'direct' : `Chaperone, \`write\`, ${number === 1 ? 'one process' : `${number} processes`}`,
    count(median(own.map(rate))),
    against(0),
    against(1),
    rounded(median(own.map(({ p50Micros }) => p50Micros)) / 1000),
    rounded(median(own.map(({ p99Micros }) => p99Micros)) / 1000),
    cpu === null ? nothing : rounded(cpu),
    number === 0 ? nothing : count(median(own.map(({ sessions }) => Math.max(...sessions)))),
  ];
}

function verdicts({ gate }: Results): Table {
  const runs = gate?.verdicts ?? [];
  const head = ['policies', 'text', 'µs a verdict'];
  const row = (text: string, figures: readonly number[]) => [count(runs[0]?.policies ?? 0), text, rounded(median(figures))];
  const rows = [
    row(
      'known',
      runs.map(({ cachedMicros }) => cachedMicros),
    ),
    row(
      'new',
      runs.map(({ uncachedMicros }) => uncachedMicros),
    ),
  ];
  return { name: 'Verdicts', head, rows: runs.length === 0 ? [] : rows };
}

function armed({ gate }: Results): Table {
  const runs = gate?.rates ?? [];
  const head = ['load', 'policies and rules of masking', 'statements/s', 'of few', 'p50 ms', 'p99 ms', 'CPU µs a statement'];
  const rows = Map.groupBy(runs, (run) => `${run.mode} ${run.armed}`)
    .values()
    .toArray()
    .map((own) => armedRow(own, runs));
  return { name: 'Many rules', head, rows };
}

function armedRow(own: readonly GateRun[], runs: readonly GateRun[]): string[] {
  const [first] = own;
  const { mode = 'simple', clients = 0, armed: isArmed = false } = first ?? {};
  const few = runs.filter((run) => run.mode === mode && !run.armed);
  const rate = ({ statementsPerSecond }: GateRun) => statementsPerSecond;
  const cpu = known(own.map(({ cpuMicros }) => cpuMicros));
  return [
    `${mode} × ${clients}`,
    isArmed ? '1,000 and 200' : 'one and none',
    count(median(own.map(rate))),
    isArmed ? times(ratio(own, few, rate)) : nothing,
    rounded(median(own.map(({ p50Micros }) => p50Micros)) / 1000),
    rounded(median(own.map(({ p99Micros }) => p99Micros)) / 1000),
    cpu === null ? nothing : rounded(cpu),
  ];
}

function masking({ masking: runs = [] }: Results): Table {
  const head = ['all three columns', 'rows', 'k rows/s', 'of nothing masked', 'CPU µs a row'];
  const rate = ({ rows, seconds }: MaskingRun) => rows / seconds;
  const plain = runs.filter(({ treatment }) => treatment === 'nothing');
  const rows = Map.groupBy(runs, ({ treatment }) => treatment)
    .entries()
    .map(([treatment, own]) => [
      treatment,
      count(own[0]?.rows ?? 0),
      count(median(own.map(rate)) / 1000),
      treatment === 'nothing' ? nothing : times(ratio(own, plain, rate)),
      rounded(median(own.map(({ rows: all, cpuSeconds }) => (cpuSeconds * 1_000_000) / all))),
    ])
    .toArray();
  return { name: 'Masking', head, rows };
}

function known(values: readonly (number | null)[]): number | null {
  const given = values.filter((value) => value !== null);
  return given.length === 0 ? null : median(given);
}

function times(value: number | null): string {
  return value === null ? nothing : `${value.toFixed(2)} ×`;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? nothing : count(bytes / 2 ** 20);
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Three figures, so that small and large values stay readable in one column. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? count(value) : String(Number(value.toPrecision(3)));
}
