import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, describe, test } from 'node:test';
import { generate } from 'selfsigned';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import { protocol } from './index.ts';

/** Answers with what it got, and by which version. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const { httpVersion, method, url, headers } = request;
    response.end(JSON.stringify({ httpVersion, method, url, agent: headers['x-agent'] ?? null, bytes: Buffer.concat(pieces).length }));
  });
}

describe('a target behind TLS', () => {
  let certificate: { readonly cert: string; readonly private: string };
  before(async () => {
    certificate = await generate([{ name: 'commonName', value: 'target' }], {
      keyType: 'ec',
      curve: 'P-256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
  });

  for (const [version, open] of [
    ['1.1', () => createServer({ cert: certificate.cert, key: certificate.private }, echo)],
    [
      '2.0',
      () => {
        const server = createSecureServer({ cert: certificate.cert, key: certificate.private });
        // Node's compatibility API is made for listeners of HTTP/1.
        server.on('request', (request: unknown, response: unknown) => echo(request as IncomingMessage, response as ServerResponse));
        return server;
      },
    ],
  ] as const)
    test(`that speaks HTTP/${version} is asked by it, with bodies of any kind, many at once and again`, async () => {
      const server = open();
      const sockets = new Set<{ destroy(): unknown }>();
      server.on('secureConnection', (socket: { destroy(): unknown }) => sockets.add(socket));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const settings = protocol.settings.parse({ target: { url: `https://127.0.0.1:${port}/v1`, tls: { pem: certificate.cert } } });
      await using plane = await startDataPlane({ protocol, settings });
      const authorization = `Bearer ${await plane.token()}`;
      const ask = async (method: string, body: NonNullable<RequestInit['body']> | null) => {
        const init = { method, body, headers: { authorization, 'x-agent': 'a', 'content-type': 'text/plain' }, duplex: 'half' } as const;
        return (await fetch(`http://127.0.0.1:${plane.port}/${plane.connection}/things?x=1`, init)).json();
      };
      const streamed = () => new Blob(['x'.repeat(300_000)]).stream();
      const asks = [
        ['GET', null, 0],
        ['DELETE', null, 0],
        ['POST', 'abc', 3],
        ['PUT', streamed, 300_000],
      ] as const;
      for (let round = 0; round < 2; round += 1) {
        const answers = await Promise.all(asks.map(([method, body]) => ask(method, typeof body === 'function' ? body() : body)));
        const wanted = asks.map(([method, , bytes]) => ({ httpVersion: version, method, url: '/v1/things?x=1', agent: 'a', bytes }));
        assert.deepEqual(answers, wanted);
      }
      for (const socket of sockets) socket.destroy();
      server.close();
    });
});
