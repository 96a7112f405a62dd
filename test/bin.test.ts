import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { root } from './structure/tree.ts';

const place = mkdtempSync(join(tmpdir(), 'chaperone-bin-'));
after(() => rmSync(place, { recursive: true }));
const whole = projectOf('whole', true);
const bare = projectOf('bare', false);
const old = olderNode();
const needsOld = old === null ? { skip: 'no Node older than 24 in PATH' } : {};

/** The command in a project of its own, whose main says how it was started and ends with 7, on SIGTERM with 3. */
function projectOf(name: string, withNode: boolean): string {
  const folder = join(place, name);
  for (const inner of ['bin', 'src', 'node_modules/.bin']) mkdirSync(join(folder, inner), { recursive: true });
  for (const file of ['bin/chaperone.js', 'bin/kept-code.js']) copyFileSync(join(root, file), join(folder, file));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'src/main.ts'),
    `process.on('SIGTERM', () => process.exit(3));
     const [major] = process.versions.node.split('.') as [string];
     console.log(Number(major) >= 24, ...process.argv.slice(2));
     if (process.argv.includes('wait')) setInterval(() => {}, 1000);
     else process.exitCode = 7;`,
  );
  if (withNode) symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));
  return join(folder, 'bin/chaperone.js');
}

/** A Node that needs the handing over: npm scripts put the project's own first in PATH, the user's comes after it. */
function olderNode(): string | null {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  const isOlder = (file: string) =>
    existsSync(file) && Number.parseInt(execFileSync(file, ['-p', 'process.versions.node']).toString(), 10) < 24;
  return candidates.find(isOlder) ?? null;
}

describe('the command', () => {
  test('runs on a Node that is new enough', () => {
    const { stdout, status } = spawnSync(process.execPath, [whole, 'serve', '--config', 'a b'], { encoding: 'utf8' });
    assert.deepEqual({ stdout, status }, { stdout: 'true serve --config a b\n', status: 7 });
  });

  test('hands over to the Node of the project', needsOld, () => {
    const { stdout, status } = spawnSync(old ?? '', [whole, 'serve', '--config', 'a b'], { encoding: 'utf8' });
    assert.deepEqual({ stdout, status }, { stdout: 'true serve --config a b\n', status: 7 });
  });

  test('hands on a signal, and how it ended', needsOld, async () => {
    const child = spawn(old ?? '', [whole, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [3, null]);
  });

  test('says what to do where there is no Node to run on', needsOld, () => {
    const { stderr, status } = spawnSync(old ?? '', [bare], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /version 24 or newer is needed.*\n.*node scripts\/install\.mjs/);
  });
});
