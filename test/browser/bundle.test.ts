import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from '../structure/tree.ts';

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}

const dist = join(root, 'web', 'dist');
const skip = existsSync(join(dist, '.vite', 'manifest.json')) ? false : 'the console is not built: npm run build';
const kilobyte = 1024;

/** What a page may weigh, in compressed JavaScript; the shell comes first and is not counted again. */
const budgets = {
  shell: 170,
  'src/pages/run.tsx': 60,
  'src/pages/session.tsx': 60,
  'src/pages/approval.tsx': 40,
  'src/pages/exchanges.tsx': 40,
};

describe('the console’s bundle', { skip }, () => {
  const manifest =
    skip === false ? (JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8')) as Readonly<Record<string, Chunk>>) : {};
  const shell = filesFrom(manifest, 'index.html');

  for (const [page, most] of Object.entries(budgets))
    test(`${page} weighs ${most} KB at most`, () => {
      const files = page === 'shell' ? shell : filesFrom(manifest, page).difference(shell);
      const weight = [...files].reduce((sum, file) => sum + statSync(join(dist, `${file}.gz`)).size, 0) / kilobyte;
      assert.ok(files.size > 0 && weight <= most, `${weight.toFixed(1)} KB in ${[...files].join(', ')}`);
    });

  test('the heavy parts come late: the editor, the reader of change sets, the terminal and the palette are in no page', () => {
    const heavy = Object.keys(manifest).filter((name) => /query-editor|diff-view|terminal-view|palette\/palette/.test(name));
    assert.equal(heavy.length, 4);
    for (const page of ['index.html', ...Object.keys(budgets).filter((name) => name !== 'shell')])
      for (const name of heavy) assert.ok(!filesFrom(manifest, page).has(manifest[name]?.file ?? ''), `${page} brings ${name}`);
  });

  test('the page names nothing from elsewhere, and has no script or style within it', () => {
    const page = readFileSync(join(dist, 'index.html'), 'utf8');
    assert.doesNotMatch(page, /https?:|<style|<script(?![^>]*\bsrc=)|\bon\w+=|style=/);
  });
});

/** The scripts that come with a page: its own and whatever they import at once. */
function filesFrom(manifest: Readonly<Record<string, Chunk>>, name: string): Set<string> {
  const files = new Set<string>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const chunk = manifest[next];
    assert.ok(chunk, `the manifest lacks ${next}`);
    if (files.has(chunk.file)) continue;
    files.add(chunk.file);
    open.push(...(chunk.imports ?? []));
  }
  return files;
}
