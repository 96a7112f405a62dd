import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { drained } from './drained.ts';

describe('a stream that is full', () => {
  test('is waited for until it is read, and nothing listens to it afterwards', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const before = stream.listenerCount('close');
    for (let round = 0; round < 20; round += 1) {
      assert.equal(stream.write('x'.repeat(20)), false);
      const waiting = drained(stream);
      stream.read();
      await waiting;
    }
    assert.deepEqual([stream.listenerCount('drain'), stream.listenerCount('close')], [0, before]);
  });

  test('is not waited for when it is closed', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    stream.write('x'.repeat(20));
    const waiting = drained(stream);
    stream.destroy();
    await waiting;
    await drained(stream);
  });
});
