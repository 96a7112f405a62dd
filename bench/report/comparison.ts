import { median } from '../quantile.ts';
import type { CopyRun, Mode, PgbenchRun, ResultRun, Results, VariantName } from '../results.ts';

/** Which runs of pgbench are meant. */
export interface Load {
  readonly mode: Mode;
  readonly clients: number;
}

/** Every combination of mode and clients, in the order in which they were run. */
export function loadsOf({ pgbench }: Results): Load[] {
  const first = pgbench.filter(({ round, variant }) => round === 0 && variant === 'direct');
  return first.map(({ mode, clients }) => ({ mode, clients }));
}

/** The runs of a load over one way, a round each. */
export function runsOf({ pgbench }: Results, { mode, clients }: Load, variant: VariantName): PgbenchRun[] {
  return pgbench.filter((run) => run.mode === mode && run.clients === clients && run.variant === variant);
}

export const rateOf = ({ statementsPerSecond }: PgbenchRun): number => statementsPerSecond;
export const speedOf = ({ megabytes, seconds }: CopyRun | ResultRun): number => megabytes / seconds;

export function copiesOf({ copy }: Results, direction: CopyRun['direction'], variant: VariantName): CopyRun[] {
  return copy.filter((run) => run.direction === direction && run.variant === variant);
}

export function resultsOf({ result }: Results, stalled: boolean, variant: VariantName): ResultRun[] {
  return result.filter((run) => run.stalled === stalled && run.variant === variant);
}

/**
 * The median over the rounds of a figure of one way divided by that of the other in the same round, so that what else the
 * machine did then weighs on both. Null where one of them was not measured.
 */
export function ratio<Run extends { readonly round: number }>(
  runs: readonly Run[],
  others: readonly Run[],
  figure: (run: Run) => number,
): number | null {
  const pairs = runs.flatMap((run) => others.filter((other) => other.round === run.round).map((other) => figure(run) / figure(other)));
  return pairs.length === 0 ? null : median(pairs);
}

/** What the gateway adds to the median latency of a load, in parts of what pgbouncer adds in the same round. */
export function addedLatencyRatio(results: Results, load: Load): number | null {
  const [direct, bouncer, write] = (['direct', 'pgbouncer', 'write'] as const).map((name) => runsOf(results, load, name));
  const ratios = (write ?? []).flatMap(({ round, p50Micros }) => {
    const sameRound = (runs: readonly PgbenchRun[] = []) => runs.find((run) => run.round === round)?.p50Micros;
    const [base, beside] = [sameRound(direct), sameRound(bouncer)];
    return base === undefined || beside === undefined ? [] : [(p50Micros - base) / (beside - base)];
  });
  return ratios.length === 0 ? null : median(ratios);
}

/** The greatest of a figure over some runs; null of none. */
export function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
