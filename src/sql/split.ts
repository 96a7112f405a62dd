import { Worker } from 'node:worker_threads';

/**
 * Up to here a text is parsed at once (measured: under 3 ms); its nesting cannot exhaust the parser, which takes 3,200
 * levels of at least 3 characters each. Longer ones go to a thread that is thrown away when it misbehaves.
 */
const parseAtOnce = 8 * 1024;
const workerPatienceMs = 10_000;

type Cut = (text: string) => readonly string[];
let cut: Cut | null = null;
let loading: Promise<Cut> | null = null;

/** Compiling the parser takes 50 ms of a core, and most clients never send two statements at once: it waits for the first. */
function loadParser(): Promise<Cut> {
  loading ??= Promise.all([import('libpg-query'), import('./cut.ts')]).then(async ([{ loadModule }, { cutStatements }]) => {
    await loadModule();
    cut = cutStatements;
    return cutStatements;
  });
  return loading;
}

/**
 * Cuts the text of a simple query into its statements. A text that PostgreSQL's grammar does not know stays whole: the
 * server decides on it as a whole too. Without a semicolon before its end there is one statement and nothing is parsed.
 */
export function splitStatements(text: string): readonly string[] | Promise<readonly string[]> {
  if (!/;\s*\S/.test(text)) return [text];
  if (text.length > parseAtOnce) return splitInWorker(text).then((statements) => wholeUnless(statements, text));
  return cut === null ? loadParser().then((loaded) => cutBy(loaded, text)) : cutBy(cut, text);
}

function cutBy(parser: Cut, text: string): readonly string[] {
  try {
    return wholeUnless(parser(text), text);
  } catch {
    return [text];
  }
}

function wholeUnless(statements: readonly string[] | null, text: string): readonly string[] {
  return statements === null || statements.length === 0 ? [text] : statements;
}

interface Answer {
  readonly id: number;
  readonly statements: readonly string[] | null;
  readonly clean?: boolean;
}

let worker: Worker | null = null;
let lastId = 0;
const waiting = new Map<number, (statements: readonly string[] | null) => void>();

function splitInWorker(text: string): Promise<readonly string[] | null> {
  worker ??= startWorker();
  const id = ++lastId;
  const running = worker;
  return new Promise((resolve) => {
    const patience = setTimeout(() => retire(running), workerPatienceMs);
    waiting.set(id, (statements) => {
      clearTimeout(patience);
      resolve(statements);
    });
    running.ref();
    running.postMessage({ id, text });
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL('./parser-worker.ts', import.meta.url));
  started.unref();
  started.on('message', ({ id, statements, clean }: Answer) => {
    const answer = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) started.unref();
    answer?.(statements);
    // Anything but a syntax error leaves the parser's memory in doubt: 26 MB leak for each text that nests too deep.
    if (clean === false) retire(started);
  });
  started.on('error', () => retire(started));
  return started;
}

/** Throws the thread away; what it was asked stays one statement each. */
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
