import { Readable } from 'node:stream';
import type { NotRegistered, TrialReport } from './gateway-port.ts';

type Steps = TrialReport['steps'];
type Tried = { readonly kind: 'tried'; readonly report: TrialReport } | NotRegistered;

export const trialLinesType = 'application/x-ndjson; charset=utf-8';

/**
 * A trial as lines while it goes on: the steps so far whenever one begins, and last what came of it. What is refused before the first step
 * is an answer of its own.
 */
export async function trialLines(attempt: (told: (steps: Steps) => void) => Promise<Tried>): Promise<Readable | NotRegistered> {
  const lines = follow(attempt);
  const first = await lines.next();
  if (first.done === true || 'kind' in first.value) return first.value as NotRegistered;
  return Readable.from(texts(first.value, lines), { objectMode: false });
}

type Line = { readonly steps: Steps } | { readonly report: TrialReport };

async function* texts(first: Line, rest: AsyncIterable<Line | NotRegistered>): AsyncGenerator<string> {
  yield `${JSON.stringify(first)}\n`;
  for await (const line of rest) yield `${JSON.stringify(line)}\n`;
}

async function* follow(attempt: (told: (steps: Steps) => void) => Promise<Tried>): AsyncGenerator<Line | NotRegistered> {
  let steps: Steps | null = null;
  let more = Promise.withResolvers<null>();
  const tried = attempt((told) => {
    steps = told;
    more.resolve(null);
  });
  for (;;) {
    const over = await Promise.race([more.promise, tried]);
    if (over !== null) return yield over.kind === 'tried' ? { report: over.report } : over;
    more = Promise.withResolvers();
    if (steps !== null) yield { steps };
  }
}
