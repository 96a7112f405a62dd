import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import { bytesInUse, collectGarbage } from '../../../test/rig/memory.ts';
import { protocol } from './index.ts';
import { openSite } from './testing/site.ts';

/** A target that answers each connection's first bytes as it likes. */
async function openHostile(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const plane = await startDataPlane({ protocol, settings: protocol.settings.parse({ target: { url: `http://127.0.0.1:${port}` } }) });
  const headers = { authorization: `Bearer ${await plane.token()}` };
  return {
    plane,
    headers: async () => ({ authorization: `Bearer ${await plane.token()}` }),
    ask: async () => {
      const asked = get({ port: plane.port, host: '127.0.0.1', path: `/${plane.connection}/x`, headers, agent: false });
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return response;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await plane.close();
    },
  };
}

/** Writes as fast as it is taken, so much at most. */
function pour(sink: Writable, piece: Buffer, most: number, wrote: (length: number) => void, done = 0): void {
  let sum = done;
  let more = true;
  while (more && sum < most && !sink.destroyed) {
    more = sink.write(piece);
    sum += piece.length;
    wrote(piece.length);
  }
  if (!more) sink.once('drain', () => pour(sink, piece, most, wrote, sum));
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response) text += String(piece);
  return text;
}

describe('a hostile target', () => {
  const said: readonly (readonly [name: string, bytes: string])[] = [
    ['a status that is none', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(200_000)}`],
    ['a 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['nothing at all', ''],
  ];
  for (const [name, bytes] of said)
    test(`that says ${name} is a fault, and the session goes on`, async () => {
      let count = 0;
      await using hostile = await openHostile((socket) => {
        count += 1;
        if (count === 1) socket.end(bytes);
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
      const response = await hostile.ask();
      assert.equal(response.statusCode, 502);
      assert.match(await textOf(response), /TARGET_(FAULT|UNREACHABLE)/);
      assert.equal(await textOf(await hostile.ask()), 'ok');
    });

  test('whose answer goes on behind its end gives nothing of that to anybody', async () => {
    await using hostile = await openHostile((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen');
    });
    assert.equal(await textOf(await hostile.ask()), 'ok');
    const entries = await hostile.plane.settled();
    assert.ok(!entries.some((entry) => entry.kind === 'bytes' && Buffer.from(entry.bytes).includes('stolen')));
  });

  test('that does not begin to answer in time is given up, and the next request goes on', async () => {
    let count = 0;
    await using site = await openSite((_seen, response) => void ((count += 1) > 1 && response.end('late enough')), {
      timeouts: { statement: 200 },
    });
    const response = await site.ask('/x');
    assert.equal(response.status, 502);
    assert.match(await response.text(), /TARGET_FAULT.*in time/s);
    assert.equal(await (await site.ask('/x')).text(), 'late enough');
  });

  test('that answers many times before it answers is waited for', async () => {
    await using hostile = await openHostile((socket) => {
      socket.end(`${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(50)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    });
    assert.equal(await textOf(await hostile.ask()), 'ok');
  });

  for (const [name, coded] of [
    ['more than its reader takes', false],
    ['a bomb in its coding', true],
  ] as const)
    test(`that sends ${name} is held back, and costs no memory`, async () => {
      const limit = 64 * 1024 * 1024;
      let sent = 0;
      await using hostile = await openHostile((socket) => {
        const piece = Buffer.alloc(1024 * 1024, 120);
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${coded ? 'Content-Encoding: gzip\r\n' : ''}Connection: close\r\n\r\n`,
        );
        const coder = coded ? createGzip({ level: 9 }) : null;
        coder?.pipe(socket);
        const sink = coder ?? socket;
        pour(sink, piece, 16 * limit, (length) => (sent += length));
      });
      const response = await hostile.ask();
      response.pause();
      collectGarbage();
      const before = bytesInUse();
      // Until nothing moves any more: everything between target and reader is full.
      for (let last = -1; last !== sent; ) {
        last = sent;
        for (let turns = 0; turns < 2_000; turns += 1) await new Promise((later) => setImmediate(later));
      }
      collectGarbage();
      const held = bytesInUse() - before;
      assert.ok(held < limit, `${held} bytes more are held`);
      if (!coded) assert.ok(sent < limit, `${sent} bytes were taken of it`);
      response.destroy();
    });

  test('that takes nothing of a body holds its sender back', async () => {
    await using hostile = await openHostile((socket) => void socket.pause());
    const limit = 64 * 1024 * 1024;
    const asked = request({
      port: hostile.plane.port,
      host: '127.0.0.1',
      path: '/orders/x',
      method: 'PUT',
      headers: await hostile.headers(),
      agent: false,
    });
    asked.on('error', () => {});
    const piece = Buffer.alloc(1024 * 1024, 120);
    let sent = 0;
    pour(asked, piece, 16 * limit, (length) => (sent += length));
    for (let last = -1; last !== sent; ) {
      last = sent;
      for (let turns = 0; turns < 2_000; turns += 1) await new Promise((later) => setImmediate(later));
    }
    assert.ok(sent < limit, `${sent} bytes were taken of it`);
    asked.destroy();
  });
});
