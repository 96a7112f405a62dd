import assert from 'node:assert/strict';
import { createHmac, createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { luhn } from './detectors/card.ts';
import { detectors } from './detectors/index.ts';
import { labelledSet } from './labelled.test-support.ts';
import { Permutation } from './permutation.ts';
import { Pseudonyms } from './pseudonyms.ts';
import { Screen } from './screen.ts';
import { shapeOf } from './shape.ts';
import { SipHash } from './siphash.ts';

const keyOf = (byte: number) => createSecretKey(Buffer.alloc(32, byte));

describe('pseudonyms', () => {
  const one = new Pseudonyms(keyOf(1));

  test('are HMAC-SHA-256 under the key, apart for each use', () => {
    assert.deepEqual(one.digest('text', 'Alice'), createHmac('sha256', Buffer.alloc(32, 1)).update('text\0Alice').digest());
    assert.notDeepEqual(one.digest('text', 'Alice'), one.digest('email', 'Alice'));
  });

  test('are the same after a restart and others under another key', () => {
    assert.equal(one.text('Alice', 'text'), new Pseudonyms(keyOf(1)).text('Alice', 'text'));
    assert.notEqual(one.text('Alice', 'text'), new Pseudonyms(keyOf(2)).text('Alice', 'text'));
    assert.notEqual(one.integer('42'), new Pseudonyms(keyOf(2)).integer('42'));
  });

  test('stay the same when many other values have come between', () => {
    const first = one.text('Alice', 'text');
    for (let index = 0; index < 70_000; index += 1) one.text(`user ${index}`, 'text');
    assert.equal(one.text('Alice', 'text'), first);
  });

  test('of cards hold by Luhn and of accounts modulo 97, and no network or country has them', () => {
    for (let index = 0; index < 500; index += 1) {
      const card = one.text(String(4_000_000_000_000_000 + index), 'card');
      assert.ok(luhn(card) && card.startsWith('9') && card.length === 16);
      const account = one.text(`DE${89_370_400_440_532_013_000n + BigInt(index)}`, 'iban');
      const number = BigInt((account.slice(4) + account.slice(0, 4)).replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55)));
      assert.equal(number % 97n, 1n);
      assert.ok(account.startsWith('XX'));
    }
  });

  test('hold nothing that a detector would find', () => {
    const uses = detectors.map(
      (detector) => ({ name: detector.name, shape: detector.shape, action: 'redact', rule: '', detector }) as const,
    );
    const screen = new Screen(uses, []);
    for (const { text, values } of labelledSet())
      for (const { start, end, name } of values.filter(({ name }) => name !== '-')) {
        const made = one.text(text.slice(start, end), detectors.find((detector) => detector.name === name)?.shape ?? 'text');
        const found = screen.find(`value: ${made}`, '').map(({ cause }) => cause.name);
        assert.deepEqual(
          found.filter((name) => name !== 'ip'),
          [],
          `${text} → ${made}`,
        );
      }
  });

  test('of a column and of a place in free text are the same', () => {
    for (const text of ['alice@example.com', '4111 1111 1111 1111', 'DE89370400440532013000', '+49 30 901820', '203.0.113.9'])
      assert.notEqual(shapeOf(text), 'text');
  });
});

describe('the permutation of whole numbers', () => {
  const permutation = new Permutation(new SipHash(Buffer.alloc(16, 3)));

  test('gives each number of 15 bits another of 15 bits, and no two the same', () => {
    const images = new Set(Array.from({ length: 32_768 }, (_, index) => permutation.of(BigInt(index))));
    assert.equal(images.size, 32_768);
    assert.ok([...images].every((image) => image >= 0n && image < 32_768n));
  });

  for (const [from, least, most] of [
    [32_768n, 32_768n, 2_147_483_647n],
    [2_147_400_000n, 32_768n, 2_147_483_647n],
    [2_147_483_648n, 2_147_483_648n, 9_223_372_036_854_775_807n],
    [9_223_372_036_854_770_000n, 2_147_483_648n, 9_223_372_036_854_775_807n],
  ] as const)
    test(`keeps the class of ${from}`, () => {
      const images = new Set(Array.from({ length: 3_000 }, (_, index) => permutation.of(from + BigInt(index))));
      assert.equal(images.size, 3_000);
      assert.ok([...images].every((image) => image >= least && image <= most));
    });

  test('has no other numbers', () => {
    assert.throws(() => permutation.of(-1n), RangeError);
    assert.throws(() => permutation.of(1n << 63n), RangeError);
  });
});
