// Loaded into the gateway by `--import` for the stage `idle` alone: on SIGUSR2 it collects garbage and writes what memory holds.
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const file = process.env['CHAPERONE_BENCH_PROBE'];
if (isMainThread && file !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    if (typeof collect === 'function') collect();
    writeFileSync(file, JSON.stringify(process.memoryUsage()));
  });
}
