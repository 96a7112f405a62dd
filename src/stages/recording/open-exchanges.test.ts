import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Content } from './content.ts';
import { OpenExchanges } from './open-exchanges.ts';

describe('open exchanges', () => {
  test('are found while they are open, the newest and the older', () => {
    const open = new OpenExchanges();
    const contents = [1, 2, 3, 4].map((ordinal) => {
      const content = new Content();
      open.set(ordinal, content);
      return content;
    });
    assert.equal(open.get(0), undefined);
    assert.equal(open.get(1), contents[0]);
    assert.equal(open.get(4), contents[3]);
    assert.equal(open.delete(4), true);
    assert.equal(open.delete(4), false);
    assert.equal(open.get(4), undefined);
    assert.equal(open.delete(2), true);
    assert.deepEqual(open.takeAll(), [1, 3]);
    assert.deepEqual(open.takeAll(), []);
    assert.equal(open.get(1), undefined);
  });

  test('begin anew after all have ended', () => {
    const open = new OpenExchanges();
    for (let ordinal = 1; ordinal <= 3; ordinal += 1) {
      open.set(ordinal, new Content());
      assert.equal(open.delete(ordinal), true);
    }
    open.set(4, new Content());
    assert.deepEqual(open.takeAll(), [4]);
  });

  test('end in any order, many at once', () => {
    const open = new OpenExchanges();
    const contents = Array.from({ length: 40 }, () => new Content());
    for (const [index, content] of contents.entries()) open.set(index + 1, content);
    // 7 has no divisor in common with 40: each comes once.
    const order = contents.map((_, index) => ((index * 7) % 40) + 1);
    for (const [index, ordinal] of order.entries()) {
      assert.equal(open.get(ordinal), contents[ordinal - 1]);
      assert.equal(open.delete(ordinal), true);
      assert.equal(open.delete(ordinal), false);
      for (const later of order.slice(index + 1)) assert.equal(open.get(later), contents[later - 1]);
    }
    assert.deepEqual(open.takeAll(), []);
  });
});
