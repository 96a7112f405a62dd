import { Worker } from 'node:worker_threads';

interface Bounds {
  readonly patienceMs: number;
  readonly mostMegabytes: number;
}

/**
 * The one answer of a thread that ends with it, for what others wrote and may take too much; null where it took too long or too much
 * memory, or failed. Nothing that it prints is shown: what a fault prints could hold a piece of what it was given.
 */
export function answerOfThread<Answer>(entry: URL, given: unknown, { patienceMs, mostMegabytes }: Bounds): Promise<Answer | null> {
  return new Promise((resolve) => {
    const fault = () => resolve(null);
    const worker = new Worker(entry, {
      workerData: given,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
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
