import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Scrubber } from './scrub.ts';

describe('a credential', () => {
  const secret = 'p@ss word/+"9';
  const scrubber = new Scrubber([secret]);
  const forms = [
    secret,
    encodeURIComponent(secret),
    'p%40ss+word%2F%2B%229',
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
  for (const form of forms)
    test(`is taken out as ${form}, in place`, () => {
      const clean = scrubber.bytes(Buffer.from(`before ${form} after ${form}`)).toString();
      assert.equal(clean, `before ${'*'.repeat(form.length)} after ${'*'.repeat(form.length)}`);
    });

  test('leaves what has none of it untouched, the very bytes', () => {
    const bytes = Buffer.from('nothing in here');
    assert.equal(scrubber.bytes(bytes), bytes);
    assert.ok(new Scrubber(['short']).isEmpty, 'five letters would be found in anything');
  });

  test('is known by its beginning at the end of a piece', () => {
    for (let length = 1; length < secret.length; length += 1)
      assert.equal(scrubber.begun(Buffer.from(`x ${secret.slice(0, length)}`)), length);
    assert.equal(scrubber.begun(Buffer.from('x p@sz')), 0);
  });
});
