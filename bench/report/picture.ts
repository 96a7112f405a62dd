import type { Results, VariantName } from '../results.ts';
import { copiesOf, loadsOf, rateOf, ratio, resultsOf, runsOf, speedOf } from './comparison.ts';

interface Group {
  readonly label: string;
  readonly bars: readonly { readonly variant: VariantName; readonly value: number }[];
}

const drawn = ['pgbouncer', 'write', 'fsync'] as const;
const names = { pgbouncer: 'pgbouncer', write: 'Chaperone, write', fsync: 'Chaperone, fsync' };
const [width, left, right, top, barHeight, groupGap] = [760, 190, 70, 64, 12, 12];
const scale = width - left - right;

const style = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .value { font-size: 10px }
  .pgbouncer { fill: #8c959f } .write { fill: #0969da } .fsync { fill: #54aeff }
  line { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .pgbouncer { fill: #6e7681 } .write { fill: #4493f8 } .fsync { fill: #1f6feb } line { stroke: #30363d }
  }`;

/** Throughput as a share of the direct way's, a bar for each way and a group for each load. */
export function pictureOf(results: Results): string {
  const groups = groupsOf(results);
  const heights = groups.map(({ bars }) => bars.length * barHeight + groupGap);
  const body = heights.reduce((sum, height) => sum + height, 0);
  const height = top + body + 30;
  const parts = groups.map((group, index) => groupText(group, top + heights.slice(0, index).reduce((sum, above) => sum + above, 0)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Throughput compared with a direct connection">
<style>${style}
</style>
<text class="title" x="16" y="24">Throughput, direct connection = 1</text>
${drawn.map((variant, index) => legendText(variant, left + index * 150)).join('\n')}
${[0, 0.25, 0.5, 0.75, 1].map((share) => gridText(share, top + body)).join('\n')}
${parts.join('\n')}
</svg>
`;
}

function groupsOf(results: Results): Group[] {
  const group = (label: string, value: (variant: VariantName) => number | null): Group => {
    const bars = drawn.flatMap((variant) => {
      const share = value(variant);
      return share === null ? [] : [{ variant, value: share }];
    });
    return { label, bars };
  };
  const loads = loadsOf(results).map((load) =>
    group(`${load.mode}, ${load.clients} ${load.clients === 1 ? 'client' : 'clients'}`, (variant) =>
      ratio(runsOf(results, load, variant), runsOf(results, load, 'direct'), rateOf),
    ),
  );
  const copy = (direction: 'in' | 'out') => (variant: VariantName) =>
    ratio(copiesOf(results, direction, variant), copiesOf(results, direction, 'direct'), speedOf);
  const read = (variant: VariantName) => ratio(resultsOf(results, false, variant), resultsOf(results, false, 'direct'), speedOf);
  const streams = [group('COPY to the client', copy('out')), group('COPY from the client', copy('in')), group('large result', read)];
  return [...loads, ...streams].filter(({ bars }) => bars.length > 0);
}

function groupText({ label, bars }: Group, y: number): string {
  const middle = y + (bars.length * barHeight) / 2 + 4;
  const lines = bars.map(({ variant, value }, index) => {
    const at = y + index * barHeight;
    // What is faster than direct, by noise or by luck, ends at the edge; its number says how much.
    const length = Math.round(Math.min(value, 1.08) * scale);
    const bar = `<rect class="${variant}" x="${left}" y="${at}" width="${length}" height="${barHeight - 2}"/>`;
    return `${bar}<text class="value" x="${left + length + 4}" y="${at + barHeight - 3}">${value.toFixed(2)}</text>`;
  });
  return [`<text x="${left - 8}" y="${middle}" text-anchor="end">${label}</text>`, ...lines].join('\n');
}

function legendText(variant: (typeof drawn)[number], x: number): string {
  return `<rect class="${variant}" x="${x}" y="36" width="12" height="12"/><text x="${x + 18}" y="46">${names[variant]}</text>`;
}

function gridText(share: number, bottom: number): string {
  const x = left + share * scale;
  const label = `<text class="value" x="${x}" y="${bottom + 14}" text-anchor="middle">${share}</text>`;
  return `<line x1="${x}" y1="${top - 6}" x2="${x}" y2="${bottom}"/>${label}`;
}
