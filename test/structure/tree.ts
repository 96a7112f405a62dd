import { globSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Module, readModule } from './module.ts';

/** The folder of the project, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The modules of a tree by their path in it, `src/core/action.ts`. */
export type Tree = ReadonlyMap<string, Module>;

/** Every TypeScript file under `src`. */
export function sourceTree(): Tree {
  const paths = globSync('src/**/*.ts', { cwd: root }).map((path) => path.replaceAll(sep, '/'));
  return treeOf(Object.fromEntries(paths.toSorted().map((path) => [path, readFileSync(root + path, 'utf8')])));
}

export function treeOf(files: { readonly [path: string]: string }): Tree {
  return new Map(Object.entries(files).map(([path, text]) => [path, readModule(path, text)]));
}

/** Tests and what only they use: they may name a protocol and mint a proof, and functions in them may be long. */
export function isTest(path: string): boolean {
  return /\.test(-support)?\.ts$|\/testing(\.ts$|\/)|\/test-[^/]*\.ts$/.test(path);
}
