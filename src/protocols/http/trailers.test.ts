import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { generate } from 'selfsigned';
import { type DataPlane, startDataPlane } from '../../../test/rig/data-plane.ts';
import { createDecoder } from './decoder.ts';
import { protocol } from './index.ts';

interface Reply {
  readonly status: number;
  /** Whether the head was all of it. */
  readonly isHeadAlone: boolean;
  readonly fields: NodeJS.Dict<string | string[]>;
  readonly body: string;
  readonly trailers: NodeJS.Dict<string | string[]>;
}

/** As gRPC speaks over HTTP/2, by Node's own client and server, on both sides of the gateway. */
describe('trailers over HTTP/2', () => {
  let target: Http2SecureServer;
  let plane: DataPlane;
  let client: ClientHttp2Session;
  let token: string;
  let seen: { te: unknown; body: string; trailers: NodeJS.Dict<string | string[]> } | null = null;

  before(async () => {
    const certificate = await generate([{ name: 'commonName', value: 'target' }], {
      keyType: 'ec',
      curve: 'P-256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    target = createSecureServer({ cert: certificate.cert, key: certificate.private });
    target.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/fails')
        return stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
      let body = '';
      let trailers = {};
      stream.setEncoding('utf8').on('data', (text: string) => (body += text));
      stream.on('trailers', (fields) => (trailers = fields));
      stream.on('end', () => {
        seen = { te: headers['te'], body, trailers };
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-cost': ['7', '8'] }));
        stream.end(`said ${body}`);
      });
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo;
    const settings = protocol.settings.parse({ target: { url: `https://127.0.0.1:${port}`, tls: { pem: certificate.cert } } });
    plane = await startDataPlane({ protocol, settings });
    token = await plane.token();
    client = connect(`http://127.0.0.1:${plane.port}`);
  });
  after(async () => {
    client.destroy();
    await plane.close();
    target.close();
  });

  async function call(path: string, body: string, trailers: OutgoingHttpHeaders): Promise<Reply> {
    const headers = { ':method': 'POST', ':path': `/${plane.connection}${path}`, authorization: `Bearer ${token}`, te: 'trailers' };
    const stream = client.request(headers, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
    const reply = { status: 0, isHeadAlone: false, fields: {}, body: '', trailers: {} };
    stream.on('response', ({ ':status': status = 0, ...fields }, flags) =>
      Object.assign(reply, { status, fields, isHeadAlone: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 }),
    );
    stream.on('trailers', (fields) => (reply.trailers = fields));
    stream.setEncoding('utf8').on('data', (text: string) => (reply.body += text));
    await once(stream, 'close');
    return reply;
  }

  test('come to the target and back, and stand on record', async () => {
    const reply = await call('/shop.Orders/Get', 'hello', { 'x-sum': '42', 'x-forwarded-for': '1.2.3.4' });
    assert.deepEqual([reply.status, reply.body], [200, 'said hello']);
    assert.deepEqual(Object.entries(reply.trailers), [
      ['grpc-status', '0'],
      ['x-cost', '7, 8'],
    ]);
    assert.deepEqual([seen?.te, seen?.body, Object.entries(seen?.trailers ?? {})], ['trailers', 'hello', [['x-sum', '42']]]);
    const decoder = createDecoder();
    const parts = plane
      .entries()
      .flatMap((entry) => (entry.kind === 'bytes' ? decoder.bytes(entry.exchange, entry.direction, entry.bytes) : []));
    const shown = parts.flatMap((part) => (part.shape === 'mark' && part.name === 'trailers' ? [part.detail['headers']] : []));
    assert.deepEqual(shown, [
      [['x-sum', '42']],
      [
        ['grpc-status', '0'],
        ['x-cost', '7'],
        ['x-cost', '8'],
      ],
    ]);
  });

  test('that come as the only head stay one: clients of gRPC read a failed call there', async () => {
    const { status, isHeadAlone, fields, body } = await call('/fails', 'x', {});
    assert.deepEqual([status, isHeadAlone, fields['grpc-status'], body], [200, true, '5', '']);
  });
});
