import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Placed, Running } from './running.ts';

test('what runs is known until it ends, in whatever order that comes', () => {
  const running = new Running<Placed & { readonly name: string }>();
  const items = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, place: -1 }));
  const names = () =>
    running
      .all()
      .map(({ name }) => name)
      .toSorted()
      .join('');
  for (const item of items) running.add(item);
  assert.equal(names(), 'abcde');
  const [a, b, c, d, e] = items;
  for (const [item, left] of [
    [b, 'acde'],
    [e, 'acd'],
    [e, 'acd'],
    [a, 'cd'],
    [d, 'c'],
    [c, ''],
    [c, ''],
  ] as const) {
    if (item !== undefined) running.remove(item);
    assert.equal(names(), left);
  }
});
