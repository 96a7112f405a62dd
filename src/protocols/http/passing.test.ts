import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Entry } from '../../core/entry.ts';
import { openSite, sendJson } from './testing/site.ts';

process.env['CHAPERONE_TEST_HTTP_KEY'] = 'key-of-the-target-0815';
const key = 'key-of-the-target-0815';
const value = { env: 'CHAPERONE_TEST_HTTP_KEY' };

function recorded(entries: readonly Entry[]): string {
  return entries.flatMap((entry) => (entry.kind === 'bytes' ? [Buffer.from(entry.bytes).toString('latin1')] : [])).join('');
}

describe('the credential of a connection', () => {
  const ways: readonly {
    readonly name: string;
    readonly credentials: object;
    readonly seen: (headers: NodeJS.Dict<unknown>, url: string) => unknown;
    readonly is: string;
  }[] = [
    { name: 'a header', credentials: { header: 'X-Api-Key', value }, seen: (headers) => headers['x-api-key'], is: key },
    {
      name: 'Basic',
      credentials: { user: 'bot', password: value },
      seen: ({ authorization }) => authorization,
      is: `Basic ${Buffer.from(`bot:${key}`).toString('base64')}`,
    },
    { name: 'a parameter', credentials: { query: 'api_key', value }, seen: (_headers, url) => url, is: `/v1/echo?x=1&api_key=${key}` },
  ];
  for (const { name, credentials, seen, is } of ways)
    test(`is put in as ${name}, the client’s own is not passed on, and it comes back nowhere`, async () => {
      await using site = await openSite(
        ({ headers, url }, response) => {
          response.writeHead(302, {
            'content-type': 'text/plain',
            location: `https://login.example/?return=${encodeURIComponent(`${url}${String(headers['x-api-key'])}`)}`,
          });
          // Cut in the middle of the credential.
          const echo = JSON.stringify({ headers, url });
          const at = echo.indexOf(key) + 5;
          response.write(echo.slice(0, at));
          setImmediate(() => response.end(echo.slice(at)));
        },
        { credentials, path: '/v1' },
      );
      const response = await site.ask('/echo?x=1&api_key=mine', { headers: { 'x-api-key': 'mine', 'X-API_KEY': 'mine' } });
      const shown = `${await response.text()} ${JSON.stringify([...response.headers])}`;
      assert.equal(seen(site.seen[0]?.headers ?? {}, site.seen[0]?.url ?? ''), is);
      assert.ok(!JSON.stringify(site.seen[0]).includes(site.token), 'the client’s token reached the target');
      const forms = [key, Buffer.from(`bot:${key}`).toString('base64')];
      const kept = `${recorded(await site.settled())} ${JSON.stringify(site.plane.entries())} ${site.plane.log.join()}`;
      for (const form of forms) assert.ok(!shown.includes(form) && !kept.includes(form), `${form} came back`);
      assert.ok(!kept.includes(site.token), 'the token is on record');
    });
});

