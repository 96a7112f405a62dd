import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectors } from './index.ts';
import { traitsOf } from './traits.ts';

/** Pieces that begin like a value and never become one, repeated: what a detector in quadratic time would not finish in hours. */
const pieces = [
  'a@',
  'a.a@a.',
  '-eyJ-',
  'eyJa.',
  '1 ',
  '1-',
  '12345678901 ',
  '+1 (2) ',
  'phone 1 ',
  '1:',
  ':',
  'f:',
  '1.1.',
  'DE1 ',
  'A1',
  'AAAAAA1',
];
const more = [
  '://a:',
  'a://',
  'password=',
  'secret',
  '-----BEGIN PRIVATE KEY-----',
  'xoxb-1',
  'sk-',
  'bearer ',
  'tel 030/1 ',
  '%40a.',
  'x.',
  'AB 12 ',
];

describe('a detector ends soon on the longest text, made of', () => {
  for (const piece of [...pieces, ...more])
    test(JSON.stringify(piece), () => {
      const text = piece.repeat(250_000 / piece.length);
      for (const detector of detectors) {
        if (!detector.possible(traitsOf(text))) continue;
        let last = 0;
        detector.find(text, '', (start, end) => {
          assert.ok(start >= 0 && end > start && end <= text.length);
          last = end;
        });
        assert.ok(last <= text.length);
      }
    });
});
