import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GrowingFile } from './growing-file.ts';

describe('a file that grows', () => {
  let folder: string;
  let path: string;
  const never = new AbortController().signal;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-growing-'));
    path = join(folder, 'file');
  });
  after(() => rmSync(folder, { recursive: true }));

  test('is read as far as it is said to go, and to its end', async () => {
    writeFileSync(path, 'skipped:one');
    const file = new GrowingFile(path);
    const read = file.read('skipped:'.length, never);
    const first = read.next();
    // Nobody has said yet that there is anything.
    file.grow({ bytes: 9, whole: false });
    assert.equal((await first).value?.toString(), 'o');
    const second = read.next();
    appendFileSync(path, ', two');
    file.grow({ bytes: 13, whole: false });
    assert.equal((await second).value?.toString(), 'ne, ');
    const length = file.length(never);
    file.grow({ bytes: 16, whole: true });
    assert.equal((await read.next()).value?.toString(), 'two');
    assert.deepEqual(await read.next(), { value: undefined, done: true });
    assert.equal(await length, 16);
    await file.whole;
  });

  test('is not waited for any longer than somebody wants it', async () => {
    const file = new GrowingFile(path);
    const controller = new AbortController();
    const waiting = [file.length(controller.signal), file.read(0, controller.signal).next()];
    controller.abort(new Error('nobody wants it'));
    for (const each of waiting) await assert.rejects(each, /nobody wants it/);
    await assert.rejects(file.length(controller.signal), /nobody wants it/);
  });

  test('that is shorter than was said is a fault', async () => {
    writeFileSync(path, 'short');
    const file = new GrowingFile(path);
    file.grow({ bytes: 100, whole: true });
    await assert.rejects(Array.fromAsync(file.read(0, never)), /shorter than was said/);
  });
});
