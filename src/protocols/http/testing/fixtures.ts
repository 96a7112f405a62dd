import type { Fixture, Piece } from '../../../../test/conformance/rig.ts';
import type { Direction } from '../../../core/entry.ts';
import { gzipSync } from 'node:zlib';
import { endFrame, frameOf, headFrame, letter, trailersFrame } from '../framing.ts';

const body = (text: string | Buffer) => frameOf(letter.body, Buffer.from(text));
const piece = (exchange: number, direction: Direction, ...frames: Buffer[]): Piece => ({
  exchange,
  direction,
  bytes: Buffer.concat(frames),
});
const message = (opcode: number, text: string, last = 1) =>
  frameOf(letter.message, Buffer.concat([Buffer.from([opcode, last]), Buffer.from(text)]));
const json = ['content-type', 'application/json; charset=utf-8'] as const;

/** Stretches of recorded sessions that between them use every frame. */
export const fixtures: readonly Fixture[] = [
  {
    name: 'a page asked for and answered',
    pieces: [
      piece(1, 'request', headFrame(letter.request, 'GET /customers/1?x=y', [['accept', '*/*']]), endFrame),
      piece(1, 'reply', headFrame(letter.reply, '200 OK', [json]), body('{"name":'), body('"Ada Löve'), body('lace"}'), endFrame),
      piece(2, 'request', headFrame(letter.request, 'DELETE /customers/1', []), endFrame),
      piece(2, 'reply', headFrame(letter.reply, '204 No Content', []), endFrame),
    ],
  },
  {
    name: 'bodies of every kind, one of them coded',
    pieces: [
      piece(
        1,
        'request',
        headFrame(letter.request, 'POST /upload', [json, ['content-encoding', 'gzip']]),
        body(gzipSync('{"a":[1,2,{"b":null}]}')),
        endFrame,
      ),
      piece(
        1,
        'reply',
        headFrame(letter.reply, '200 OK', [['content-type', 'text/event-stream']]),
        body('data: één\n\n'),
        body('data: two\n\n'),
        trailersFrame([['x-sum', '3']]),
        endFrame,
      ),
      piece(2, 'request', headFrame(letter.request, 'GET /image', []), endFrame),
      piece(2, 'reply', headFrame(letter.reply, '200 OK', [['content-type', 'image/png']]), body(Buffer.from([0, 1, 2, 250])), endFrame),
    ],
  },
  {
    name: 'a WebSocket',
    pieces: [
      piece(1, 'request', headFrame(letter.request, 'GET /socket', [['sec-websocket-version', '13']]), message(1, '{"hello":1}')),
      piece(1, 'reply', headFrame(letter.reply, '101 Switching Protocols', []), message(1, 'wel', 0), message(0, 'come'), message(8, '')),
    ],
  },
];
