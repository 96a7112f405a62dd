import { Worker } from 'node:worker_threads';
import type { Originals, SessionKey } from '../../core/originals.ts';
import type { KeyOrder } from './session-key.ts';

/** Keys that are at hand before a session asks for one. */
const spare = 8;

/**
 * Fills the port: keys for sessions, made ahead in a thread of their own. To encrypt one takes 2 ms for each recipient and 6 ms where
 * it is post-quantum, for which nobody on the data plane may wait.
 */
export function createOriginals(recipients: readonly string[]): Originals {
  const pool = new KeyPool({ recipients });
  pool.fill();
  return { key: () => pool.take(), unused: (key) => pool.put(key) };
}

type Waiting = PromiseWithResolvers<SessionKey>;

class KeyPool {
  readonly #order: KeyOrder;
  readonly #ready: SessionKey[] = [];
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;
  /** How many the thread was asked for and has not made yet. */
  #asked = 0;

  constructor(order: KeyOrder) {
    this.#order = order;
  }

  take(): Promise<SessionKey> {
    const waiting = Promise.withResolvers<SessionKey>();
    const ready = this.#ready.pop();
    if (ready === undefined) this.#waiting.push(waiting);
    else waiting.resolve(ready);
    this.fill();
    return waiting.promise;
  }

  put(key: SessionKey): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(key);
    else if (this.#ready.length < spare) this.#ready.push(key);
    else key.key.fill(0);
  }

  fill(): void {
    const worker = (this.#worker ??= this.#start());
    for (; this.#ready.length + this.#asked < spare + this.#waiting.length; this.#asked += 1) worker.postMessage(null);
    if (this.#waiting.length > 0) worker.ref();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./key-worker.ts', import.meta.url), { workerData: this.#order });
    worker.unref();
    worker.on('message', (key: SessionKey) => {
      this.#asked -= 1;
      this.put(key);
      if (this.#waiting.length === 0) worker.unref();
    });
    worker.once('error', (fault: unknown) => this.#lost(worker, fault));
    worker.once('exit', () => this.#lost(worker, new Error('the thread that makes keys for originals has ended')));
    return worker;
  }

  /** Whoever waits is told no; who comes next has another thread started. */
  #lost(worker: Worker, fault: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#asked = 0;
    for (const { reject } of this.#waiting.splice(0)) reject(fault);
  }
}
