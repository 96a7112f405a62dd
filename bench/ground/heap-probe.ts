// Loaded into each thread of the gateway by `--import`, for the stage `idle` alone: on SIGUSR2 all collect garbage and write
// what their heaps then hold.
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

const folder = process.env['CHAPERONE_BENCH_PROBE'];
if (folder !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  const measure = () => {
    if (typeof collect === 'function') collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    writeFileSync(`${folder}/${threadId}.json`, JSON.stringify({ main: isMainThread, rss, heapUsed, external }));
  };
  const channel = new BroadcastChannel('chaperone-bench-probe');
  if (isMainThread)
    process.on('SIGUSR2', () => {
      channel.postMessage('measure');
      measure();
    });
  else channel.addEventListener('message', measure);
  channel.unref();
}
