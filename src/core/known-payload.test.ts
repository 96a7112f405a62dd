import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { KnownPayload, sumOfFew } from './known-payload.ts';

describe('a checksum put together', () => {
  for (const length of [0, 1, 2, 3, 7, 8, 44, 100, 255, 256, 257, 1000, 4095, 65_537, 1_000_003])
    test(`is that of the whole, with ${length} bytes behind`, () => {
      const payload = randomBytes(length);
      const known = new KnownPayload(payload);
      for (let round = 0; round < 20; round += 1) {
        const head = randomBytes(36);
        assert.equal(known.sumBehind(crc32(head)) >>> 0, crc32(payload, crc32(head)));
      }
    });

  test('of a few bytes is the library’s', () => {
    for (let length = 0; length < 100; length += 1) {
      const bytes = randomBytes(length + 16);
      assert.equal(sumOfFew(bytes, 8, 8 + length) >>> 0, crc32(bytes.subarray(8, 8 + length)));
    }
  });
});
