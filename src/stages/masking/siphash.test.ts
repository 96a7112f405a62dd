import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SipHash } from './siphash.ts';

/** Of the bytes 0, 1, 2 … by the key 00 01 … 0f, as the authors' reference has them and `openssl mac … SIPHASH` says too. */
const vectors: readonly (readonly [length: number, output: string])[] = [
  [0, 'a3817f04ba25a8e66df67214c7550293'],
  [1, 'da87c1d86b99af44347659119b22fc45'],
  [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
  [8, '3b62a9ba6258f5610f83e264f31497b4'],
  [9, '264499060ad9baabc47f8b02bb6d71ed'],
  [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
  [16, '6ee2a4ca67b054bbfd3315bf85230577'],
  [17, '473d06e8738db89854c066c47ae47740'],
  [50, 'a590d3ee4fbf04e3247e0d27f286423f'],
  [63, '5150d1772f50834a503e069a973fbd7c'],
];

describe('SipHash-2-4 of 128 bits', () => {
  const hash = new SipHash(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'));

  for (const [length, output] of vectors)
    test(`of ${length} bytes`, () => {
      const text = String.fromCharCode(...Array.from({ length }, (_, index) => index));
      assert.equal(hash.of(text).toString('hex'), output);
    });

  test('reads a text of any length, in UTF-8', () => {
    assert.equal(hash.of('größe\0日本\ud83d\ude00'.repeat(3)).toString('hex'), '936cca796bd9150f634598888d9d72cb');
    assert.equal(hash.of('long '.repeat(20_000)).toString('hex'), 'afb24be70fa0adfd1040e00a0be40d51');
    assert.equal(hash.of('').toString('hex'), vectors[0]?.[1]);
  });

  test('of a pair of numbers is the beginning of that of their eight bytes', () => {
    assert.equal(hash.ofPair(0x03020100, 0x07060504), Buffer.from('3b62a9ba', 'hex').readUInt32LE());
  });

  test('takes no key of another length', () => {
    assert.throws(() => new SipHash(Buffer.alloc(32)), /16 bytes/);
  });
});
