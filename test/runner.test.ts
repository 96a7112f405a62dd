import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from './structure/tree.ts';

const header = "import { describe, test } from 'node:test';\n";
const good = `${header}test('good', () => {}); describe('a group', () => { test('inner', () => {}); });`;
const skipping = `${header}test('by option', { skip: 'no psql' }, () => {}); test('by call', (t) => t.skip('not root'));`;
const bad = `${header}test('bad', () => { throw new Error('boom'); });`;

const cases: readonly { readonly name: string; readonly files: Record<string, string>; readonly last: string; readonly status: number }[] =
  [
    { name: 'all pass', files: { 'src/a.test.ts': good, 'test/e2e/b.test.ts': good }, last: '4 passed, 0 failed, 0 skipped', status: 0 },
    {
      name: 'a quick one fails',
      files: { 'src/a.test.ts': bad, 'test/e2e/b.test.ts': good },
      last: '2 passed, 1 failed, 0 skipped',
      status: 1,
    },
    {
      name: 'a whole one fails',
      files: { 'src/a.test.ts': good, 'test/e2e/b.test.ts': bad },
      last: '2 passed, 1 failed, 0 skipped',
      status: 1,
    },
    {
      name: 'some are skipped',
      files: { 'src/a.test.ts': good, 'test/e2e/b.test.ts': skipping },
      last: '2 passed, 0 failed, 2 skipped',
      status: 0,
    },
    {
      name: 'one cannot be loaded',
      files: { 'src/a.test.ts': good, 'src/b.test.ts': "import './none.ts';" },
      last: '2 passed, 1 failed, 0 skipped',
      status: 1,
    },
    {
      name: 'one dies',
      files: { 'src/a.test.ts': good, 'test/e2e/b.test.ts': 'process.exit(3);' },
      last: '2 passed, 1 failed, 0 skipped',
      status: 1,
    },
    {
      name: 'the quick ones die together',
      files: { 'src/a.test.ts': 'process.exit(0);', 'test/e2e/b.test.ts': good },
      last: '2 passed, 0 failed, 0 skipped',
      status: 1,
    },
    { name: 'there is none', files: {}, last: '0 passed, 0 failed, 0 skipped', status: 1 },
  ];

/** Runs scripts/test.mjs in a project of its own that has these files. */
function runIn(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-runner-'));
  try {
    cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    // Inside of a test, node:test would take the run for a part of itself.
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const { stdout, status } = spawnSync(process.execPath, ['scripts/test.mjs', 'src', 'test'], { cwd: folder, env, encoding: 'utf8' });
    return { lines: stdout.trimEnd().split('\n'), status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the test command', () => {
  for (const { name, files, last, status } of cases)
    test(`tells the truth where ${name}`, () => {
      const outcome = runIn(files);
      assert.deepEqual({ last: outcome.lines.at(-1), status: outcome.status }, { last, status });
    });

  test('lists what was skipped, and why', () => {
    const { lines } = runIn({ 'test/e2e/a.test.ts': skipping, 'src/b.test.ts': good });
    assert.deepEqual(
      lines.filter((line) => line.startsWith('skipped:')),
      ['skipped: test/e2e/a.test.ts: by option: no psql', 'skipped: test/e2e/a.test.ts: by call: not root'],
    );
  });
});
