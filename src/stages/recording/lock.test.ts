import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { acquireLock } from './lock.ts';
import { TestState } from './testing.ts';

async function inState(work: (state: string, path: string) => Promise<void>): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), 'chaperone-lock-'));
  try {
    await work(state, join(state, 'lock'));
  } finally {
    rmSync(state, { recursive: true });
  }
}

test('one gateway holds a state folder, and the next one is told which process that is', () =>
  inState(async (state, path) => {
    const lock = await acquireLock(state);
    await assert.rejects(acquireLock(state), { code: 'RECORDER_FAULT', message: new RegExp(`process ${process.pid};`) });
    assert.ok(readFileSync(path, 'utf8').startsWith(`${process.pid} `));
    lock.release();
    assert.deepEqual(readdirSync(state), []);
    (await acquireLock(state)).release();
  }));

test('a lock whose process is gone, or whose number went to another process, is taken over', () =>
  inState(async (state, path) => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const stale = [
      `${pid} 123@boot\n`,
      `${pid}\n`,
      '',
      'garbage',
      ...(process.platform === 'linux' ? [`${process.pid} 1@another-boot\n`] : []),
    ];
    for (const content of stale) {
      writeFileSync(path, content);
      const lock = await acquireLock(state);
      assert.ok(readFileSync(path, 'utf8').startsWith(`${process.pid} `), content);
      lock.release();
      assert.deepEqual(readdirSync(state), [], content);
    }
  }));

test('a lock is given back only by who holds it', () =>
  inState(async (state, path) => {
    const lock = await acquireLock(state);
    writeFileSync(path, 'taken over');
    lock.release();
    assert.equal(readFileSync(path, 'utf8'), 'taken over');
  }));

test('the journal takes the lock unless its caller has it, and gives it back', async () => {
  await using state = new TestState();
  const journal = await state.open();
  await assert.rejects(state.open(), { code: 'RECORDER_FAULT', message: /another gateway/ });
  await journal.close();
  const lock = await acquireLock(state.path);
  await (await state.open({ lock })).close();
  await assert.rejects(acquireLock(state.path), { code: 'RECORDER_FAULT' });
  lock.release();
});
