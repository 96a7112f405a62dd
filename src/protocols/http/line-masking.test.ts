import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tally } from '../../core/masking.ts';
import { Withheld } from './body-mask.ts';
import { eventsMask, jsonLinesMask, type PieceMasks } from './line-masking.ts';

/** A document's member `iban` is masked wherever it is in it, and a number of four digits by its look. */
const masksOf = (byPlace: boolean): PieceMasks => {
  const look = (text: string) => text.replaceAll(/\d{4}/g, '****');
  return {
    look,
    byPlace,
    json: (text) => {
      try {
        return JSON.stringify(
          JSON.parse(text, (name, value: unknown) => (name === 'iban' ? 'masked' : typeof value === 'string' ? look(value) : value)),
        );
      } catch {
        return null;
      }
    },
  };
};

type Made = typeof eventsMask;

/** What is shown of a text, wherever it is cut: whole, at each byte, and in single bytes. */
function shownOf(made: Made, text: string, byPlace = true): string {
  const bytes = Buffer.from(text);
  const through = (pieces: readonly Buffer[]) => {
    const mask = made(masksOf(byPlace), new Tally());
    const shown = [...pieces.map((piece) => mask.piece(piece)), mask.end()].flatMap((piece) => piece ?? []);
    assert.equal(Buffer.concat(shown.map(({ original }) => original)).toString(), text);
    return Buffer.concat(shown.map((piece) => piece.shown)).toString();
  };
  const whole = through([bytes]);
  for (let cut = 1; cut < bytes.length; cut += 1)
    assert.equal(through([bytes.subarray(0, cut), bytes.subarray(cut)]), whole, `cut at ${cut}`);
  assert.equal(through(Array.from(bytes, (byte) => Buffer.of(byte))), whole);
  return whole;
}

describe('an event stream of which something must be masked', () => {
  const cases: readonly (readonly [name: string, said: string, shown: string])[] = [
    ['an event', 'data: {"iban":"DE1"}\n\n', 'data: {"iban":"masked"}\n\n'],
    [
      'an event of several lines',
      'id: 1\ndata: {"iban":\ndata: "DE1"\ndata: }\nevent: x\n\n',
      'id: 1\ndata: {"iban":"masked"}\nevent: x\n\n',
    ],
    ['a string by itself within one', 'data: ["a",\r\ndata: {"iban":\r\ndata:"DE1"\r\n\r\n', 'data: [redacted:unreadable]\r\n\r\n'],
    ['one behind a byte order mark', '\ufeffdata: {"iban":"DE1"}\n\n', '\ufeffdata: {"iban":"masked"}\n\n'],
    ['one that is not ended', 'data: {"iban":"DE1"}', 'data: {"iban":"masked"}'],
    ['what is no JSON', 'data: iban DE1\n\n', 'data: [redacted:unreadable]\n\n'],
    ['the mark of an end', 'data: {}\r\rdata: [DONE]\r\r', 'data: {}\r\rdata: [DONE]\r\r'],
    ['names, ids and times', 'event: made 1234\nid:77\nretry: 5\n\n', 'event: made ****\nid:77\nretry: 5\n\n'],
    ['comments', ':\n: iban DE1\n:{"iban":"DE1"}\n\n', ':\n: [redacted:unreadable]\n:[redacted:unreadable]\n\n'],
    ['what is no field', 'foo: {"iban":"DE1"}\n{"iban":"DE1"}\n\n', '[redacted:unreadable]\n[redacted:unreadable]\n\n'],
    ['a line separator in a string', 'data: {"a":"\u2028","iban":1}\n\n', 'data: {"a":"\u2028","iban":"masked"}\n\n'],
  ];
  for (const [name, said, shown] of cases)
    test(`has ${name} read: ${JSON.stringify(said)}`, () => assert.equal(shownOf(eventsMask, said), shown));

  test('keeps what is not masked in its own bytes, and is searched by look alone where no place is masked', () => {
    const said = ': k 1\ndata:  {"a": 1,\ndata: x\n\nfoo\ndata: 1234\ndata\ndata: b\n\n';
    assert.equal(shownOf(eventsMask, said, false), said.replace('data: 1234\ndata\n', 'data: ****\ndata: \n'));
  });

  test('is shown as it comes', () => {
    const mask = eventsMask(masksOf(true), new Tally());
    const shown = (text: string) => mask.piece(Buffer.from(text))?.shown.toString() ?? null;
    assert.equal(shown(': \n'), ': \n');
    assert.equal(shown('id: 1\ndata: {'), 'id: 1\n');
    assert.equal(shown('}\n'), null);
    assert.equal(shown('\n'), 'data: {}\n\n');
  });

  test('whose event is too long is withheld', () => {
    const mask = eventsMask(masksOf(true), new Tally());
    assert.throws(() => {
      for (let count = 0; count < 20; count += 1) mask.piece(Buffer.from(`data: "${'x'.repeat(64 * 1024)}"\n`));
    }, Withheld);
  });
});

describe('JSON in lines of which something must be masked', () => {
  test('is read line by line, and behind separators', () => {
    assert.equal(
      shownOf(jsonLinesMask, '{"iban":"DE1"}\n\n\x1e{"iban":2}\r\n{"a":1}'),
      '{"iban":"masked"}\n\n\x1e{"iban":"masked"}\r\n{"a":1}',
    );
  });
  for (const said of ['{"iban":\n"DE1"\n}\n', 'iban DE1\n', '{"iban":"DE\xff', '{"iban":"DE1"} {"iban":"DE2"}\n'])
    test(`is withheld where places are masked and a line is none: ${JSON.stringify(said)}`, () => {
      const mask = jsonLinesMask(masksOf(true), new Tally());
      assert.throws(() => (mask.piece(Buffer.from(said, 'latin1')), mask.end()), Withheld);
    });
  test('is searched by look where no place is masked', () => {
    assert.equal(shownOf(jsonLinesMask, 'no json 1234\n', false), 'no json ****\n');
  });
  test('is withheld where it is another charset than it says', () => {
    const mask = jsonLinesMask(masksOf(false), new Tally());
    assert.throws(() => mask.piece(Buffer.from('1234\n', 'utf16le')), Withheld);
  });
});
