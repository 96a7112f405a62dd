import type { CutStatement } from './cut.ts';

/** Cuts and parses a text; throws where PostgreSQL's grammar does not know it. */
export type Parser = (text: string) => readonly CutStatement[];

let loading: Promise<Parser> | null = null;

/** Compiling the parser takes 50 ms of a core, and most clients never send two statements at once: it waits for the first. */
export function loadParser(): Promise<Parser> {
  loading ??= Promise.all([import('libpg-query'), import('./cut.ts')]).then(async ([{ loadModule }, { cutStatements }]) => {
    await loadModule();
    return cutStatements;
  });
  return loading;
}
