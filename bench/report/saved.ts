import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Results } from '../results.ts';
import { documentOf, fileOf } from './document.ts';
import { pictureOf } from './picture.ts';

const checkout = resolve(import.meta.dirname, '../..');
const folder = join(checkout, 'bench', 'results');

/** The results that the document shows: of the last day on which a run was saved. Throws where there is none. */
export function lastSaved(): Results {
  const name = readdirSync(folder)
    .filter((file) => /^\d{4}-\d\d-\d\d\.json$/.test(file))
    .toSorted()
    .at(-1);
  if (name === undefined) throw new Error(`${folder} has no saved results; run \`npm run bench -- --save\`.`);
  // This program wrote it.
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Results;
}

/** Writes the results, and the document and picture made of them. */
export function save(results: Results): void {
  writeFileSync(join(folder, fileOf(results)), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(checkout, 'docs', 'benchmarks.md'), documentOf(results));
  writeFileSync(join(checkout, 'docs', 'benchmarks.svg'), pictureOf(results));
}

/** What every run leaves behind, saved or not; Git ignores it. */
export function keepLast(results: Results): void {
  writeFileSync(join(folder, 'last.json'), JSON.stringify(results));
}
