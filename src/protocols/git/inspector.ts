import { Worker } from 'node:worker_threads';
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

/** Finds out what a push does, in a thread of its own, which stops when nobody wants to know any more. Rejects where that thread fails. */
export function inspectApart(job: InspectionJob, unwanted: AbortSignal): Promise<Inspected> {
  worker ??= startWorker();
  const running = worker;
  const id = ++lastId;
  return new Promise<Inspected>((resolve, reject) => {
    const late = setTimeout(() => retire(running, 'the push took too long to look into'), job.limits.ms + graceMs);
    const forget = () => running.postMessage({ id, job: null } satisfies InspectorTold);
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
    running.postMessage({ id, job } satisfies InspectorTold);
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
