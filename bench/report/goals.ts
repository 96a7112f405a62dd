import { gitGoals } from './git.ts';
import { httpGoals } from './http.ts';
import { median } from '../quantile.ts';
import type { CopyRun, GateRun, Mode, Results } from '../results.ts';
import { addedLatencyRatio, copiesOf, loadsOf, most, rateOf, ratio, resultsOf, runsOf, speedOf } from './comparison.ts';

/** A figure that Chaperone is held to. */
export interface Goal {
  readonly says: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: '×' | 'MB' | 'KB' | 'µs' | 's' | 'a minute' | 'errors' | 'k rows/s';
  /** Null where the stage, or what it compares with, did not run. */
  readonly measured: number | null;
}

/** What is asked of the durability `write` where nothing else is said. */
export function goalsOf(results: Results): Goal[] {
  return [
    ...ofStatements(results),
    ...ofStreams(results),
    ...ofSessions(results),
    ...ofFsync(results),
    ...ofGate(results),
    ...ofMasking(results),
    ...httpGoals(results),
    ...gitGoals(results),
  ];
}

/** Null where it was not measured. */
export function isReached({ bound, measured }: Goal): boolean | null {
  if (measured === null) return null;
  return 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost;
}

function ofStatements(results: Results): Goal[] {
  const prepared = (clients: number) => ({ mode: 'prepared' as Mode, clients });
  const bouncer = ratio(runsOf(results, prepared(16), 'write'), runsOf(results, prepared(16), 'pgbouncer'), rateOf);
  const pipelines = loadsOf(results).filter(({ mode }) => mode === 'pipeline');
  return [
    { says: 'prepared, 16 clients: statements a second, of pgbouncer’s', bound: { atLeast: 0.9 }, unit: '×', measured: bouncer },
    {
      says: 'prepared, 1 client: what is added to p50, of what pgbouncer adds',
      bound: { atMost: 1.25 },
      unit: '×',
      measured: addedLatencyRatio(results, prepared(1)),
    },
    ...pipelines.map((load): Goal => {
      const measured = ratio(runsOf(results, load, 'write'), runsOf(results, load, 'direct'), rateOf);
      const who = load.clients === 1 ? '1 client' : `${load.clients} clients`;
      return { says: `pipeline of 100, ${who}: statements a second, of direct’s`, bound: { atLeast: 0.6 }, unit: '×', measured };
    }),
  ];
}

function ofStreams(results: Results): Goal[] {
  const copied = (direction: CopyRun['direction']) =>
    ratio(copiesOf(results, direction, 'write'), copiesOf(results, direction, 'direct'), speedOf);
  const read = ratio(resultsOf(results, false, 'write'), resultsOf(results, false, 'direct'), speedOf);
  const resident = most(resultsOf(results, true, 'write').map(({ peakResidentBytes }) => peakResidentBytes));
  const bound = { atLeast: 0.7 };
  return [
    { says: 'COPY to the client: bytes a second, of direct’s', bound, unit: '×', measured: copied('out') },
    { says: 'COPY from the client: bytes a second, of direct’s', bound, unit: '×', measured: copied('in') },
    { says: 'large result: bytes a second, of direct’s', bound, unit: '×', measured: read },
    {
      says: 'stalled reader of a large result: resident memory, at most',
      bound: { atMost: 200 },
      unit: 'MB',
      measured: resident === null ? null : resident / 2 ** 20,
    },
  ];
}

function ofSessions({ idle, connect, options }: Results): Goal[] {
  const resident = idle.find(({ variant }) => variant === 'write')?.residentBytes;
  const [run] = connect;
  const offered = run?.offeredPerMinute ?? options.connectionsPerMinute;
  // The last connection of a steady stream is due one interval before its end.
  const kept = offered * 0.99;
  return [
    { says: 'idle session: resident memory', bound: { atMost: 50 }, unit: 'KB', measured: resident === undefined ? null : resident / 1024 },
    { says: 'new sessions with TLS and token', bound: { atLeast: kept }, unit: 'a minute', measured: run?.achievedPerMinute ?? null },
    { says: 'new sessions with TLS and token that failed', bound: { atMost: 0 }, unit: 'errors', measured: run?.errors ?? null },
  ];
}

function ofGate({ gate }: Results): Goal[] {
  if (gate === undefined) return [];
  const { verdicts, rates } = gate;
  const rate = ({ statementsPerSecond }: GateRun) => statementsPerSecond;
  const prepared = (armed: boolean) => rates.filter((run) => run.mode === 'prepared' && run.armed === armed);
  return [
    {
      says: 'verdict on a known text',
      bound: { atMost: 5 },
      unit: 'µs',
      measured: median(verdicts.map(({ cachedMicros }) => cachedMicros)),
    },
    {
      says: 'verdict on a new text',
      bound: { atMost: 400 },
      unit: 'µs',
      measured: median(verdicts.map(({ uncachedMicros }) => uncachedMicros)),
    },
    {
      says: 'loading 1,000 policies and 200 rules of masking',
      bound: { atMost: 1 },
      unit: 's',
      measured: median(verdicts.map(({ loadSeconds }) => loadSeconds)),
    },
    {
      says: 'prepared, 1,000 policies and 200 rules of masking: statements a second, of few’s',
      bound: { atLeast: 0.95 },
      unit: '×',
      measured: ratio(prepared(true), prepared(false), rate),
    },
  ];
}

function ofMasking({ masking = [] }: Results): Goal[] {
  const slowest = masking.filter(({ treatment }) => treatment !== 'nothing');
  const rates = [...Map.groupBy(slowest, ({ treatment }) => treatment).values()].map((runs) =>
    median(runs.map(({ rows, seconds }) => rows / seconds / 1000)),
  );
  return masking.length === 0
    ? []
    : [
        {
          says: 'three columns masked, by the slowest of the ways measured',
          bound: { atLeast: 150 },
          unit: 'k rows/s',
          measured: rates.length === 0 ? null : Math.min(...rates),
        },
      ];
}

function ofFsync(results: Results): Goal[] {
  const load = { mode: 'prepared' as Mode, clients: 16 };
  const runs = runsOf(results, load, 'fsync');
  const flushes = runs.flatMap(({ journal }) => (journal === null ? [] : [journal.flushes / journal.commits]));
  const rate = ratio(runs, runsOf(results, load, 'write'), rateOf);
  return [
    {
      says: '`fsync`, prepared, 16 clients: flushes a batch',
      bound: { atMost: 1 },
      unit: '×',
      measured: flushes.length === 0 ? null : median(flushes),
    },
    { says: '`fsync`, prepared, 16 clients: statements a second, of `write`’s', bound: { atLeast: 0.25 }, unit: '×', measured: rate },
  ];
}
