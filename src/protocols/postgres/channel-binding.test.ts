import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import type { PostgresServer } from '../../../test/rig/postgres.ts';
import { protocol } from './index.ts';
import { cstring, encodeMessage } from './messages.ts';
import { settings } from './settings.ts';
import { encodeTlsRequest, uint32 } from './startup.ts';
import { selfSigned, temporaryFile } from './testing/certificates.ts';
import { friendly, startFakeTarget } from './testing/fake-target.ts';
import { message } from './testing/fixtures.ts';
import { RawClient } from './testing/raw-client.ts';
import { settingsFor, sharedServer } from './testing/shared-server.ts';
import { endOf } from './testing/told.ts';

type Certificate = Awaited<ReturnType<typeof selfSigned>>;

/** Somebody on the way whom the gateway trusts: ends its TLS, opens one of his own, and may change what the server says. */
async function startMiddleman(port: number, own: Certificate, change: (reply: Buffer) => Buffer = (reply) => reply) {
  const secureContext = createSecureContext({ cert: own.certPem, key: own.keyPem });
  const sockets: Socket[] = [];
  const join = async (near: Socket) => {
    sockets.push(near);
    await once(near, 'data');
    near.write('S');
    const client = new TLSSocket(near, { isServer: true, secureContext, ALPNProtocols: ['postgresql'] });
    const raw = connect({ host: '127.0.0.1', port });
    sockets.push(raw);
    raw.write(encodeTlsRequest());
    await once(raw, 'data');
    const server = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['postgresql'] });
    for (const end of [client, server]) end.on('error', () => {}).on('close', () => near.destroy());
    client.on('data', (chunk: Buffer) => server.write(chunk));
    server.on('data', (chunk: Buffer) => client.write(change(chunk)));
  };
  const listening = createServer((near) => void join(near.on('error', () => {})));
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: (listening.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => listening.close(closed));
    },
  };
}

const withoutOffer = (reply: Buffer): Buffer =>
  reply.includes('SCRAM-SHA-256-PLUS') ? encodeMessage('R', uint32(10), cstring('SCRAM-SHA-256'), Buffer.alloc(1)) : reply;

describe('channel binding', () => {
  let server: PostgresServer;
  let certificate: Certificate;
  let restore: () => Promise<void> = async () => {};
  before(async () => {
    server = await sharedServer();
    certificate = await selfSigned(['127.0.0.1']);
    await server.place('binding.crt', certificate.certPem);
    await server.place('binding.key', certificate.keyPem);
    for (const [name, value] of [
      ['ssl_cert_file', "'binding.crt'"],
      ['ssl_key_file', "'binding.key'"],
      ['ssl', 'on'],
    ])
      await server.run(`alter system set ${name} = ${value}`);
    await server.run("set password_encryption = 'md5'; create role by_old_digest login password 'old'", 'create role by_nothing login');
    restore = await server.authenticate(['host all by_old_digest 127.0.0.1/32 md5', 'host all by_nothing 127.0.0.1/32 trust']);
  });
  after(async () => {
    await server.run('alter system set ssl = off');
    await restore();
  });

  const open = async (
    channelBinding: string,
    options: { port?: number; ca?: string; user?: string; password?: string; tls?: unknown } = {},
  ) => {
    const { port = server.port, ca = certificate.certPem, user = 'shop_app', password = server.password } = options;
    await using file = await temporaryFile('ca.pem', ca);
    const usual = settingsFor(port, { user, password, tls: options.tls ?? { ca: file.path } });
    const target = { ...usual.target, channelBinding: channelBinding as 'prefer' };
    await using plane = await startDataPlane({ protocol, settings: { ...usual, target } });
    try {
      using client = await RawClient.open(plane);
      client.send(message.query('select current_user'));
      await client.until('Z');
      return 'open';
    } catch {
      return endOf(await plane.settled()) ?? '';
    }
  };

  for (const mode of ['prefer', 'require', 'off'])
    test(`${mode}: opens a server that offers it`, async () => assert.equal(await open(mode), 'open'));

  for (const [mode, says] of [
    ['prefer', /channel binding check failed/i],
    ['require', /channel binding check failed/i],
    ['off', /^open$/],
  ] as const)
    test(`${mode}: somebody on the way whose certificate is trusted`, async () => {
      const middle = await selfSigned(['127.0.0.1']);
      await using middleman = await startMiddleman(server.port, middle);
      assert.match(await open(mode, { port: middleman.port, ca: middle.certPem }), says);
    });

  for (const [mode, says] of [
    ['prefer', /channel binding negotiation/i],
    ['require', /does not bind its authentication/],
    ['off', /^open$/],
  ] as const)
    test(`${mode}: somebody on the way who takes the offer away as well`, async () => {
      const middle = await selfSigned(['127.0.0.1']);
      await using middleman = await startMiddleman(server.port, middle, withoutOffer);
      assert.match(await open(mode, { port: middleman.port, ca: middle.certPem }), says);
    });

  for (const [user, password] of [
    ['by_old_digest', 'old'],
    ['by_nothing', 'nothing'],
  ] as const) {
    test(`prefer: without SCRAM there is nothing to bind (${user})`, async () =>
      assert.equal(await open('prefer', { user, password }), 'open'));
    test(`require: without SCRAM it does not open (${user})`, async () =>
      assert.match(await open('require', { user, password }), /does not bind its authentication/));
  }

  test('prefer: without TLS there is nothing to bind to', async () => assert.equal(await open('prefer', { tls: 'off' }), 'open'));

  test('a password is not given to one that must bind and asks for it in plaintext', async () => {
    await using target = await startFakeTarget(Buffer.concat([encodeMessage('R', uint32(3)), friendly]));
    assert.match(await open('require', { port: target.port, tls: 'off' }), /does not bind its authentication/);
    assert.ok(!target.received().includes(server.password));
  });

  test('require without TLS is a mistake of the configuration', () => {
    const target = { host: '127.0.0.1', database: 'shop', tls: 'off', channelBinding: 'require' };
    const { error } = settings.safeParse({ target, credentials: { user: 'x' } });
    assert.deepEqual(
      error?.issues.map(({ path }) => path.join('.')),
      ['target.channelBinding'],
    );
  });
});
