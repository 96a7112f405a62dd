import { setTimeout as pause } from 'node:timers/promises';
import { type Ground, rotated, type Variant } from '../ground/ground.ts';
import { peakResidentBytes, resetPeak, residentBytes } from '../ground/process-figures.ts';
import { connectWire, type Way } from '../ground/wire-client.ts';
import type { ResultRun } from '../results.ts';

const megabyte = 1_048_576;
/** What a reader has taken before it stalls: a few screens of rows. */
const bytesBeforeStall = 100_000;

/** One large result, read as fast as it comes, and read by a client that stops for a while after the first rows. */
export async function benchResult(ground: Ground): Promise<ResultRun[]> {
  const { options, say } = ground;
  const runs: ResultRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const stalled of [false, true]) {
      // Afresh, so that what a full-speed reader left behind in memory is not put down to the stalled one.
      await using variants = await ground.variants();
      for (const variant of rotated(variants.all, round)) {
        if (stalled && variant.pid === null) continue;
        const figures = await measured(ground, variant, stalled);
        const run = { round, variant: variant.name, stalled, ...figures };
        runs.push(run);
        say(lineOf(run));
      }
    }
  return runs;
}

type Figures = Pick<ResultRun, 'rows' | 'megabytes' | 'seconds' | 'residentBeforeBytes' | 'peakResidentBytes'>;

async function measured({ options, target, signal }: Ground, variant: Variant, stalled: boolean): Promise<Figures> {
  const { pid } = variant;
  const way: Way = pid === null ? { ...variant, user: target.trustedUser } : variant;
  using client = await connectWire(way, signal);
  const residentBeforeBytes = pid === null ? null : residentBytes(pid);
  if (pid !== null) resetPeak(pid);
  const rows = options.resultRows;
  let [bytes, stall] = [0, stalled ? options.stallSeconds * 1000 : 0];
  const begun = performance.now();
  const tag = await client.query(
    `select n, 'row ' || n || ' of a large result that somebody asked for' from generate_series(1, ${rows}) n`,
    (read) => {
      bytes += read;
      if (stall === 0 || bytes < bytesBeforeStall) return;
      client.socket.pause();
      void pause(stall, null, { signal }).then(
        () => client.socket.resume(),
        () => client.socket.destroy(),
      );
      stall = 0;
    },
  );
  const seconds = (performance.now() - begun) / 1000 - (stalled ? options.stallSeconds : 0);
  if (tag !== `SELECT ${rows}`) throw new Error(`the result over ${variant.name} ended with ${tag}`);
  const peak = pid === null ? null : peakResidentBytes(pid);
  await variant.gate?.settled(signal);
  return { rows, megabytes: bytes / megabyte, seconds, residentBeforeBytes, peakResidentBytes: peak };
}

function lineOf({ round, variant, stalled, rows, megabytes, seconds, residentBeforeBytes, peakResidentBytes: peak }: ResultRun): string {
  const inMegabytes = (value: number | null) => ((value ?? 0) / megabyte).toFixed(0);
  const memory = peak === null ? '' : `, resident ${inMegabytes(residentBeforeBytes)} MB before, ${inMegabytes(peak)} MB at most`;
  const how = stalled ? 'stalled reader' : 'result';
  return `${how} of ${rows} rows, round ${round + 1}, ${variant.padEnd(9)} ${(megabytes / seconds).toFixed(0)} MB/s${memory}`;
}
