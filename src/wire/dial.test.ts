import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { dial } from './dial.ts';

const never = new AbortController().signal;

describe('dialling', () => {
  let server: Server;
  let port = 0;
  before(async () => {
    server = createServer((socket) => socket.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  for (const host of ['127.0.0.1', 'localhost'])
    test(`reaches ${host}`, async () => {
      const socket = await dial(host, port, never, [{ host: '127.0.0.1', port: port + 1 }]);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      assert.equal(chunk.toString(), 'hello');
      socket.destroy();
    });

  for (const host of [
    '169.254.169.254',
    '169.254.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',

    '100.100.100.200',
    '::',
    'fe80::1',
    'ff02::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
  ])
    test(`never reaches ${host}`, () => assert.rejects(dial(host, port, never, []), /a link-local, metadata or multicast address/));

  for (const own of ['127.0.0.1', '0.0.0.0', '::', 'localhost'])
    test(`does not reach the gateway itself, listening at ${own}`, async () => {
      await assert.rejects(dial('127.0.0.1', port, never, [{ host: own, port }]), /is the gateway itself/);
      await assert.rejects(dial('localhost', port, never, [{ host: own, port }]), /is the gateway itself/);
    });

  test('says who refuses', () => assert.rejects(dial('127.0.0.1', 1, never, []), { code: 'ECONNREFUSED' }));
  test('says what cannot be resolved', () => assert.rejects(dial('nowhere.invalid', port, never, [])));
  test('stops when the session does', async () => {
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(dial('127.0.0.1', port, stop.signal, []), /the session ended/);
  });
});
