import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../core/json.ts';
import { PiecewiseText } from './piecewise-text.ts';
import { SavedState } from '../../core/saved-state.ts';

const texts: readonly (readonly [charset: string, bytes: Buffer])[] = [
  ['utf-8', Buffer.from('a é ü 漢字 \u{1f600} \ufeff end')],
  ['utf-8', Buffer.from('\ufeffbegins with a mark \ufeff')],
  ['utf-8', Buffer.from([0xef, 0xbb])],
  ['utf-8', Buffer.from([0x61, 0xf0, 0x9f, 0x98, 0x62, 0x80, 0x80, 0x80, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xc3])],
  ['windows-1252', Buffer.from([0x61, 0xe9, 0x80, 0xff])],
];

for (const [charset, bytes] of texts)
  test(`a text in ${charset} goes on in another one behind any byte: ${bytes.toString('hex')}`, () => {
    const whole = new TextDecoder(charset).decode(bytes);
    for (let at = 0; at <= bytes.length; at += 1)
      for (let mid = 0; mid <= at; mid += 1) {
        const first = new PiecewiseText(charset);
        const before = first.piece(bytes.subarray(0, mid)) + first.piece(bytes.subarray(mid, at));
        const second = PiecewiseText.from(new SavedState(JSON.parse(JSON.stringify(first.save())) as Json));
        assert.equal(before + second.piece(bytes.subarray(at)) + second.end(), whole, `cut at ${mid} and ${at}`);
      }
  });

test('a text in a charset whose bytes hang on those far before them is not saved in its middle', () => {
  const text = new PiecewiseText('shift_jis');
  assert.notEqual(text.save(), null);
  text.piece(Buffer.from([0x83]));
  assert.equal(text.save(), null);
});

test('what a text cannot have saved is refused', () => {
  const wrong: Json[] = [
    { charset: 'no-such', last: '', more: false },
    { charset: 'utf-8', last: 'AAAAAAAA', more: true },
    { charset: 'utf-8', last: '!', more: true },
    { charset: 'utf-8', last: '' },
  ];
  for (const state of wrong) assert.throws(() => PiecewiseText.from(new SavedState(state)), RangeError);
});
