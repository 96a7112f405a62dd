import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Direction } from '../../core/entry.ts';
import type { Part } from '../../core/part.ts';
import { createDecoder } from './decoder.ts';
import { headFrame, letter, messageFrame } from './framing.ts';
import { commandIn } from './terminal-handshake.ts';

const pod = '/api/v1/namespaces/shop/pods/web-1';

/** A WebSocket that is open, and what is read of each further message. */
function opened(target: string, protocol: string, status = '101 Switching Protocols') {
  const decoder = createDecoder();
  decoder.bytes(1, 'request', headFrame(letter.request, `GET ${target}`, [['sec-websocket-version', '13']]));
  decoder.bytes(1, 'reply', headFrame(letter.reply, status, protocol === '' ? [] : [['sec-websocket-protocol', protocol]]));
  const said = (direction: Direction, payload: string | Buffer, opcode = 2, last = true) =>
    decoder.bytes(1, direction, messageFrame({ opcode, last, payload: Buffer.from(payload) }));
  return { in: said.bind(null, 'request'), out: said.bind(null, 'reply') };
}

const output = (text: string): Part => ({ shape: 'terminal', event: 'output', text });
const input = (text: string): Part => ({ shape: 'terminal', event: 'input', text });
const resize = (columns: number, rows: number): Part => ({ shape: 'terminal', event: 'resize', columns, rows });
const isMessage = ([mark]: readonly Part[]) => mark?.shape === 'mark' && mark.name === 'message';

