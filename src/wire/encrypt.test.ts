import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createSilentServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { encrypt, tlsTermsOf } from './encrypt.ts';
import { targetTls } from './settings.ts';

describe('the encrypted way to a target', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-encrypt-'));
  const ca = join(folder, 'ca.pem');
  const opened: Server[] = [];
  let secure: Server;
  let silent: Server;
  before(async () => {
    const made = await generate([{ name: 'commonName', value: 'target' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    });
    writeFileSync(ca, made.cert);
    secure = await listening(
      createServer({ key: made.private, cert: made.cert, ALPNProtocols: ['http/1.1'] }, (socket) => socket.end('hello')),
    );
    silent = await listening(createSilentServer(() => {}));
  });
  after(() => {
    for (const server of opened) server.close();
    rmSync(folder, { recursive: true });
  });

  async function listening(server: Server): Promise<Server> {
    opened.push(server);
    server.on('connection', (socket: Socket) => socket.on('error', () => {}));
    server.on('tlsClientError', () => {});
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }
  async function reach(server: Server): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }
  const soon = () => AbortSignal.timeout(10_000);

  test('is made with the authority that is named, and says which version it is for', async () => {
    const socket = (await encrypt(await reach(secure), tlsTermsOf({ ca }, 'localhost'), ['http/1.1'], soon())) as TLSSocket;
    assert.equal(socket.alpnProtocol, 'http/1.1');
    assert.ok(socket.authorized);
    const [said] = (await once(socket, 'data')) as [Buffer];
    assert.equal(said.toString(), 'hello');
    socket.destroy();
  });
  test('is refused to a target that nobody vouches for, and its socket is closed', async () => {
    const socket = await reach(secure);
    await assert.rejects(encrypt(socket, tlsTermsOf('verify', 'localhost'), ['http/1.1'], soon()), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    assert.ok(socket.destroyed);
  });
  for (const host of ['other.example', '127.0.0.1'])
    test(`is refused to a target that is not ${host}`, async () => {
      const refused = encrypt(await reach(secure), tlsTermsOf({ ca }, host), ['http/1.1'], soon());
      await assert.rejects(refused, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    });
  test('is given up with a target that never answers', async () => {
    const [socket, over] = [await reach(silent), new AbortController()];
    const waiting = encrypt(socket, tlsTermsOf({ ca }, 'localhost'), ['http/1.1'], over.signal);
    over.abort();
    await assert.rejects(waiting, /no TLS in time/);
    assert.ok(socket.destroyed);
  });
  test('wants a file that can be read', () =>
    assert.throws(() => tlsTermsOf({ ca: join(folder, 'none.pem') }, 'localhost'), { code: 'ENOENT' }));

  const written: readonly (readonly [given: unknown, read: unknown])[] = [
    [undefined, 'verify'],
    ['verify', 'verify'],
    [{ ca: 'ca.pem' }, { ca: 'ca.pem' }],
    ['off', null],
    [{ ca: '' }, null],
  ];
  for (const [given, read] of written)
    test(`is asked for by ${JSON.stringify(given) ?? 'nothing'}`, () => assert.deepEqual(targetTls().safeParse(given).data ?? null, read));
});
