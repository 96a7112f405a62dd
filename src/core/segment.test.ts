import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSegmentHeader, isSegmentHeader } from './segment.ts';

test('a segment’s header is known by its version and number, the first version’s too', () => {
  const header = encodeSegmentHeader(7);
  assert.equal(isSegmentHeader(header, 7), true);
  assert.equal(isSegmentHeader(header, 8), false);
  assert.equal(isSegmentHeader(header.subarray(0, -1), 7), false);
  const named = (name: string) => Buffer.concat([Buffer.from(name, 'latin1'), header.subarray(8)]);
  assert.equal(isSegmentHeader(named('CHAPJRN1'), 7), true);
  assert.equal(isSegmentHeader(named('CHAPJRN3'), 7), false);
});
