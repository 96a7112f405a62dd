import { Worker } from 'node:worker_threads';
import type { Growth } from './growing-file.ts';
import type { Inspected, InspectionJob, InspectorTold } from './inspection.ts';

type Message = { readonly id: number } & ({ readonly inspected: Inspected } | { readonly fault: string });
interface Waiting {
  readonly resolve: (inspected: Inspected) => void;
  readonly reject: (fault: Error) => void;
}

/** Beyond the job's own limit of time: a thread that does not keep it (a pattern that backtracks) is thrown away. */
const graceMs = 5_000;
/** Heap of the thread; patches are read in blocks, and commits of one push are held together. */
const mostMemoryMb = 1_024;

let worker: Worker | null = null;
let lastId = 0;
const waiting = new Map<number, Waiting>();

/** Starts the thread, where there is none, for a push that is about to come. */
export function expectPush(): void {
  worker ??= startWorker();
}

/** What tells how far a push has come, now and whenever it has come further. */
interface Followed {
  follow(follower: (growth: Growth) => void): void;
}

/**
 * Finds out what a push does while it still comes, in a thread of its own, which stops when nobody wants to know any more. Rejects where
 * that thread fails.
 */
export function inspectApart(job: InspectionJob, spool: Followed, unwanted: AbortSignal): Promise<Inspected> {
  worker ??= startWorker();
  const running = worker;
  const id = ++lastId;
  const tell = (told: InspectorTold) => running.postMessage(told);
  return new Promise<Inspected>((resolve, reject) => {
    let late: NodeJS.Timeout | undefined;
    const forget = () => tell({ id, job: null });
    const settled =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        clearTimeout(late);
        unwanted.removeEventListener('abort', forget);
        waiting.delete(id);
        if (waiting.size === 0) running.unref();
        settle(value);
      };
    waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
    running.ref();
    tell({ id, job });
    spool.follow((growth) => {
      if (!waiting.has(id)) return;
      if (growth.whole) late = setTimeout(() => retire(running, 'the push took too long to look into'), job.limits.ms + graceMs);
      tell({ id, growth });
    });
    if (unwanted.aborted) forget();
    else unwanted.addEventListener('abort', forget, { once: true });
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL('./inspector-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: mostMemoryMb },
  });
  started.unref();
  started.on('message', (message: Message) => {
    const asked = waiting.get(message.id);
    if ('inspected' in message) asked?.resolve(message.inspected);
    else asked?.reject(new Error(message.fault));
  });
  started.on('error', (fault) => retire(started, fault instanceof Error ? fault.message : String(fault)));
  return started;
}

function retire(broken: Worker, why: string): void {
  if (worker === broken) {
    worker = null;
    for (const { reject } of waiting.values()) reject(new Error(why));
  }
  void broken.terminate();
}
