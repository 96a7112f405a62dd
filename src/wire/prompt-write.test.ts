import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { own } from './lent-memory.ts';
import { writeHeld, writePromptly } from './prompt-write.ts';

describe('a prompt write', () => {
  const server = createServer({ allowHalfOpen: true });
  before(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
  after(() => server.close());

  async function pair(): Promise<[near: Socket, far: Socket]> {
    const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [far] = (await once(server, 'connection')) as [Socket];
    if (near.connecting) await once(near, 'connect');
    return [near, far];
  }

  test('arrives whole and in order, however slowly the peer reads', async () => {
    const [near, far] = await pair();
    const pieces = Array.from({ length: 400 }, (_, index) => Buffer.alloc(1 + ((index * 7919) % 100_000), index % 251));
    far.pause();
    let refused = 0;
    for (const [index, piece] of pieces.entries()) {
      if (!writePromptly(near, piece)) refused += 1;
      // Some in one turn, some in the next, and the reader begins when much is waiting.
      if (index % 3 === 0) await new Promise((turn) => setImmediate(turn));
    }
    assert.ok(refused > 0, 'a peer that does not read must be waited for');
    near.end();
    assert.ok((await buffer(far)).equals(Buffer.concat(pieces)));
    far.destroy();
  });

  test('gives back what is held once the system has it, and not before', async () => {
    const [near, far] = await pair();
    const pieces = Array.from({ length: 100 }, (_, index) => own(Buffer.alloc(20_000 + ((index * 7919) % 100_000), index % 251)));
    const sent = Buffer.concat(pieces);
    far.pause();
    for (const [index, piece] of pieces.entries())
      if (index % 4 === 0) writeHeld(near, piece, piece);
      else writePromptly(near, piece);
    const isFree = ({ buffer: { byteLength } }: Buffer) => byteLength === 0;
    assert.ok(!pieces.every(isFree), 'a peer that does not read must be waited for');
    near.end();
    assert.ok((await buffer(far)).equals(sent));
    if (!near.writableFinished) await once(near, 'finish');
    assert.ok(pieces.every(isFree), 'all of it has been taken');
    far.destroy();
  });

  test('waits behind what was written before it', async () => {
    const [near, far] = await pair();
    near.cork();
    near.write('first ');
    writePromptly(near, Buffer.from('second'));
    near.uncork();
    near.end();
    assert.equal((await buffer(far)).toString(), 'first second');
    far.destroy();
  });

  test('to a peer that is gone is an error of the socket', async () => {
    const [near, far] = await pair();
    const failed = once(near, 'error');
    far.resetAndDestroy();
    const timer = setInterval(() => writePromptly(near, Buffer.from('is anybody there?')), 1);
    await failed;
    clearInterval(timer);
    assert.ok(near.destroyed);
  });

  test('goes the stream’s way where there is no plain socket', () => {
    const written: Buffer[] = [];
    const stream = new Duplex({ read() {}, write: (chunk: Buffer, _encoding, done) => (written.push(chunk), done()) });
    assert.equal(writePromptly(stream, Buffer.from('as it is')), true);
    assert.equal(Buffer.concat(written).toString(), 'as it is');
  });
});
