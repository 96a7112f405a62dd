import { parentPort } from 'node:worker_threads';
import { loadModule } from 'libpg-query';
import { cutStatements, type ThreadAnswer } from './cut.ts';
import { thin } from './thin.ts';

/** The parser in a thread of its own: it may leak or run out of its memory on hostile text, and is then thrown away. */
await loadModule();
parentPort?.on('message', ({ id, text, trees }: { id: number; text: string; trees: boolean }) => {
  try {
    const statements = cutStatements(text).map((statement) => ({ ...statement, tree: trees ? thin(statement.tree) : null }));
    send(id, { statements }, true);
  } catch (fault) {
    const clean = fault instanceof Error && fault.name === 'SqlError';
    send(id, clean ? { complaint: fault.message } : null, clean);
  }
});

function send(id: number, answer: ThreadAnswer, clean: boolean): void {
  parentPort?.postMessage({ id, answer, clean });
}