describe('a terminal over a WebSocket', () => {
  for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io', ''])
    test(`is read by the numbers of its channels: ${protocol}`, () => {
      const terminal = opened(`${pod}/exec?tty=true`, protocol);
      assert.deepEqual(terminal.in('\x04{"Width":100,"Height":30}'), [resize(100, 30)]);
      assert.deepEqual(terminal.in('\x04{"height":31,"width":101}'), [resize(101, 31)]);
      assert.deepEqual(terminal.in('\x00ls\r'), [input('ls\r')]);
      assert.deepEqual(terminal.out('\x01one'), [output('one')]);
      assert.deepEqual(terminal.out('\x02two'), [output('two')]);
      assert.deepEqual(terminal.out('\x01'), []);
      const status = terminal.out('\x03{"status":"Success"}');
      assert.deepEqual(status, [{ shape: 'document', mediaType: 'application/json', value: { status: 'Success' } }]);
      assert.deepEqual(terminal.in(Buffer.from([255, 0])), [{ shape: 'mark', name: 'closed', detail: { stream: 'stdin' } }]);
    });

  test('a character that is cut comes whole, in either stream by itself, and what is no UTF-8 is said to be none', () => {
    const terminal = opened(`${pod}/attach?tty=1`, 'v5.channel.k8s.io');
    assert.deepEqual(terminal.out(Buffer.from([1, 0xe2, 0x82])), []);
    assert.deepEqual(terminal.out(Buffer.from([2, 0xc3])), []);
    assert.deepEqual(terminal.out(Buffer.from([1, 0xac])), [output('€')]);
    assert.deepEqual(terminal.out(Buffer.from([2, 0xa9, 0xff, 0x41])), [output('é\ufffdA')]);
  });

  test('a long message is read piece by piece, with control frames between', () => {
    const terminal = opened(`${pod}/exec?tty=true`, 'v5.channel.k8s.io');
    assert.deepEqual(terminal.out('\x01a', 2, false), [output('a')]);
    assert.ok(isMessage(terminal.out('ping', 9)));
    assert.deepEqual(terminal.out('b', 0, false), [output('b')]);
    assert.deepEqual(terminal.out('c', 0), [output('c')]);
    assert.ok(isMessage(terminal.out('d', 0)), 'what belongs to no message is none of the terminal’s');
  });

  const strange: readonly (readonly [what: string, payload: string | Buffer])[] = [
    ['a channel that there is not', '\x09hey'],
    ['one that only the target has', '\x01hey'],
    ['a size of nothing', '\x04{"Width":0,"Height":0}'],
    ['a giant size', '\x04{"Width":100000,"Height":100000}'],
    ['a size in words', '\x04{"Width":"wide","Height":[]}'],
    ['a size that is no JSON', '\x04{{{{'],
    ['an end of many channels', Buffer.from([255, 0, 1])],
    ['nothing', ''],
    ['a text whose channel is a digit', '0ls'],
  ];
  for (const [what, payload] of strange)
    test(`${what} is shown as the message that it is, and the next is read`, () => {
      const terminal = opened(`${pod}/exec?tty=true`, 'v5.channel.k8s.io');
      assert.ok(isMessage(terminal.in(payload)));
      assert.deepEqual(terminal.in('\x00x'), [input('x')]);
    });

  test('a message that never ends is held no longer than a size or a status may be', () => {
    const terminal = opened(`${pod}/exec?tty=true`, 'v5.channel.k8s.io');
    let parts = terminal.in(Buffer.concat([Buffer.from([4]), Buffer.alloc(65_000, 0x20)]), 2, false);
    for (let more = 0; more < 5; more += 1) parts = [...parts, ...terminal.in(Buffer.alloc(65_000, 0x20), 0, false)];
    const bytes = parts.reduce((sum, part) => sum + (part.shape === 'bytes' ? part.count : 0), 0);
    assert.equal(bytes, 1 + 6 * 65_000, 'none of it is lost');
    assert.deepEqual(terminal.in('\x00x'), [input('x')]);
  });

  test('is ttyd’s by its letters', () => {
    const terminal = opened('/ws', 'tty');
    const [who, size] = terminal.in('{"AuthToken":"","columns":90,"rows":30}', 1);
    assert.equal(who?.shape, 'document');
    assert.deepEqual(size, resize(90, 30));
    assert.deepEqual(terminal.in('0ls\r'), [input('ls\r')]);
    assert.deepEqual(terminal.in('1{"columns":91,"rows":31}'), [resize(91, 31)]);
    assert.deepEqual(terminal.in('2'), [{ shape: 'mark', name: 'pause', detail: {} }]);
    assert.deepEqual(terminal.out('0hello'), [output('hello')]);
    assert.deepEqual(terminal.out('1\u001b]0;x'), [{ shape: 'mark', name: 'title', detail: { text: '\u001b]0;x' } }]);
    assert.ok(isMessage(terminal.out('7')));
  });

  test('is Jupyter’s by its lists', () => {
    const terminal = opened('/user/ada/terminals/websocket/1', '');
    assert.deepEqual(terminal.in('["set_size", 24, 80, 1, 2]', 1), [resize(80, 24)]);
    assert.deepEqual(terminal.in('["stdin", "ls\\r"]', 1), [input('ls\r')]);
    assert.deepEqual(terminal.out('["stdout", "one"]', 1), [output('one')]);
    assert.deepEqual(terminal.out('["disconnect", 1]', 1), [{ shape: 'mark', name: 'disconnect', detail: { content: 1 } }]);
    for (const other of ['["stdout"]', '["stdout", 7]', '{}', '[', '["stdin", "x"]']) assert.ok(isMessage(terminal.out(other, 1)), other);
  });

  test('is Kubernetes’ in base64 where texts are', () => {
    const terminal = opened(`${pod}/exec?tty=true`, 'v4.base64.channel.k8s.io');
    assert.deepEqual(terminal.out(`1${Buffer.from('hey').toString('base64')}`, 1), [output('hey')]);
    assert.ok(isMessage(terminal.out('1no base64!', 1)));
  });

  test('is none by any other subprotocol, path or answer', () => {
    for (const [target, protocol, status] of [
      [`${pod}/portforward`, 'v4.channel.k8s.io', undefined],
      ['/socket', 'graphql-ws', undefined],
      [`${pod}/exec?tty=true`, 'v9.channel.k8s.io', undefined],
      [`${pod}/exec?tty=true`, 'v5.channel.k8s.io', '403 Forbidden'],
    ] as const)
      assert.ok(isMessage(opened(target, protocol, status).out('\x01hey')), target);
  });

  test('without tty its streams are texts, or bytes where they are none', () => {
    const streams = opened(`${pod}/exec?command=tar&tty=false`, 'v5.channel.k8s.io');
    const named = (name: string): Part => ({ shape: 'mark', name: 'stream', detail: { name } });
    assert.deepEqual(streams.out('\x01one'), [named('stdout'), { shape: 'text', text: 'one' }]);
    assert.deepEqual(streams.out('\x01two'), [{ shape: 'text', text: 'two' }]);
    assert.deepEqual(streams.out('\x02err'), [named('stderr'), { shape: 'text', text: 'err' }]);
    assert.deepEqual(streams.out(Buffer.from([1, 0, 255])), [named('stdout'), { shape: 'bytes', count: 2, base64: 'AP8=' }]);
  });

  test('names its command as a shell would take it', () => {
    assert.equal(
      commandIn(`${pod}/exec?command=sh&command=-c&command=rm%20-rf%20%2Fsrv%3B%20echo%20it%27s&tty=true`),
      `sh -c 'rm -rf /srv; echo it'\\''s'`,
    );
    assert.equal(commandIn(`${pod}/attach?tty=true`), null);
    assert.equal(commandIn('/search?command=ls'), null);
  });
});
