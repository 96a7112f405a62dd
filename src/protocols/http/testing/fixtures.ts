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
const message = (opcode: number, text: string | Buffer, last = 1) =>
  frameOf(letter.message, Buffer.concat([Buffer.from([opcode, last]), Buffer.from(text)]));
const channel = (number: number, content: string | Buffer) => Buffer.concat([Buffer.from([number]), Buffer.from(content)]);
const version = [['sec-websocket-version', '13']] as const;
const chosen = (protocol: string) => [['sec-websocket-protocol', protocol]] as const;
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
    name: 'a form of parts, one of them bytes, and one that is none',
    pieces: [
      piece(
        1,
        'request',
        headFrame(letter.request, 'POST /upload', [['content-type', 'multipart/form-data; boundary=b']]),
        body('--b\r\nContent-Disposition: form-data; name="note"\r\n\r\none\r\n--b\r\n\r\n'),
        body(Buffer.from([0, 0xff, 0x0a])),
        body('\r\n--b--\r\n'),
        endFrame,
      ),
      piece(1, 'reply', headFrame(letter.reply, '200 OK', [['content-type', 'multipart/form-data']]), body('no boundary'), endFrame),
    ],
  },
  {
    name: 'a WebSocket',
    pieces: [
      piece(1, 'request', headFrame(letter.request, 'GET /socket', [['sec-websocket-version', '13']]), message(1, '{"hello":1}')),
      piece(1, 'reply', headFrame(letter.reply, '101 Switching Protocols', []), message(1, 'wel', 0), message(0, 'come'), message(8, '')),
    ],
  },
  {
    name: 'a shell in a pod, typed into, resized, cut within characters, with what is none of its channels',
    pieces: [
      piece(
        1,
        'request',
        headFrame(letter.request, 'GET /api/v1/namespaces/shop/pods/web-1/exec?command=sh&stdin=true&stdout=true&tty=true', version),
      ),
      piece(1, 'reply', headFrame(letter.reply, '101 Switching Protocols', chosen('v5.channel.k8s.io')), message(2, channel(1, ''))),
      piece(1, 'request', message(2, channel(4, '{"Width":120,"Height":40}')), message(2, channel(4, '{"Width":99999,"Height":-1}'))),
      piece(
        1,
        'reply',
        message(2, channel(1, Buffer.from('$ caf\u00e9').subarray(0, 6)), 0),
        message(9, 'still?'),
        message(0, Buffer.from([0xa9])),
      ),
      piece(1, 'request', message(2, channel(0, 'ls\r')), message(2, channel(255, Buffer.from([0]))), message(2, channel(77, 'odd'))),
      piece(1, 'reply', message(2, channel(2, Buffer.from([0xff, 0x1b, 0x5d, 0x35, 0x32, 0xe2])), 1), message(1, 'text on no channel')),
      piece(1, 'reply', message(2, channel(3, '{"status":"Success"}'), 0), message(0, '', 1), endFrame),
      piece(1, 'request', endFrame),
    ],
  },
  {
    name: 'a command without a terminal: streams, one of them an archive',
    pieces: [
      piece(1, 'request', headFrame(letter.request, 'GET /pods/web-1/exec?command=tar&command=cf&command=-&tty=false', version)),
      piece(1, 'reply', headFrame(letter.reply, '101 Switching Protocols', chosen('v4.channel.k8s.io'))),
      piece(
        1,
        'reply',
        message(2, channel(1, 'a\u00e9')),
        message(2, channel(2, 'tar: what?\n')),
        message(2, channel(1, Buffer.from([0, 1, 255]))),
      ),
    ],
  },
  {
    name: 'terminals that are spoken in base64, by letters, and in lists',
    pieces: [
      piece(1, 'request', headFrame(letter.request, 'GET /pods/web-1/attach?tty=1', version)),
      piece(
        1,
        'reply',
        headFrame(letter.reply, '101 Switching Protocols', chosen('base64.channel.k8s.io')),
        message(1, '1aGV5'),
        message(1, '1!'),
      ),
      piece(2, 'request', headFrame(letter.request, 'GET /ws', version)),
      piece(2, 'reply', headFrame(letter.reply, '101 Switching Protocols', chosen('tty'))),
      piece(
        2,
        'request',
        message(1, '{"AuthToken":"","columns":90,"rows":30}'),
        message(2, '0ls\r'),
        message(2, '1{"columns":91,"rows":30}'),
      ),
      piece(2, 'reply', message(2, '1title'), message(2, '2{"fontSize":15}'), message(2, '0one\r\n'), message(2, 'zz')),
      piece(3, 'request', headFrame(letter.request, 'GET /terminals/websocket/1', version)),
      piece(3, 'reply', headFrame(letter.reply, '101 Switching Protocols', []), message(1, '["setup", {}]')),
      piece(3, 'request', message(1, '["set_size", 24, 80, 480, 640]'), message(1, '["stdin", "ls\\r"]')),
      piece(3, 'reply', message(1, '["stdout", "ls\\r\\n"]'), message(1, '["disconnect", 1]'), message(1, '{"not":"a list"}')),
    ],
  },
];