describe('a body', () => {
  const codings = [
    ['gzip', gzipSync, 'gzip'],
    ['deflate', deflateSync, 'deflate'],
    ['deflate', deflateRawSync, 'deflate, without a head'],
    ['br', brotliCompressSync, 'br'],
    ['zstd', zstdCompressSync, 'zstd'],
  ] as const;
  for (const [coding, encode, name] of codings)
    test(`coded by ${name} is decoded for record and client`, async () => {
      await using site = await openSite((_seen, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': coding });
        response.end(encode(Buffer.from(`said in ${coding} ${'z'.repeat(200_000)}`)));
      });
      const response = await site.ask('/coded');
      assert.equal(response.headers.get('content-encoding'), null);
      assert.match(await response.text(), new RegExp(`^said in ${coding} z+$`));
      assert.ok(recorded(await site.settled()).includes(`said in ${coding}`));
    });

  test('of which there is nothing is empty in any coding', async () => {
    await using site = await openSite((_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
      response.end();
    });
    assert.equal(await (await site.ask('/coded')).text(), '');
  });

  test('that is broken in its coding ends as what it is', async () => {
    await using site = await openSite((_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
      response.end('no gzip at all');
    });
    await assert.rejects(async () => (await site.ask('/coded')).text());
    const outcome = (await site.settled()).find((entry) => entry.kind === 'outcome');
    assert.ok(outcome?.kind === 'outcome');
    assert.deepEqual([outcome.outcome.status, outcome.outcome.error?.code], ['cut', 'TARGET_FAULT']);
  });

  test('of an upload of any length passes in pieces', async () => {
    const size = 32 * 1024 * 1024;
    let count = 0;
    await using site = await openSite(() => {}, {
      listener: (request, response) => {
        request.on('data', (piece: Buffer) => (count += piece.length));
        request.on('end', () => sendJson(response, { count }));
      },
    });
    const piece = new Uint8Array(1024 * 1024).fill(120);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent === size) return controller.close();
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
    const response = await site.ask('/upload', { method: 'PUT', body, duplex: 'half' });
    assert.deepEqual(await response.json(), { count: size });
  });

  test('with trailers keeps them', async () => {
    await using site = await openSite((_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
    const socket = connect(site.plane.port, '127.0.0.1');
    socket.write(`GET /orders/t HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${site.token}\r\n\r\n`);
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await once(socket, 'close');
    assert.match(text, /0\r\nx-sum: 42\r\n\r\n$/i);
    assert.ok(recorded(await site.settled()).includes('x-sum: 42'));
  });

  test('sent in chunks brings its trailers to the target, but for those that are the gateway’s', async () => {
    let trailers: NodeJS.Dict<string> = {};
    await using site = await openSite(() => {}, {
      listener: (request, response) => {
        request.resume().once('end', () => {
          trailers = request.trailers;
          response.end('taken');
        });
      },
    });
    const socket = connect(site.plane.port, '127.0.0.1');
    socket.write(
      `POST /orders/t HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${site.token}\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\nAuthorization: Bearer other\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n',
    );
    await once(socket.resume(), 'close');
    assert.deepEqual({ ...trailers }, { 'x-sum': '42' });
    const kept = recorded(await site.settled());
    assert.ok(kept.includes('x-sum: 42') && !kept.includes('Bearer other'));
  });

  test('asked for in part comes in part', async () => {
    await using site = await openSite(({ headers }, response) => {
      response.writeHead(206, { 'content-type': 'text/plain', 'content-range': 'bytes 0-3/10', 'content-length': 4 });
      response.end(`${headers.range}`.slice(0, 4));
    });
    const response = await site.ask('/part', { headers: { range: 'bytes=0-3' } });
    assert.deepEqual([response.status, response.headers.get('content-range'), await response.text()], [206, 'bytes 0-3/10', 'byte']);
  });
});

describe('a client', () => {
  test('that leaves ends the request at the target too', async () => {
    const left = Promise.withResolvers<void>();
    await using site = await openSite(() => {}, {
      listener: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
        response.once('close', () => left.resolve());
      },
    });
    const abort = new AbortController();
    const response = await site.ask('/events', { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await left.promise;
    const outcome = (await site.settled()).find((entry) => entry.kind === 'outcome');
    assert.equal(outcome?.kind === 'outcome' && outcome.outcome.status, 'cut');
  });

  test('that asks in a way that can be read two ways is refused, on record', async () => {
    await using site = await openSite((_seen, response) => sendJson(response, {}));
    const socket = connect(site.plane.port, '127.0.0.1');
    socket.write(`GET /orders/a/..;/admin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${site.token}\r\n\r\n`);
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 400 .*PROTOCOL_REFUSED.*a semicolon in the path/s);
    assert.deepEqual(site.seen, []);
    const asked = (await site.settled()).find((entry) => entry.kind === 'exchange');
    assert.deepEqual(asked?.kind === 'exchange' && [asked.action.name, asked.action.effect], ['http:other', 'unknown']);
  });
});

describe('a target', () => {
  test('that is not there is said to be', async () => {
    await using site = await openSite(() => {});
    const port = site.targetPort;
    await site[Symbol.asyncDispose]();
    await using other = await openSite(() => {}, { target: { url: `http://127.0.0.1:${port}` } });
    const response = await other.ask('/x');
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [502, 'TARGET_UNREACHABLE']);
  });

  test('that breaks off within its answer breaks the client’s off', async () => {
    await using site = await openSite((_seen, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only this');
      setImmediate(() => response.destroy());
    });
    await assert.rejects(async () => (await site.ask('/x')).text());
  });

  test('that does not speak HTTP is refused', async () => {
    await using site = await openSite(() => {}, { listener: (request) => void request.socket.end('SSH-2.0-OpenSSH_9\r\n') });
    const response = await site.ask('/x');
    assert.equal(response.status, 502);
  });
});
