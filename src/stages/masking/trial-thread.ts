import { ChaperoneError } from '../../core/errors.ts';
import { answerOfThread } from '../../wire/bounded-thread.ts';
import type { Tried, TrialOrder } from './trial.ts';

const bounds = {
  /** Loading what detectors stand on takes most of it. */
  patienceMs: 20_000,
  /** A pattern of a thousand characters can be a large automaton. */
  mostMegabytes: 256,
};

/**
 * Tries it in a thread that ends with it: what detectors stand on is 56 MB, and nothing of a sample stays anywhere. A fault says
 * nothing of what was tried.
 */
export async function tryInThread(order: TrialOrder): Promise<Tried> {
  const tried = await answerOfThread<Tried>(new URL('./trial-worker.ts', import.meta.url), order, bounds);
  if (tried === null) throw new ChaperoneError('LIMIT_EXCEEDED', 'The sample or the draft takes too much to be tried.');
  return tried;
}
