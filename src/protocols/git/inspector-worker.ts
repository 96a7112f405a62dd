import { parentPort } from 'node:worker_threads';
import { inspect } from './inspect.ts';
import type { InspectionJob, InspectorTold } from './inspection.ts';

/* Reads patches and looks for secrets in a thread of its own: a large push must not hold up what else passes the gateway. */
const running = new Map<number, AbortController>();

parentPort?.on('message', ({ id, job }: InspectorTold) => {
  if (job === null) running.get(id)?.abort();
  else void answer(id, job);
});

async function answer(id: number, job: InspectionJob): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    parentPort?.postMessage({ id, inspected: await inspect(job, controller.signal) });
  } catch (fault) {
    parentPort?.postMessage({ id, fault: fault instanceof Error ? fault.message : String(fault) });
  } finally {
    running.delete(id);
  }
}
