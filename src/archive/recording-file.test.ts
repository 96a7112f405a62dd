import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32, zstdDecompressSync } from 'node:zlib';
import type { Entry } from '../core/entry.ts';
import { encodeFrame } from '../core/frame.ts';
import { createId } from '../core/identifier.ts';
import { appendFrames, readRecording, reopenRecording } from './recording-file.ts';

const session = createId();
const entryOf = (sequence: number, size = 20): Entry => ({
  session,
  sequence,
  at: sequence,
  exchange: 1,
  kind: 'bytes',
  direction: 'reply',
  bytes: Buffer.alloc(size, sequence),
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function inFolder(work: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'recording-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a recording file', () => {
  it('gives back what was appended, in blocks of bounded size, and is private', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'day', `${session}.rec.zst`);
      const entries = [entryOf(0), entryOf(1, 900_000), entryOf(2, 900_000), entryOf(3, 16 * 1024 * 1024), entryOf(4)];
      appendFrames(path, entries.slice(0, 3).map(encodeFrame));
      appendFrames(path, entries.slice(3).map(encodeFrame));
      const read = await collect(readRecording(path));
      assert.deepEqual(read.map(encodeFrame), entries.map(encodeFrame));
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(statSync(join(folder, 'day')).mode & 0o777, 0o700);
    }));

  it('is read in its first version too', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.rec.zst');
      appendFrames(path, [encodeFrame(entryOf(0))]);
      const block = readFileSync(path);
      block.writeUInt32LE(0x31524843, 8);
      block.writeUInt32LE(crc32(block.subarray(8, 20)), 24);
      writeFileSync(path, block);
      appendFrames(path, [encodeFrame(entryOf(1))]);
      assert.equal((await collect(readRecording(path))).length, 2);
    }));

  it('is a plain zstd file to others', (context) =>
    inFolder((folder) => {
      const path = join(folder, 'a.rec.zst');
      const frames = [entryOf(0), entryOf(1), entryOf(2)].map(encodeFrame);
      appendFrames(path, frames.slice(0, 1));
      appendFrames(path, frames.slice(1));
      assert.deepEqual(zstdDecompressSync(readFileSync(path)), Buffer.concat(frames));
      try {
        assert.deepEqual(execFileSync('zstd', ['-dcq', path]), Buffer.concat(frames));
      } catch (fault) {
        if (!(fault instanceof Error && 'code' in fault && fault.code === 'ENOENT')) throw fault;
        context.diagnostic('zstd is not installed: not tried with it');
      }
    }));

  it('cuts a torn tail at every byte and goes on', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.rec.zst');
      appendFrames(path, [encodeFrame(entryOf(0))]);
      const first = statSync(path).size;
      appendFrames(path, [encodeFrame(entryOf(1))]);
      const whole = readFileSync(path);
      for (let length = first; length < whole.length; length += 1) {
        writeFileSync(path, whole.subarray(0, length));
        assert.equal((await collect(readRecording(path))).length, 1);
        const cuts: [number, string | null][] = [];
        assert.equal([...reopenRecording(path, (bytes, kept) => cuts.push([bytes, kept]))].length, 1);
        assert.deepEqual(cuts, length === first ? [] : [[length - first, null]]);
        appendFrames(path, [encodeFrame(entryOf(1))]);
        assert.deepEqual(readFileSync(path), whole);
      }
    }));

  it('finds every flipped byte: the last block is torn, an earlier one is damage', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.rec.zst');
      appendFrames(path, [encodeFrame(entryOf(0))]);
      const first = statSync(path).size;
      appendFrames(path, [encodeFrame(entryOf(1))]);
      const whole = readFileSync(path);
      for (let at = 0; at < whole.length; at += 1) {
        // The size field of the skippable frame is for other readers; ours takes it as given.
        if (at % first >= 4 && at % first < 8) continue;
        const broken = Buffer.from(whole);
        broken[at] = (broken[at] ?? 0) ^ 0x10;
        writeFileSync(path, broken);
        const read = await collect(readRecording(path)).catch(() => []);
        assert.ok(read.length <= (at < first ? 0 : 1), `byte ${at}`);
      }
    }));

  it('keeps a copy of what is more than a torn tail', () =>
    inFolder((folder) => {
      const path = join(folder, 'a.rec.zst');
      for (const at of [0, 1, 2]) appendFrames(path, [encodeFrame(entryOf(at))]);
      const whole = readFileSync(path);
      whole[40] = (whole[40] ?? 0) ^ 1;
      writeFileSync(path, whole);
      const cuts: (string | null)[] = [];
      assert.deepEqual([...reopenRecording(path, (_bytes, kept) => cuts.push(kept))], []);
      assert.deepEqual(cuts, [`${path}.0.damaged`]);
      assert.deepEqual(readFileSync(`${path}.0.damaged`), whole);
    }));
});
