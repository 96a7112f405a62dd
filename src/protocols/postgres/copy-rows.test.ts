import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ColumnMask, Tally } from '../../core/masking.ts';
import type { CopyLayout } from '../../sql/copy-layout.ts';
import { CopyMasking } from './copy-masking.ts';
import { encodeMessage } from './messages.ts';
import { RowBuffer } from './row-buffer.ts';

const shout: ColumnMask = { apply: (text) => (text.includes('s') ? text.toUpperCase() : text), always: undefined, count: () => {} };
const nothing: ColumnMask = { apply: () => null, always: null, count: () => {} };

/** What is made of a copy that comes in these pieces: the content of the CopyData messages, joined. */
function copied(layout: CopyLayout, masks: readonly (ColumnMask | null)[], pieces: readonly Buffer[]): Buffer {
  const masking = new CopyMasking(layout, masks, new Tally());
  const out = new RowBuffer();
  const written: Buffer[] = [];
  const take = () => {
    for (let at = out.from; at < out.to; at += 1 + out.buffer.readUInt32BE(at + 1))
      written.push(Buffer.from(out.buffer.subarray(at + 5, at + 1 + out.buffer.readUInt32BE(at + 1))));
  };
  for (const piece of pieces) {
    const message = encodeMessage('d', piece);
    out.begin();
    masking.write(message, 0, message.length, out);
    take();
  }
  out.begin();
  masking.finish(out);
  take();
  return Buffer.concat(written);
}

const text: CopyLayout = { format: 'text', delimiter: '\t', null: '\\N', header: false };
const bars: CopyLayout = { format: 'text', delimiter: '|', null: '', header: true };
const csv: CopyLayout = { format: 'csv', delimiter: ',', null: '', header: false, quote: '"', escape: '"' };
const odd: CopyLayout = { format: 'csv', delimiter: ';', null: 'nil', header: true, quote: "'", escape: '\\' };

const cases: readonly (readonly [name: string, layout: CopyLayout, masks: readonly (ColumnMask | null)[], from: string, to: string])[] = [
  ['text', text, [null, shout], '1\tsea\n2\tvan\n', '1\tSEA\n2\tvan\n'],
  ['text without a last line feed', text, [shout], 'sea', 'SEA'],
  ['NULL in text stays', text, [shout, nothing], '\\N\t\\N\n', '\\N\t\\N\n'],
  ['what becomes NULL', text, [nothing, null], 'x\ty\n', '\\N\ty\n'],
  ['escapes in text', text, [shout, null], 'a\\ts\\nb\\\\\t\\t\\N\n', 'A\\tS\\nB\\\\\t\\t\\N\n'],
  ['octal and hexadecimal escapes', text, [shout], '\\163\\x65a\n', 'SEA\n'],
  ['another delimiter, escaped', bars, [null, shout], 'a|b\nx|s\\|y\n|s\n', 'a|b\nx|S\\|Y\n|S\n'],
  ['csv', csv, [null, shout, null], '1,sea,x\n', '1,"SEA",x\n'],
  ['csv with line feeds, quotes and delimiters', csv, [shout, null], '"s ""a""\n,b",c\n', '"S ""A""\n,B",c\n'],
  ['NULL and the empty text in csv', csv, [nothing, shout, nothing], ',"",""\n', ',"",\n'],
  ['csv of another make', odd, [null, shout], "id;who\n1;'s \\' \\\\ ;'\n2;nil\n", "id;who\n1;'S \\' \\\\ ;'\n2;nil\n"],
  ['no columns', text, [], '\n\n', '\n\n'],
  ['no rows', csv, [shout], '', ''],
];

describe('the rows of a copy', () => {
  for (const [name, layout, masks, from, to] of cases)
    test(`${name}, wherever it is cut`, () => {
      const bytes = Buffer.from(from);
      assert.equal(copied(layout, masks, [bytes]).toString(), to);
      for (let cut = 0; cut <= bytes.length; cut += 1)
        assert.equal(copied(layout, masks, [bytes.subarray(0, cut), bytes.subarray(cut)]).toString(), to, `cut at ${cut}`);
    });

  test('bytes that are no UTF-8 stay what they are', () => {
    const latin = Buffer.from('gr\xf6\xdfe\ts\xe9\n', 'latin1');
    assert.equal(copied(text, [null, shout], [latin]).toString('latin1'), 'gr\xf6\xdfe\tS\xc9\n');
  });

  const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
  const value = (content: string | null) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(content === null ? -1 : content.length);
    return Buffer.concat([length, Buffer.from(content ?? '')]);
  };
  const row = (...values: (string | null)[]) => Buffer.concat([Buffer.from([0, values.length]), ...values.map(value)]);
  const trailer = Buffer.from([0xff, 0xff]);

  test('binary, wherever it is cut', () => {
    const whole = Buffer.concat([header, row('1', 'sea', null), row('2', 'van', 'x'), trailer]);
    const wanted = Buffer.concat([header, row('1', null, null), row('2', 'van', null), trailer]);
    for (let cut = 0; cut <= whole.length; cut += 1)
      assert.deepEqual(copied({ format: 'binary' }, [null, shout, nothing], [whole.subarray(0, cut), whole.subarray(cut)]), wanted);
  });

  for (const [name, layout, bytes] of [
    ['of another number of columns', text, Buffer.from('a\tb\n')],
    ['within a quotation', csv, Buffer.from('"a\n')],
    ['of another number of columns in binary', { format: 'binary' }, Buffer.concat([header, row('a', 'b')])],
    ['that ends early', { format: 'binary' }, Buffer.concat([header, row('a').subarray(0, 4)])],
    ['without a signature', { format: 'binary' }, Buffer.alloc(30)],
  ] as const)
    test(`a row ${name} is not passed on`, () => assert.throws(() => copied(layout, [shout], [bytes])));
});
