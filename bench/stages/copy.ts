import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentOf, type Ground, rotated, type Variant } from '../ground/ground.ts';
import { cpuSeconds, peakResidentBytes, resetPeak } from '../ground/process-figures.ts';
import { runProgram } from '../ground/program.ts';
import type { CopyRun } from '../results.ts';

const directions = ['out', 'in'] as const;
const chunkMegabytes = 64;
const megabyte = 1_048_576;

/** psql copies a table of short rows out to nowhere, and the same bytes in. */
export async function benchCopy(ground: Ground): Promise<CopyRun[]> {
  const { options, target, folder } = ground;
  const chunk = chunkOfRows();
  await writeFile(join(folder, 'rows.copy'), chunk.text);
  await target.run(
    'drop table if exists copied, copy_source',
    'create unlogged table copied (id int, filler text)',
    'create unlogged table copy_source (id int, filler text)',
    'grant all on copied, copy_source to shop_app',
  );
  await using variants = await ground.variants();
  const [direct] = variants.all;
  if (direct === undefined) throw new Error('there is no way to the target');
  await copyIn(ground, direct, 'copy_source', 1);
  const repeats = Math.ceil(options.copyMegabytes / chunkMegabytes);
  const runs: CopyRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const direction of directions)
      for (const variant of rotated(variants.all, round)) {
        const figures = await measured(ground, variant, direction, repeats);
        const run = { direction, round, variant: variant.name, megabytes: (repeats * chunk.text.length) / megabyte, ...figures };
        runs.push(run);
        ground.say(lineOf(run));
      }
  return runs;
}

type Figures = Pick<CopyRun, 'seconds' | 'cpuSeconds' | 'peakResidentBytes'>;

async function measured(ground: Ground, variant: Variant, direction: CopyRun['direction'], repeats: number): Promise<Figures> {
  const { pid, gate } = variant;
  if (direction === 'in') await ground.target.run('truncate copied');
  const cpuBefore = pid === null ? 0 : cpuSeconds(pid);
  if (pid !== null) resetPeak(pid);
  const begun = performance.now();
  if (direction === 'in') await copyIn(ground, variant, 'copied', repeats);
  else await copyOut(ground, variant, repeats);
  const seconds = (performance.now() - begun) / 1000;
  await gate?.settled(ground.signal);
  return {
    seconds,
    cpuSeconds: pid === null ? null : cpuSeconds(pid) - cpuBefore,
    peakResidentBytes: pid === null ? null : peakResidentBytes(pid),
  };
}

async function copyIn({ folder, signal }: Ground, variant: Variant, table: string, repeats: number): Promise<void> {
  const script = `for i in $(seq ${repeats}); do cat rows.copy; done | psql -X -q -v ON_ERROR_STOP=1 -c 'copy ${table} from stdin'`;
  await runProgram('sh', ['-c', script], { env: environmentOf(variant), cwd: folder, signal });
}

async function copyOut({ folder, signal }: Ground, variant: Variant, repeats: number): Promise<void> {
  const query = `copy (select s.* from generate_series(1, ${repeats}) n, copy_source s) to stdout`;
  const options = { env: environmentOf(variant), cwd: folder, signal };
  await runProgram('sh', ['-c', `psql -X -q -v ON_ERROR_STOP=1 -c '${query}' > /dev/null`], options);
}

/** Rows of about a hundred bytes that compress like real text rather than like one letter repeated. */
function chunkOfRows(): { readonly text: string } {
  const words = ['amber', 'basalt', 'cedar', 'delta', 'ember', 'fjord', 'garnet', 'harbor', 'indigo', 'juniper', 'kelp', 'lagoon'];
  const rows: string[] = [];
  for (let id = 1, bytes = 0; bytes < chunkMegabytes * megabyte; id += 1) {
    const filler = Array.from({ length: 14 }, (_, at) => words[(id * 31 + at * at * 17 + (id >> (at % 9))) % words.length]).join(' ');
    const row = `${id}\t${filler}\n`;
    rows.push(row);
    bytes += row.length;
  }
  return { text: rows.join('') };
}

function lineOf({ direction, round, variant, megabytes, seconds, peakResidentBytes: peak }: CopyRun): string {
  const memory = peak === null ? '' : `, at most ${(peak / megabyte).toFixed(0)} MB resident`;
  return `copy ${direction}, round ${round + 1}, ${variant.padEnd(9)} ${(megabytes / seconds).toFixed(0)} MB/s${memory}`;
}
