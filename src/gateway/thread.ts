import { Worker } from 'node:worker_threads';
import { ChaperoneError } from '../core/errors.ts';
import { type Calls, connectThreads, type Handlers } from './calls.ts';

/** A thread of the gateway's, and the calls it answers. */
export interface Thread<Theirs extends Handlers> {
  readonly calls: Calls<Theirs>;
  /** Resolves when the thread has ended by itself or was ended; rejects where a fault ended it. */
  readonly ended: Promise<void>;
  terminate(): Promise<void>;
}

/** Starts `entry` as a thread with `data` as its workerData; `handlers` answer what it asks. */
export function startThread<Theirs extends Handlers>(entry: URL, data: unknown, handlers: Handlers): Thread<Theirs> {
  const worker = new Worker(entry, { workerData: data });
  const calls = connectThreads<Theirs>(worker, handlers);
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', (fault) => {
      calls.failAll(new ChaperoneError('INTERNAL', `a thread ended by a fault: ${String(fault)}`, { cause: fault }));
      reject(fault);
    });
    worker.once('exit', () => {
      calls.failAll(new ChaperoneError('INTERNAL', 'the thread has ended'));
      resolve();
    });
  });
  ended.catch(() => {});
  return { calls, ended, terminate: async () => void (await worker.terminate()) };
}
