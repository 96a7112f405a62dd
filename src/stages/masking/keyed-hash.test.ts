import assert from 'node:assert/strict';
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { KeyedHash } from './keyed-hash.ts';

describe('the keyed hash', () => {
  const texts = ['', 'a', 'größe\0日本', '\ud83d\ude00'.repeat(20), 'x'.repeat(1_365), 'ß'.repeat(1_366), 'long '.repeat(20_000)];
  for (const bytes of [1, 32, 64])
    test(`is HMAC-SHA-256 with a key of ${bytes} bytes`, () => {
      const key = createSecretKey(randomBytes(bytes));
      const keyed = new KeyedHash(key);
      for (const text of [...texts, ...texts.toReversed()])
        assert.equal(keyed.of(text), createHmac('sha256', key).update(text).digest('latin1'), text.slice(0, 20));
    });

  test('takes no key that would have to be hashed first', () => {
    assert.throws(() => new KeyedHash(createSecretKey(randomBytes(65))), /more than a block/);
  });
});
