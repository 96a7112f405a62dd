import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, constants, type Settings } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type DataPlane, startDataPlane } from '../../../test/rig/data-plane.ts';
import { protocol } from './index.ts';

/*
 * What a client sends so that two readers take it for different things. Each is refused, or reaches the target as the one request that was
 * judged: the target here keeps its bytes and reads nothing into them.
 */

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const inner = 'GET /orders/admin HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n';

describe('a request that means two things', () => {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const target = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      seen.push(bytes.toString('latin1'));
      socket.write(answer);
    });
  });
  let plane: DataPlane;
  let token: string;
  before(async () => {
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo;
    plane = await startDataPlane({ protocol, settings: protocol.settings.parse({ target: { url: `http://127.0.0.1:${port}` } }) });
    token = await plane.token();
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    target.close();
    await plane.close();
  });

  /** Sends the bytes as they are; resolves with the first answer, and what else came until another client was answered. */
  async function send(bytes: string): Promise<string> {
    const socket = connect(plane.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    const answered = new Promise<void>((resolve) => {
      socket.on('data', (piece: string) => {
        text += piece;
        if (text.includes('\r\n\r\n')) resolve();
      });
      socket.once('close', resolve);
    });
    socket.write(Buffer.from(bytes, 'latin1'));
    await answered;
    const other = await fetch(`http://127.0.0.1:${plane.port}/orders/other`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(await other.text(), 'ok');
    seen.splice(
      seen.findLastIndex((sent) => sent.startsWith('GET /other ')),
      1,
    );
    socket.destroy();
    return text;
  }

  const own = () => `Host: localhost\r\nAuthorization: Bearer ${token}\r\n`;

  const refused: readonly (readonly [name: string, request: () => string])[] = [
    // mitmproxy CVE-2022-24766, CVE-2021-39214: a length beside chunks.
    [
      'a length and chunks',
      () => `POST /orders/a HTTP/1.1\r\n${own()}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    ],
    [
      'chunks and a length',
      () => `POST /orders/a HTTP/1.1\r\n${own()}Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n${inner}`,
    ],
    ['two lengths', () => `POST /orders/a HTTP/1.1\r\n${own()}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${inner}`],
    ['a length with a sign', () => `POST /orders/a HTTP/1.1\r\n${own()}Content-Length: +4\r\n\r\nabcd`],
    ['lengths in a list', () => `POST /orders/a HTTP/1.1\r\n${own()}Content-Length: 4, 4\r\n\r\nabcd`],
    ['another coding before chunks', () => `POST /orders/a HTTP/1.1\r\n${own()}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['chunks with a tab before them', () => `POST /orders/a HTTP/1.1\r\n${own()}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a space before the colon', () => `POST /orders/a HTTP/1.1\r\n${own()}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a folded header', () => `GET /orders/a HTTP/1.1\r\n${own()}X: a\r\n b\r\n\r\n`],
    ['a line feed alone', () => `GET /orders/a HTTP/1.1\n${own()}\n`],
    ['a carriage return in a header', () => `GET /orders/a HTTP/1.1\r\n${own()}X: a\rTransfer-Encoding: chunked\r\n\r\n`],
    ['a NUL in a header', () => `GET /orders/a HTTP/1.1\r\n${own()}X: a\0b\r\n\r\n`],
    ['a space in the target', () => `GET /orders/a b HTTP/1.1\r\n${own()}\r\n`],
    ['another version', () => `GET /orders/a HTTP/1.2\r\n${own()}\r\n`],
    ['a chunk whose size is none', () => `POST /orders/a HTTP/1.1\r\n${own()}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    // oauth2-proxy GHSA-pxq7, GHSA-7rh7; Pomerium CVE-2021-39206; agentgateway GHSA-v2x6.
    ['a fragment', () => `GET /orders/a#/admin HTTP/1.1\r\n${own()}\r\n`],
    ['dots', () => `GET /orders/a/../admin HTTP/1.1\r\n${own()}\r\n`],
    ['encoded dots', () => `GET /orders/a/%2e%2e/admin HTTP/1.1\r\n${own()}\r\n`],
    ['a line break that is encoded', () => `GET /orders/a%0d%0aX:%20y HTTP/1.1\r\n${own()}\r\n`],
    ['an absolute target', () => `GET http://127.0.0.1/orders/a HTTP/1.1\r\n${own()}\r\n`],
    ['a protocol in the place of the path', () => `GET orders/a HTTP/1.1\r\n${own()}\r\n`],
    // Teleport 6.2.22: an upgrade whose answer nobody looked at.
    [
      'an upgrade to cleartext HTTP/2 by another name',
      () => `GET /orders/a HTTP/1.1\r\n${own()}Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n\r\n`,
    ],
    ['TRACE', () => `TRACE /orders/a HTTP/1.1\r\n${own()}Connection: close\r\n\r\n`],
  ];
  for (const [name, request] of refused)
    test(`is refused: ${name}`, async () => {
      const count = seen.length;
      const text = await send(request());
      assert.match(text, /^HTTP\/1\.1 4\d\d /, text);
      assert.doesNotMatch(text, /200 OK/);
      assert.deepEqual(seen.slice(count), []);
    });

  const passed: readonly (readonly [name: string, request: () => string, check: (sent: string) => void])[] = [
    [
      'fields that only proxies may say',
      () =>
        `GET /orders/a HTTP/1.1\r\n${own()}Connection: close\r\nX-Forwarded-User: root\r\nX_Forwarded_User: root\r\nx-Forwarded-Uri: /b\r\nForwarded: for=1\r\nX-Real-IP: 1\r\nX-Original-URL: /admin\r\nX-HTTP-Method-Override: DELETE\r\nProxy-Authorization: Basic x\r\n\r\n`,
      (sent) => assert.doesNotMatch(sent, /root|forwarded|real-ip|original|override|proxy|authorization/i),
    ],
    [
      'fields that its Connection names',
      () => `GET /orders/a HTTP/1.1\r\n${own()}Connection: close, X-Secret\r\nX-Secret: 1\r\nX-Open: 2\r\n\r\n`,
      (sent) => {
        assert.doesNotMatch(sent, /x-secret/i);
        assert.match(sent, /x-open: 2/i);
      },
    ],
    [
      'a request behind a request',
      () => `GET /orders/a HTTP/1.1\r\n${own()}Connection: close\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
      (sent) => assert.ok(sent.startsWith('GET /a HTTP/1.1\r\n') && sent.endsWith(`content-length: ${inner.length}\r\n\r\n${inner}`), sent),
    ],
    [
      'chunks with extensions',
      () => `POST /orders/a HTTP/1.1\r\n${own()}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n4;a="b"\r\nabcd\r\n0\r\n\r\n`,
      (sent) => assert.doesNotMatch(sent, /a="b"/),
    ],
  ];
  for (const [name, request, check] of passed)
    test(`reaches the target as one request without ${name}`, async () => {
      seen.length = 0;
      assert.match(await send(request()), /^HTTP\/1\.1 200 OK/);
      const sent = seen.join('');
      assert.equal(sent.match(/^(GET|POST) \/a HTTP\/1\.1/gm)?.length, 1, sent);
      check(sent);
    });

  // mitmproxy GHSA-847f: what HTTP/2 frames by itself must not frame anything in HTTP/1.1.
  const overHttp2: readonly (readonly [name: string, headers: Record<string, string>])[] = [
    ['a length that is not the body’s', { 'content-length': '400' }],
    ['another host', { host: 'evil.example' }],
  ];
  for (const [name, headers] of overHttp2)
    test(`is refused over HTTP/2: ${name}`, async () => {
      const count = seen.length;
      const client = connectHttp2(`http://127.0.0.1:${plane.port}`);
      client.on('error', () => {});
      const stream = client.request({ ':method': 'POST', ':path': '/orders/a', authorization: `Bearer ${token}`, ...headers });
      let status = 0;
      stream.on('response', (head) => (status = Number(head[constants.HTTP2_HEADER_STATUS])));
      stream.on('error', () => {});
      stream.resume();
      stream.end('abcd');
      await new Promise((closed) => stream.once('close', closed));
      client.close();
      assert.ok(status === 0 || status >= 400, String(status));
      assert.ok(!seen.slice(count).some((sent) => sent.endsWith('abcd')), 'a body of another length reached the target whole');
    });

  const connects: readonly (readonly [name: string, headers: Record<string, string>])[] = [
    ['CONNECT', { ':authority': 'other.example:443' }],
    ['a WebSocket (RFC 8441), which is not offered', { ':protocol': 'websocket', ':scheme': 'http', ':path': '/orders/a' }],
  ];
  for (const [name, headers] of connects)
    test(`is refused over HTTP/2: ${name}`, async () => {
      const count = seen.length;
      const client = connectHttp2(`http://127.0.0.1:${plane.port}`);
      client.on('error', () => {});
      const settings = await new Promise<Settings>((resolve) => client.once('remoteSettings', resolve));
      assert.notEqual(settings.enableConnectProtocol, true);
      const asked = { ':method': 'CONNECT', authorization: `Bearer ${token}`, ...headers };
      let status = 0;
      try {
        const stream = client.request(asked, { endStream: true });
        stream.on('response', (head) => (status = Number(head[constants.HTTP2_HEADER_STATUS])));
        stream.on('error', () => {});
        stream.resume();
        await new Promise((closed) => stream.once('close', closed));
      } catch (fault) {
        // Node's own client does not even send what is not offered.
        assert.match(String(fault), /PROTOCOL|CONNECT|PSEUDO/i);
      }
      client.destroy();
      assert.ok(status === 0 || status >= 400, String(status));
      assert.equal(seen.length, count);
    });
});
