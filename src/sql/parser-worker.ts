import { parentPort } from 'node:worker_threads';
import { loadModule } from 'libpg-query';
import { cutStatements } from './cut.ts';

/** The parser in a thread of its own: it may leak or run out of its memory on hostile text, and is then thrown away. */
await loadModule();
parentPort?.on('message', ({ id, text }: { id: number; text: string }) => {
  try {
    parentPort?.postMessage({ id, statements: cutStatements(text) });
  } catch (fault) {
    const clean = fault instanceof Error && fault.name === 'SqlError';
    parentPort?.postMessage({ id, statements: null, clean });
  }
});
