import { Worker } from 'node:worker_threads';
import type { ThreadAnswer } from './cut.ts';

/**
 * Up to here a text is parsed at once (measured: under 3 ms); its nesting cannot exhaust the parser, which takes 3,200
 * levels of at least 3 characters each. Longer ones go to a thread that is thrown away when it misbehaves.
 */
export const parseAtOnce = 8 * 1024;
const patienceMs = 10_000;

interface Message {
  readonly id: number;
  readonly answer: ThreadAnswer;
  readonly clean: boolean;
}

let worker: Worker | null = null;
let lastId = 0;
const waiting = new Map<number, (answer: ThreadAnswer) => void>();

/** Parses a text in a thread of its own. With `trees` false, the answer says only where the statements stand. */
export function parseApart(text: string, trees: boolean): Promise<ThreadAnswer> {
  worker ??= startWorker();
  const id = ++lastId;
  const running = worker;
  return new Promise((resolve) => {
    const patience = setTimeout(() => retire(running), patienceMs);
    waiting.set(id, (answer) => {
      clearTimeout(patience);
      resolve(answer);
    });
    running.ref();
    running.postMessage({ id, text, trees });
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL('./parser-worker.ts', import.meta.url));
  started.unref();
  started.on('message', ({ id, answer, clean }: Message) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) started.unref();
    resolve?.(answer);
    // Anything but a syntax error leaves the parser's memory in doubt: 26 MB leak for each text that nests too deep.
    if (!clean) retire(started);
  });
  started.on('error', () => retire(started));
  return started;
}

/** Throws the thread away; nothing is known of what it was asked. */
function retire(broken: Worker): void {
  if (worker === broken) {
    worker = null;
    for (const [id, answer] of waiting) {
      waiting.delete(id);
      answer(null);
    }
  }
  void broken.terminate();
}
