import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdTokens } from './id-tokens.ts';

test('an ID token is given out once, by the secret of its sign-in alone', () => {
  const tokens = new IdTokens();
  tokens.keep('one', 'a.b.c');
  assert.equal(tokens.take('other'), null);
  assert.equal(tokens.take('one'), 'a.b.c');
  assert.equal(tokens.take('one'), null);
});

test('so many are kept and no more, and none that is too long', () => {
  const tokens = new IdTokens();
  for (let at = 0; at < 2_001; at += 1) tokens.keep(`s${at}`, `t${at}`);
  tokens.keep('long', 'x'.repeat(16_385));
  assert.deepEqual(
    ['s0', 's1', 's2000', 'long'].map((secret) => tokens.take(secret)),
    [null, 't1', 't2000', null],
  );
});
