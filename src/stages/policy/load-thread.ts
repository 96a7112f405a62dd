import { Worker } from 'node:worker_threads';
import type { LoadOrder } from './load-worker.ts';
import type { PolicyProblem, PolicySet } from './policy.ts';

/** Measured: 1,000 policies take 0.4 s to validate, for which nobody on the data plane may wait. With `patienceMs` it is given up after so long. */
export function loadInThread(order: LoadOrder, patienceMs = 0): Promise<PolicySet | PolicyProblem[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData: order });
    const late = patienceMs === 0 ? null : setTimeout(() => void worker.terminate(), patienceMs);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (late !== null) clearTimeout(late);
      reject(new Error(`the thread that reads policies ended with ${code}`));
    });
  });
}
