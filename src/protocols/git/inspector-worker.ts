import { parentPort } from 'node:worker_threads';
import { GrowingFile } from './growing-file.ts';
import { inspect } from './inspect.ts';
import type { InspectionJob, InspectorTold } from './inspection.ts';

/* Reads patches and looks for secrets in a thread of its own: a large push must not hold up what else passes the gateway. */
const running = new Map<number, { readonly controller: AbortController; readonly spool: GrowingFile }>();

parentPort?.on('message', (told: InspectorTold) => {
  if ('growth' in told) running.get(told.id)?.spool.grow(told.growth);
  else if (told.job === null) running.get(told.id)?.controller.abort();
  else void answer(told.id, told.job);
});

async function answer(id: number, job: InspectionJob): Promise<void> {
  const controller = new AbortController();
  const spool = new GrowingFile(job.spool);
  running.set(id, { controller, spool });
  try {
    parentPort?.postMessage({ id, inspected: await inspect(job, spool, controller.signal) });
  } catch (fault) {
    parentPort?.postMessage({ id, fault: fault instanceof Error ? fault.message : String(fault) });
  } finally {
    running.delete(id);
  }
}
