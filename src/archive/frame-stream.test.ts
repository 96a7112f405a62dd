import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import { entriesOf, framesOf } from './frame-stream.ts';

const session = createId();
const entries: readonly Entry[] = [0, 10, 200_000, 3, 70_000].map((length, sequence) => ({
  session,
  sequence,
  at: sequence,
  exchange: 1,
  kind: 'bytes',
  direction: 'reply',
  bytes: Buffer.alloc(length, sequence),
}));

async function* each<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

async function whole(): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(framesOf(each(entries))));
}

function pieces(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
}

describe('entries on their way to a reader', () => {
  for (const length of [1, 7, 4096, 1_000_000])
    test(`arrive as they were, in pieces of ${length}`, async () => {
      assert.deepEqual(await Array.fromAsync(entriesOf(each(pieces(await whole(), length)))), entries);
    });

  test('are not whole where the last one is not', async () => {
    const bytes = await whole();
    await assert.rejects(Array.fromAsync(entriesOf(each([bytes.subarray(0, -1)]))), /ends within an entry/);
  });

  test('are not believed where a byte is another', async () => {
    const bytes = await whole();
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await assert.rejects(Array.fromAsync(entriesOf(each([bytes]))), /checksum/);
  });
});
