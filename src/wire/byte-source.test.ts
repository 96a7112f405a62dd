import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { ByteSource } from './byte-source.ts';

const opened: Socket[] = [];

/** Two ends of one connection on loopback. */
async function pair(): Promise<readonly [near: Socket, far: Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [near, far]) {
    socket.on('error', () => {});
    opened.push(socket);
  }
  return [near, far];
}

describe('a byte source', () => {
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy();
  });

  test('gives what is asked for, however it comes', async () => {
    const [near, far] = await pair();
    const source = new ByteSource(near, 5_000);
    const taken = source.take(4);
    for (const letter of 'abcdefg') far.write(letter);
    assert.equal((await taken).toString(), 'abcd');
    assert.equal((await source.take(2)).toString(), 'ef');
    assert.equal((await source.take(0)).length, 0);
  });

  test('hands over what was read too much, and reads no more', async () => {
    const [near, far] = await pair();
    const source = new ByteSource(near, 5_000);
    far.write('abcdef');
    await source.take(2);
    while (source.buffered < 4) await new Promise((later) => setImmediate(later));
    assert.equal(source.release().toString(), 'cdef');
    assert.equal(source.release().length, 0);
    far.write('more');
    near.resume();
    const [chunk] = (await once(near, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'more');
  });

  test('what has come before the end can still be taken', async () => {
    const [near, far] = await pair();
    const source = new ByteSource(near, 5_000);
    far.end('abc');
    assert.equal((await source.take(3)).toString(), 'abc');
    await assert.rejects(source.take(1), /closed the connection|ECONNRESET/);
  });

  test('a peer that closes too early is told of', async () => {
    const [near, far] = await pair();
    const source = new ByteSource(near, 5_000);
    const taken = assert.rejects(source.take(4), /closed the connection|ECONNRESET/);
    far.end('ab');
    await taken;
  });

  test('a peer that resets is told of', async () => {
    const [near, far] = await pair();
    const source = new ByteSource(near, 5_000);
    const taken = assert.rejects(source.take(4), /closed the connection|ECONNRESET/);
    far.resetAndDestroy();
    await taken;
  });

  test('a peer that is silent is not waited for without end', async () => {
    const [near] = await pair();
    await assert.rejects(new ByteSource(near, 20).take(1), /silent for 20 ms/);
  });

  test('a peer that sends unasked gets no more memory than a read', async () => {
    const [near, far] = await pair();
    const source = new ByteSource(near, 5_000);
    far.write(Buffer.alloc(8 * 1024 * 1024));
    while (!near.isPaused()) await new Promise((later) => setImmediate(later));
    assert.ok(source.buffered < 1024 * 1024);
    source.release();
  });
});
