import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { HttpCall } from './http-call.ts';
import { BrokenConnection, LateReply } from './http1-connection.ts';
import { Http2Pool } from './http2-pool.ts';

interface Place extends AsyncDisposable {
  readonly sessions: readonly ServerHttp2Session[];
  /** The status and body of a reply, or the fault. */
  ask(path?: string): Promise<string | Error>;
}

async function open(answer: (stream: ServerHttp2Stream) => void, headMs = 60_000): Promise<Place> {
  const server: Http2Server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    answer(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reach = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const pool = new Http2Pool({ origin: `http://127.0.0.1:${port}`, open: reach, headMs });
  const ask = (path = '/') =>
    new Promise<string | Error>((resolve) => {
      let text = '';
      const taker = {
        head: ({ status }: { readonly status: number }) => void (text += String(status)),
        piece: (bytes: Buffer) => void (text += ` ${bytes.toString('latin1')}`),
        end: () => resolve(text),
        settled: () => {},
        drained: () => {},
        failed: resolve,
      };
      pool.carry(new HttpCall({ method: 'GET', path, fields: [], body: null }, taker));
    });
  return {
    sessions,
    ask,
    [Symbol.asyncDispose]: async () => {
      pool.destroy();
      for (const session of sessions) session.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

const isBroken = (fault: string | Error) => assert.ok(fault instanceof BrokenConnection, String(fault));

describe('HTTP/2 to a target', () => {
  test('takes one connection for all that is asked at once, and another once its target wants no more on it', async () => {
    await using place = await open((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('said');
    });
    assert.deepEqual(await Promise.all([place.ask(), place.ask(), place.ask()]), ['200 said', '200 said', '200 said']);
    assert.equal(place.sessions.length, 1);
    const [first] = place.sessions;
    first?.close();
    await once(first ?? assert.fail(), 'close');
    assert.equal(await place.ask(), '200 said');
    assert.equal(place.sessions.length, 2);
  });

  test('whose connection breaks within a reply breaks it', async () => {
    await using place = await open((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.session?.socket.destroy());
    });
    isBroken(await place.ask());
  });

  test('that resets a reply breaks it', async () => {
    await using place = await open((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.destroy(new Error('a fault of the target')));
    });
    isBroken(await place.ask());
  });

  test('that answers with less than it said breaks the reply', async () => {
    await using place = await open((stream) => {
      stream.respond({ ':status': 200, 'content-length': '100' });
      stream.end('half');
    });
    isBroken(await place.ask());
  });

  test('that says nothing is given up', async () => {
    await using place = await open(() => {}, 50);
    const fault = await place.ask();
    assert.ok(fault instanceof LateReply, String(fault));
  });

  const many = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`x-${index}`, 'v']));
  const long = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`x-${index}`, 'v'.repeat(30_000)]));
  for (const [name, head, trailers] of [
    ['more fields than anybody needs', many, {}],
    ['longer fields', long, {}],
    ['more trailers', {}, many],
  ] as const)
    test(`that sends ${name} is not read`, async () => {
      await using place = await open((stream) => {
        stream.respond({ ':status': 200, ...head }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        stream.end('said');
      });
      isBroken(await place.ask());
    });

  test('fails what cannot be asked in this version, and nothing else', async () => {
    await using place = await open((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('said');
    });
    const fault = await place.ask('/a\nb');
    assert.ok(fault instanceof Error, String(fault));
    assert.equal(await place.ask(), '200 said');
  });
});
