import { median } from '../quantile.ts';
import type { GitRun, Results } from '../results.ts';
import { most, ratio } from './comparison.ts';
import type { Goal } from './goals.ts';

const labels: { readonly [variant in GitRun['variant']]: string } = {
  direct: 'direct',
  write: 'Chaperone, `write`',
  fsync: 'Chaperone, `fsync`',
};

function of(results: Results, variant: GitRun['variant']): readonly GitRun[] {
  return (results.git ?? []).filter((run) => run.variant === variant);
}

/** What the push of a change takes longer than directly, decision and record together. */
function addedSeconds(own: readonly GitRun[], direct: readonly GitRun[]): number | null {
  const added = own.flatMap((run) =>
    direct.filter(({ round }) => round === run.round).map((other) => run.changeSeconds - other.changeSeconds),
  );
  return added.length === 0 ? null : median(added);
}

export function gitGoals(results: Results): Goal[] {
  const [direct, write] = [of(results, 'direct'), of(results, 'write')];
  const [run] = write;
  if (run === undefined) return [];
  const times = (says: string, figure: (run: GitRun) => number): Goal => ({
    says,
    bound: { atMost: 1.3 },
    unit: '×',
    measured: ratio(write, direct, figure),
  });
  const objects = run.objects.toLocaleString('en');
  return [
    times(`git, clone of ${objects} objects: time, of direct’s`, ({ cloneSeconds }) => cloneSeconds),
    times(`git, first push of ${objects} objects: time, of direct’s`, ({ pushSeconds }) => pushSeconds),
    {
      says: `git, push that changes ${run.files.toLocaleString('en')} files: added to direct’s time`,
      bound: { atMost: 1 },
      unit: 's',
      measured: addedSeconds(write, direct),
    },
  ];
}

/** The rows of the table `Git`. */
export function gitRows(results: Results): string[][] {
  const direct = of(results, 'direct');
  const times = (seconds: number, against: number | null) => `${seconds.toFixed(2)}${against === null ? '' : ` (${against.toFixed(2)} ×)`}`;
  return (['direct', 'write', 'fsync'] as const).flatMap((variant) => {
    const own = of(results, variant);
    if (own.length === 0) return [];
    const cell = (figure: (run: GitRun) => number) =>
      times(median(own.map(figure)), variant === 'direct' ? null : ratio(own, direct, figure));
    const cpu = own.flatMap(({ gateway }) => (gateway === null ? [] : [gateway.pushCpuSeconds]));
    const peak = most(own.map(({ gateway }) => gateway?.peakResidentBytes ?? null));
    return [
      [
        labels[variant],
        cell(({ cloneSeconds }) => cloneSeconds),
        cell(({ pushSeconds }) => pushSeconds),
        cell(({ changeSeconds }) => changeSeconds),
        cpu.length === 0 ? '–' : median(cpu).toFixed(1),
        peak === null ? '–' : (peak / 2 ** 20).toFixed(0),
      ],
    ];
  });
}

export const gitHead = ['way', 'clone s', 'first push s', 'push of a change s', 'CPU s of a first push', 'resident MB at most'];
