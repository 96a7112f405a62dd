import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isHostAllowed } from './host-header.ts';

const cases: readonly (readonly [string, string | undefined, boolean])[] = [
  ['127.0.0.1', undefined, false],
  ['127.0.0.1', '', false],
  ['127.0.0.1', 'localhost', true],
  ['127.0.0.1', 'localhost:99999999', false],
  ['127.0.0.1', 'localhost.', false],
  ['127.0.0.1', 'LOCALHOST:80', true],
  ['::1', '[::1]:80', true],
  ['::ffff:127.0.0.1', 'example.com', false],
  ['localhost.', 'example.com', false],
  ['localhost', '127.0.0.1', true],
  ['localhost', 'example.com', false],
  ['127.0.0.1', 'user@localhost', false],
  ['127.0.0.1', '127.0.0.1, example.com', false],
  ['0.0.0.0', 'anything.example.com', true],
  ['10.1.2.3', undefined, true],
];

for (const [listen, header, allowed] of cases)
  it(`a listener on ${listen} ${allowed ? 'answers' : 'refuses'} Host: ${header ?? '(none)'}`, () =>
    assert.equal(isHostAllowed(listen, header), allowed));
