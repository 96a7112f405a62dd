import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import { encodeMessage } from './messages.ts';
import { encodeStartup, encodeTlsRequest } from './startup.ts';
import { selfSigned, temporaryFile } from './testing/certificates.ts';
import { message } from './testing/fixtures.ts';
import { needsLibpq18, runPsql } from './testing/psql.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer } from './testing/shared-server.ts';

describe('TLS from the first byte', () => {
  let plane: DataPlane;
  let ca = '';
  before(async () => {
    const certificate = await selfSigned(['localhost', '127.0.0.1']);
    ca = certificate.certPem;
    plane = await planeBeforeServer({ certificate, insecureLoopback: false });
  });
  after(() => plane.close());

  const open = async (ALPNProtocols: string[], socket?: Socket): Promise<TLSSocket> => {
    const place = socket ? { socket } : { port: plane.port };
    const line = connectTls({ host: '127.0.0.1', ca, ALPNProtocols, ...place });
    line.on('error', () => {});
    await once(line, 'secureConnect');
    return line;
  };
  const startup = () => encodeStartup('anybody', plane.connection, new Map());

  test('a client that names the protocol is served', async () => {
    const socket = await open(['postgresql']);
    assert.equal(socket.alpnProtocol, 'postgresql');
    using client = new RawClient(socket);
    client.send(startup());
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)), message.query('select 1'));
    assert.match(describeMessages(await client.until('Z', 2)), / T D C Z$/);
  });

  test('the handshake may come byte by byte', async () => {
    const [near, far] = await trickle(plane.port);
    const socket = await open(['postgresql'], near);
    using client = new RawClient(socket);
    client.send(startup());
    assert.equal(describeMessages(await client.until('R')), 'R');
    far.destroy();
  });

  test('without a name by ALPN it is refused', async () => {
    using client = new RawClient(await open([]));
    client.send(startup());
    assert.equal(describeMessages(await client.rest()), 'E:0A000');
  });

  test('with another name the handshake fails', async () => {
    await assert.rejects(open(['http/1.1']), /no application protocol/i);
  });

  test('within it there is no second TLS', async () => {
    const socket = await open(['postgresql']);
    socket.write(encodeTlsRequest());
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(answer.toString('latin1'), 'N');
    socket.destroy();
  });

  test('where there is no certificate it is closed', async () => {
    const plain = await planeBeforeServer();
    try {
      using client = await RawClient.dial(plain.port);
      client.send(Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
      assert.deepEqual(await client.rest(), []);
    } finally {
      await plain.close();
    }
  });

  test('behind a request for TLS that was declined it is no start-up packet', async () => {
    const plain = await planeBeforeServer();
    try {
      using client = await RawClient.dial(plain.port);
      client.send(encodeTlsRequest());
      await once(client.socket, 'data');
      client.send(Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
      await once(client.socket, 'close');
    } finally {
      await plain.close();
    }
  });

  for (const mode of ['require', 'verify-full'])
    test(`libpq 18, sslmode=${mode} sslnegotiation=direct`, needsLibpq18, async () => {
      await using root = await temporaryFile('root.pem', ca);
      const where = `host=localhost hostaddr=127.0.0.1 port=${plane.port} dbname=${plane.connection} user=x sslmode=${mode} sslnegotiation=direct sslrootcert=${root.path}`;
      const { code, out, err } = await runPsql(where, await plane.token(), "select 'hello';", 18);
      assert.deepEqual([code, out, err], [0, 'hello\n', '']);
    });
});

/** A socket pair through which the first hundred bytes go one by one. */
async function trickle(port: number): Promise<readonly [Socket, Socket]> {
  const far = connect({ host: '127.0.0.1', port, noDelay: true });
  far.on('error', () => {});
  const server = createServer((socket) => void forward(socket));
  const forward = async (socket: Socket) => {
    socket.on('error', () => {});
    far.on('data', (chunk: Buffer) => socket.write(chunk));
    let sent = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>)
      for (const byte of chunk) {
        far.write(Buffer.from([byte]));
        if (sent++ < 100) await new Promise((later) => setImmediate(later));
      }
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const near = connect({ host: '127.0.0.1', port: typeof address === 'object' && address ? address.port : 0 });
  await once(near, 'connect');
  server.close();
  return [near, far];
}
