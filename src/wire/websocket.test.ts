import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptOf, closePayload, encodeFrame, type FramePiece, MalformedFrame, WebSocketReader } from './websocket.ts';

const hello = Buffer.from('hello');

/** Pieces of one message put together again. */
function joined(pieces: readonly FramePiece[]): { readonly kinds: number[]; readonly text: string } {
  return { kinds: pieces.map(({ opcode }) => opcode), text: Buffer.concat(pieces.map(({ payload }) => payload)).toString() };
}

describe('a WebSocket’s frames', () => {
  for (const masked of [true, false])
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 200_000])
      test(`of ${size} bytes come back as they were sent, ${masked ? 'masked' : 'plain'}, cut anywhere`, () => {
        const payload = Buffer.alloc(size, 'abc');
        const bytes = encodeFrame({ opcode: 2, last: true, payload }, masked);
        const reader = new WebSocketReader(masked);
        const step = Math.max(1, Math.floor(bytes.length / 7));
        const pieces: FramePiece[] = [];
        for (let at = 0; at < bytes.length; at += step) pieces.push(...reader.read(bytes.subarray(at, at + step)));
        assert.equal(joined(pieces).text, payload.toString());
        assert.equal(pieces[0]?.opcode, 2);
        assert.deepEqual([pieces.at(-1)?.last, pieces.slice(1).every(({ opcode }) => opcode === 0)], [true, true]);
      });

  test('of control may come within a message', () => {
    const reader = new WebSocketReader(false);
    const bytes = [
      { opcode: 1, last: false, payload: hello },
      { opcode: 9, last: true, payload: hello },
      { opcode: 0, last: true, payload: hello },
    ].map((piece) => encodeFrame(piece, false));
    assert.deepEqual(joined(reader.read(Buffer.concat(bytes))).kinds, [1, 9, 0]);
  });

  const wrong: readonly (readonly [name: string, bytes: readonly number[]])[] = [
    ['without a mask', [0x81, 0x01, 0x61]],
    ['with reserved bits', [0xc1, 0x80, 0, 0, 0, 0]],
    ['of an unknown kind', [0x83, 0x80, 0, 0, 0, 0]],
    ['of an unknown control kind', [0x8b, 0x80, 0, 0, 0, 0]],
    ['that go on with nothing', [0x80, 0x80, 0, 0, 0, 0]],
    ['of control in pieces', [0x09, 0x80, 0, 0, 0, 0]],
    ['of control that are long', [0x89, 0xfe, 0, 126, 0, 0, 0, 0]],
    ['of impossible length', [0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
  ];
  for (const [name, bytes] of wrong)
    test(`${name} are refused`, () => assert.throws(() => new WebSocketReader(true).read(Buffer.from(bytes)), MalformedFrame));

  test('of a message that begins within another are refused', () => {
    const reader = new WebSocketReader(false);
    reader.read(encodeFrame({ opcode: 1, last: false, payload: hello }, false));
    assert.throws(() => reader.read(encodeFrame({ opcode: 1, last: true, payload: hello }, false)), MalformedFrame);
  });

  test('say why it ends, in no more than a control frame holds and never half a character', () => {
    const payload = closePayload(1008, 'é'.repeat(100));
    assert.equal(payload.readUInt16BE(0), 1008);
    assert.ok(payload.length <= 125);
    assert.equal(payload.subarray(2).toString(), 'é'.repeat(61));
  });

  test('are answered for a key as RFC 6455 shows', () =>
    assert.equal(acceptOf('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='));
});
