import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MalformedBytes } from './byte-reader.ts';
import { encodePktLine, longestPktLine, onBand, PktLineReader, pktLinesOf, textOf } from './pkt-line.ts';

const sample = Buffer.concat([encodePktLine('one\n'), Buffer.from('0001'), encodePktLine(''), Buffer.from('0002'), Buffer.from('0000')]);

describe('pkt-lines', () => {
  test('are read as they were written', () =>
    assert.deepEqual(
      pktLinesOf(sample).map((line) => (line.kind === 'line' ? textOf(line.bytes) : line)),
      ['one', { kind: 'delimiter' }, '', { kind: 'end' }, { kind: 'flush' }],
    ));

  test('are the same wherever the stream is cut', () => {
    for (let at = 1; at < sample.length; at += 1) {
      const reader = new PktLineReader();
      const lines = [...reader.feed(sample.subarray(0, at)), ...reader.feed(sample.subarray(at))];
      assert.deepEqual(lines, pktLinesOf(sample));
    }
  });

  for (const [name, bytes] of [
    ['a length that is none', 'PACK'],
    ['a length with a sign', '+005a'],
    ['a length with a prefix', '0x0aabcdef'],
    ['a length with a space', ' 00aabcdef'],
    ['the length that nothing has', '0003'],
    ['a line longer than the longest', (longestPktLine + 1).toString(16).padEnd(70_000, 'x')],
  ] as const)
    test(`refuse ${name}`, () => assert.throws(() => [...new PktLineReader().feed(Buffer.from(bytes))], MalformedBytes));

  test('refuse to be cut short where they must be whole', () => assert.throws(() => pktLinesOf(sample.subarray(0, -1)), MalformedBytes));

  test('hold the longest line, and none longer', () => {
    const longest = encodePktLine(Buffer.alloc(longestPktLine - 4, 'x'));
    assert.equal(pktLinesOf(longest).length, 1);
    assert.throws(() => encodePktLine(Buffer.alloc(longestPktLine - 3)), RangeError);
  });

  test('carry a long text on a band in several lines', () => {
    const text = 'y'.repeat(100_000);
    const lines = pktLinesOf(onBand(2, text)).map((line) => (line.kind === 'line' ? line.bytes : Buffer.alloc(0)));
    assert.ok(lines.length === 2 && lines.every((line) => line[0] === 2));
    assert.equal(Buffer.concat(lines.map((line) => line.subarray(1))).toString(), text);
  });

  test('carry nothing on a band as one empty line, which keeps a connection alive', () =>
    assert.equal(onBand(1, '').toString('latin1'), '0005\u0001'));
});
