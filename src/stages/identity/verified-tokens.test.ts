import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts';

const verified: VerifiedToken = {
  principal: {
    subject: 'ada',
    issuer: 'https://login.example.com',
    email: null,
    groups: [],
    agent: null,
    actors: [],
    token: { issuer: 'https://login.example.com', subject: 'ada', jti: null, sha256: 'a', expiresAt: 0 },
  },
  validity: { expiresAt: 0, notBefore: null, issuedAt: null },
  key: 'k',
};

describe('verified tokens', () => {
  const held = (tokens: ReturnType<typeof createVerifiedTokens>) => ['a', 'b', 'c'].filter((sha256) => tokens.get(sha256) !== null);

  test('the oldest leaves when there are too many', () => {
    const tokens = createVerifiedTokens(2);
    for (const sha256 of ['a', 'b', 'c']) tokens.add(sha256, verified);
    assert.deepEqual(held(tokens), ['b', 'c']);
  });

  test('one that is verified again counts as new', () => {
    const tokens = createVerifiedTokens(2);
    for (const sha256 of ['a', 'b', 'a', 'c']) tokens.add(sha256, verified);
    assert.deepEqual(held(tokens), ['a', 'c']);
  });

  test('one that is dropped is gone', () => {
    const tokens = createVerifiedTokens(2);
    for (const sha256 of ['a', 'b']) tokens.add(sha256, verified);
    tokens.drop('a');
    assert.deepEqual(held(tokens), ['b']);
  });
});
