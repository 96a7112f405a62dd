import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MalformedReply, ReplyReader } from './http-reply.ts';

interface Read {
  readonly said: readonly string[];
  readonly keeps: boolean;
}

/** What is read of these bytes, given in pieces of a size, and then the connection's end where it is named. */
function read(bytes: string, { size = bytes.length, toHead = false, ends = false } = {}): Read {
  const reader = new ReplyReader();
  const said: string[] = [];
  let body = '';
  reader.expect(
    {
      head: ({ status, reason, fields }) => said.push(`${status} ${reason}`, ...fields.map(([name, value]) => `${name}: ${value}`)),
      piece: (piece) => (body += piece.toString('latin1')),
      end: (trailers) => said.push(`[${body}]`, ...trailers.map(([name, value]) => `${name}: ${value}`)),
    },
    toHead,
  );
  for (let at = 0; at < bytes.length; at += size) reader.read(Buffer.from(bytes.slice(at, at + size), 'latin1'));
  if (ends) reader.close();
  return { said, keeps: reader.keeps };
}

const whole: readonly (readonly [name: string, bytes: string, said: readonly string[], keeps: boolean, options?: object])[] = [
  ['a counted body', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', ['200 OK', 'content-length: 3', '[abc]'], true],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', ['200 ', 'content-length: 0', '[]'], true],
  ['a value between blanks', 'HTTP/1.1 204 No\r\nX: \t a b\t \r\n\r\n', ['204 No', 'x: a b', '[]'], true],
  [
    'chunks with extensions and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;a="b"\r\nabc\r\nA \r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
    ['200 OK', 'transfer-encoding: Chunked', '[abc0123456789]', 'x-sum: 1'],
    true,
  ],
  [
    'chunks and no trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ['200 OK', 'transfer-encoding: chunked', '[]'],
    true,
  ],
  ['a body up to the close', 'HTTP/1.1 200 OK\r\n\r\nall of it', ['200 OK', '[all of it]'], false, { ends: true }],
  [
    'one that says close',
    'HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 1\r\n\r\na',
    ['200 OK', 'connection: x, close', 'content-length: 1', '[a]'],
    false,
  ],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na', ['200 OK', 'content-length: 1', '[a]'], false],
  ['a reply to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n', ['200 OK', 'content-length: 300', '[]'], true, { toHead: true }],
  ['304 with a length', 'HTTP/1.1 304 Same\r\nContent-Length: 300\r\n\r\n', ['304 Same', 'content-length: 300', '[]'], true],
  [
    'what is still to come',
    'HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 204 No\r\n\r\n',
    ['204 No', '[]'],
    true,
  ],
  ['more than was asked for', 'HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen', ['204 No', '[]'], false],
];

const broken: readonly (readonly [name: string, bytes: string, options?: object])[] = [
  ['another protocol', 'ICY 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a version that is none', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a line that ends by LF alone', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 1\r\n\r\na'],
  ['a CR within a line', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
  ['a NUL', 'HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
  ['a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nAb\r\nC: d\r\n\r\n'],
  ['a length that is signed', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
  ['lengths in a list', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na'],
  ['two lengths that are alike', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
  ['a length beside chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n'],
  ['chunks twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['another transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['chunks of HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'],
  ['a chunk that is longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
  ['a chunk line that ends by LF alone', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n'],
  ['trailers without a name', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n: a\r\n\r\n'],
  ['a 101', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(200_000)}`],
  ['hints without end', 'HTTP/1.1 103 Hints\r\nLink: <a>\r\n\r\n'.repeat(10_000)],
  ['a body that is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab', { ends: true }],
  ['chunks that are cut off', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', { ends: true }],
];

describe('a reply of HTTP/1.1', () => {
  for (const [name, bytes, said, keeps, options] of whole)
    test(`with ${name} is read, however it is cut`, () => {
      for (const size of [bytes.length, 1, 2, 3, 7]) assert.deepEqual(read(bytes, { ...options, size }), { said, keeps });
    });
  for (const [name, bytes, options] of broken)
    test(`with ${name} is none, however it is cut`, () => {
      for (const size of [bytes.length, ...(bytes.length < 1_000 ? [1, 3] : [4_096])])
        assert.throws(() => read(bytes, { ...options, size }), MalformedReply);
    });
});
