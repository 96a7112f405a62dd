import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { forwardable } from './http-headers.ts';

describe('a client’s cookies', () => {
  const cases: readonly (readonly [given: string, passed: string | null])[] = [
    ['a=b', 'a=b'],
    ['a=b; c=d', 'a=b; c=d'],
    ['__Host-chaperone-console=secret', null],
    ['chaperone-console-8080=secret; chaperone-login-8080=sealed', null],
    ['a=b; __Host-chaperone-console=secret; c=d', 'a=b; c=d'],
    ['__HOST-Chaperone-console=secret;a=b', 'a=b'],
    ['a=chaperone-console-8080', 'a=chaperone-console-8080'],
    ['my-chaperone-note=1', 'my-chaperone-note=1'],
  ];
  for (const [given, passed] of cases)
    test(`${given} goes on as ${passed ?? 'nothing'}`, () =>
      assert.deepEqual(forwardable([['cookie', given]]), passed === null ? [] : [['cookie', passed]]));
});
