import { median } from '../quantile.ts';
import type { HttpRun, Results } from '../results.ts';
import { most, ratio } from './comparison.ts';
import type { Goal } from './goals.ts';

const labels: { readonly [variant in HttpRun['variant']]: string } = {
  direct: 'direct',
  nginx: 'nginx as reverse proxy',
  answers: '`node:http` that answers at once',
  proxy: '`node:http` as reverse proxy',
  write: 'Chaperone, `write`',
  fsync: 'Chaperone, `fsync`',
};

const loadOf = ({ loads }: HttpRun, connections: number) => loads.find((load) => load.connections === connections);
const rateOf = (run: HttpRun) => loadOf(run, 16)?.requestsPerSecond ?? Number.NaN;
const p50Of = (run: HttpRun) => loadOf(run, 1)?.p50Micros ?? Number.NaN;

function of(results: Results, variant: HttpRun['variant']): readonly HttpRun[] {
  return (results.http ?? []).filter((run) => run.variant === variant);
}

export function httpGoals(results: Results): Goal[] {
  if (results.http === undefined) return [];
  const [direct, nginx, write] = [of(results, 'direct'), of(results, 'nginx'), of(results, 'write')];
  const added = write.flatMap((run) => direct.filter(({ round }) => round === run.round).map((other) => p50Of(run) - p50Of(other)));
  const peak = most(write.map(({ peakResidentBytes }) => peakResidentBytes));
  return [
    {
      says: 'HTTP, 16 connections: requests a second, of nginx’s',
      bound: { atLeast: 0.35 },
      unit: '×',
      measured: ratio(write, nginx, rateOf),
    },
    { says: 'HTTP, 1 connection: added to p50', bound: { atMost: 500 }, unit: 'µs', measured: added.length === 0 ? null : median(added) },
    {
      says: 'HTTP, a body of a gigabyte: of direct',
      bound: { atLeast: 0.6 },
      unit: '×',
      measured: ratio(write, direct, ({ megabytesPerSecond }) => megabytesPerSecond ?? Number.NaN),
    },
    { says: 'HTTP: resident at most', bound: { atMost: 200 }, unit: 'MB', measured: peak === null ? null : peak / 2 ** 20 },
  ];
}

/** The rows of the table `HTTP`. */
export function httpRows(results: Results, shown: (value: number) => string): string[][] {
  const variants = ['direct', 'nginx', 'answers', 'proxy', 'write', 'fsync'] as const;
  const known = (figures: readonly (number | null | undefined)[]) => {
    const measured = figures.filter((figure) => typeof figure === 'number');
    return measured.length === 0 ? '–' : shown(median(measured));
  };
  return variants.flatMap((variant) => {
    const own = of(results, variant);
    if (own.length === 0) return [];
    const cpu = own.flatMap(({ cpuMicros }) => (cpuMicros === null ? [] : [cpuMicros]));
    const peak = most(own.map(({ peakResidentBytes }) => peakResidentBytes));
    const pages = most(own.map(({ peakOfPagesBytes }) => peakOfPagesBytes ?? null));
    const against = ratio(own, of(results, 'nginx'), rateOf);
    return [
      [
        labels[variant],
        shown(median(own.map(rateOf))),
        against === null ? '–' : `${against.toFixed(2)} ×`,
        shown(median(own.map((run) => loadOf(run, 16)?.p50Micros ?? Number.NaN)) / 1000),
        shown(median(own.map(p50Of)) / 1000),
        cpu.length === 0 ? '–' : shown(median(cpu)),
        known(own.map(({ megabytesPerSecond }) => megabytesPerSecond)),
        known(own.map(({ sentMegabytesPerSecond }) => sentMegabytesPerSecond)),
        pages === null ? '–' : shown(pages / 2 ** 20),
        peak === null ? '–' : shown(peak / 2 ** 20),
      ],
    ];
  });
}

export const httpHead = [
  'way',
  'requests/s, 16 connections',
  'of nginx',
  'p50 ms',
  'p50 ms, 1 connection',
  'CPU µs a request',
  'MB/s, a body of a gigabyte from the target',
  'and to it',
  'resident MB at most, pages',
  'and bodies',
];
