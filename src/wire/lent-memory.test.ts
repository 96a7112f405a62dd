import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { giveBack, hold, isHeld, LentReading, own } from './lent-memory.ts';

/** Reads all of what a server sends; returns what it was. */
async function read(sent: Buffer, take: (bytes: Buffer) => void): Promise<void> {
  await using server = createServer((socket) => socket.end(sent));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reading = new LentReading();
  reading.to(take);
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, onread: reading.options });
  await once(socket, 'close');
}

function sumOf(pieces: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

const sent = randomBytes(20_000_000);

describe('memory that is read into again', () => {
  test('keeps what is held until it is given back', async () => {
    const kept: Buffer[] = [];
    await read(sent, (bytes) => void kept.push(hold(bytes)));
    assert.equal(sumOf(kept), sumOf([sent]));
  });

  test('is read into again once all that was held of it has come back', async () => {
    const waiting: Buffer[] = [];
    const hash = createHash('sha256');
    const memory = new Set<ArrayBufferLike>();
    const settle = (left: number) => {
      while (waiting.length > left) {
        const [half] = waiting.splice(0, 1);
        if (half === undefined) return;
        hash.update(half);
        giveBack(half);
        // Neither it once more nor a part of it frees what the other half lies in.
        giveBack(half);
        giveBack(half.subarray(1));
      }
    };
    await read(sent, (bytes) => {
      const middle = bytes.length >> 1;
      for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
        waiting.push(hold(half));
        if (isHeld(half)) memory.add(half.buffer);
      }
      // An odd number: of one read the first half is given back, the second is looked at after the next.
      settle(7);
    });
    settle(0);
    assert.equal(hash.digest('hex'), sumOf([sent]));
    assert.ok(memory.size < sent.length / (256 * 1024) / 2, `${memory.size} areas for ${sent.length} bytes`);
  });

  test('is the same for all reads that nobody holds', async () => {
    const hash = createHash('sha256');
    const memory = new Set<ArrayBufferLike>();
    await read(sent, (bytes) => {
      hash.update(bytes);
      memory.add(bytes.buffer);
    });
    assert.equal(hash.digest('hex'), sumOf([sent]));
    assert.ok(memory.size <= 40, `${memory.size} pieces of memory`);
  });

  test('is copied from where a read is short, and is nothing to bytes that come from elsewhere', async () => {
    const kept: Buffer[] = [];
    await read(sent.subarray(0, 20_000), (bytes) => void kept.push(hold(bytes)));
    assert.equal(sumOf(kept), sumOf([sent.subarray(0, 20_000)]));
    assert.deepEqual(
      kept.map((bytes) => isHeld(bytes)),
      kept.map(() => false),
    );
    const mine = Buffer.from('my own');
    assert.equal(hold(mine), mine);
    assert.equal(isHeld(mine), false);
  });

  test('is freed where it is given back and was its owner’s alone', () => {
    const alone = own(Buffer.from(new ArrayBuffer(64 * 1024)));
    const shared = own(Buffer.from(new ArrayBuffer(64 * 1024), 1));
    const small = own(Buffer.from(new ArrayBuffer(1024)));
    assert.deepEqual([alone, shared, small].map(isHeld), [true, false, false]);
    for (const bytes of [alone.subarray(0), alone, shared, small]) giveBack(bytes);
    assert.deepEqual(
      [alone, shared, small].map(({ buffer }) => buffer.byteLength),
      [0, 64 * 1024, 1024],
    );
  });

  test('says that something came before anybody wanted it', async () => {
    await using server = createServer((socket) => socket.end('at once'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const reading = new LentReading();
    const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, onread: reading.options });
    await once(socket, 'close');
    assert.equal(reading.early, true);
  });
});
