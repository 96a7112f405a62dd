import { Worker } from 'node:worker_threads';
import { ChaperoneError } from '../../core/errors.ts';
import type { Tried, TrialOrder } from './trial.ts';

/** Loading what detectors stand on takes most of it. */
const patienceMs = 20_000;
/** A pattern of a thousand characters can be a large automaton. */
const mostMegabytes = 256;

/**
 * Tries it in a thread that ends with it: what detectors stand on is 56 MB, and nothing of a sample stays anywhere. A fault says
 * nothing of what was tried.
 */
export function tryInThread(order: TrialOrder): Promise<Tried> {
  return new Promise((resolve, reject) => {
    const fault = () => reject(new ChaperoneError('LIMIT_EXCEEDED', 'The sample or the draft takes too much to be tried.'));
    const worker = new Worker(new URL('./trial-worker.ts', import.meta.url), {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
      // What a fault prints could hold a piece of the sample.
      stderr: true,
      stdout: true,
    });
    const late = setTimeout(() => void worker.terminate(), patienceMs);
    worker.once('message', resolve);
    worker.once('error', fault);
    worker.once('exit', () => {
      clearTimeout(late);
      fault();
    });
  });
}
