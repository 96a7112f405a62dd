import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { get } from 'node:https';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { generate } from 'selfsigned';
import { z } from 'zod';
import type { Session } from '../core/session.ts';
import type { WebProtocol } from '../core/protocol.ts';
import type { Visit } from '../core/web.ts';
import { type DataPlane, startDataPlane } from '../../test/rig/data-plane.ts';

const seen: { readonly session: Session; readonly visit: Visit }[] = [];

/** Answers with what it was handed. */
const mirror: WebProtocol<unknown> = {
  name: 'mirror',
  settings: z.unknown(),
  actions: {},
  facts: {},
  objects: [],
  listener: 'web',
  addresses: () => [],
  probe: () => ({ method: 'GET', path: '/' }),
  decoder: () => ({ bytes: () => [], withheld: () => {} }),
  converse: (session) => ({
    answer: async (visit) => {
      seen.push({ session, visit });
      visit.proceed();
      let body = '';
      visit.request.setEncoding('utf8');
      for await (const piece of visit.request) body += String(piece);
      const { method, prefix, path, base, headers } = visit;
      visit.response.writeHead(200, { 'content-type': 'application/json' });
      visit.response.end(JSON.stringify({ method, prefix, path, base, headers, body, session: session.facts.id }));
    },
    close: async () => ({ status: 'ended', reason: 'the test says so' }),
  }),
};

interface Mirrored {
  readonly method: string;
  readonly path: string;
  readonly base: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly session: string;
}

describe('the web listener with TLS', () => {
  test('speaks HTTP/2 and HTTP/1.1, as the client offers', async () => {
    const made = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const certificate = { certPem: made.cert, keyPem: made.private };
    await using plane = await startDataPlane({ protocol: mirror, settings: {}, certificate });
    const authorization = `Bearer ${await plane.token()}`;
    const origin = `https://127.0.0.1:${plane.port}`;
    const client = connectHttp2(origin, { ca: made.cert });
    const stream = client.request({ ':path': '/orders/two', authorization });
    const [head] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
    stream.resume();
    await once(stream, 'close');
    client.close();
    assert.equal(head[':status'], 200);
    const asked = get(`${origin}/orders/one`, { ca: made.cert, headers: { authorization } });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    assert.deepEqual([response.statusCode, response.httpVersion], [200, '1.1']);
    let text = '';
    for await (const piece of response) text += String(piece);
    assert.equal((JSON.parse(text) as Mirrored).base, `${origin}/orders`);
  });
});

describe('the web listener', () => {
  let plane: DataPlane;
  let token: string;
  before(async () => {
    plane = await startDataPlane({ protocol: mirror, settings: {} });
    token = await plane.token();
  });
  after(() => plane.close());

  const at = (path: string) => `http://127.0.0.1:${plane.port}${path}`;
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await fetch(at(path), { ...init, headers: { authorization: `Bearer ${token}`, ...headers } });
    assert.equal(response.status, 200);
    return (await response.json()) as Mirrored;
  };

  /** One connection that is sent these bytes; resolves with all that it answered. */
  const raw = async (bytes: string): Promise<string> => {
    const socket = connect(plane.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => (text += piece));
    socket.on('error', () => {});
    socket.end(Buffer.from(bytes, 'latin1'));
    await once(socket, 'close');
    return text;
  };

  test('hands on the target as it came and the headers without what is its own', async () => {
    const mirrored = await ask('/orders/a%2Fb/../c?x=%20', { 'X-Thing': 'Yes', 'X-Forwarded-User': 'root', X_Thing: 'no', cookie: 'a=b' });
    assert.equal(mirrored.base, at('/orders'));
    assert.equal(
      mirrored.headers.some(([name]) => /authorization|forwarded|_/.test(name)),
      false,
    );
    assert.deepEqual(
      mirrored.headers.filter(([name]) => ['x-thing', 'cookie'].includes(name)),
      [
        ['x-thing', 'Yes'],
        ['cookie', 'a=b'],
      ],
    );
  });

  test('hands the token on to nobody, wherever else it stands', async () => {
    const { headers } = await ask('/orders/a', { 'x-api-key': token, cookie: `a=b; key=${token}`, 'x-other': 'b' });
    assert.ok(!JSON.stringify(headers).includes(token) && headers.some(([name]) => name === 'x-other'), JSON.stringify(headers));
    const response = await fetch(at(`/orders/a?private_token=${token}`), { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual([response.status, ((await response.json()) as { readonly code: string }).code], [400, 'PROTOCOL_REFUSED']);
  });

  const targets: readonly (readonly [target: string, path: string])[] = [
    ['/orders', '/'],
    ['/orders?a', '/?a'],
    ['/orders/', '/'],
    ['/orders//x/./%2e%2e/y?b=/#'.slice(0, -1), '//x/./%2e%2e/y?b=/'],
  ];
  for (const [target, path] of targets)
    test(`hands on ${target} as ${path}`, async () => {
      const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      assert.ok(answer.includes(`"path":"${path}"`), answer);
    });

  test('keeps one session for a token, a connection and a run, whatever sockets come', async () => {
    const basic = `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`;
    const all = await Promise.all([
      ask('/orders/1', { 'chaperone-run': 'r1', connection: 'close' }),
      ask('/orders/2', { 'chaperone-run': 'r1' }),
      ask('/orders/3', { 'chaperone-run': 'r1', authorization: basic }),
      ask('/orders/4', { 'chaperone-run': 'r2' }),
    ]);
    const [first, second, third, other] = all.map(({ session }) => session);
    assert.deepEqual([second, third], [first, first]);
    assert.notEqual(other, first);
    const { facts } = plane.opened.find((session) => session.facts.id === first) ?? assert.fail('it was not opened');
    assert.deepEqual([facts.run, facts.protocol, facts.connection], ['r1', 'mirror', 'orders']);
  });

  test('speaks HTTP/2 to who knows before', async () => {
    const client = connectHttp2(at(''));
    const stream = client.request({ ':path': '/orders/two', ':method': 'POST', authorization: `Bearer ${token}` });
    stream.end('body');
    let text = '';
    for await (const piece of stream) text += String(piece);
    client.close();
    const mirrored = JSON.parse(text) as Mirrored;
    assert.deepEqual([mirrored.method, mirrored.path, mirrored.body, mirrored.base], ['POST', '/two', 'body', at('/orders')]);
  });

  test('waits for the rest of what may be the preface without work, and takes it in any pieces', async () => {
    const whole = connect(plane.port, '127.0.0.1');
    whole.on('error', () => {});
    whole.write('PRI * HTTP/2.0');
    const before = process.cpuUsage();
    await ask('/orders/x');
    for (let turns = 0; turns < 1_000; turns += 1) await new Promise((later) => setImmediate(later));
    const { user } = process.cpuUsage(before);
    assert.ok(user < 2_000_000, `${user} µs of processor time for a client that waits`);
    whole.write('\r\n\r\nSM\r\n\r\n');
    // An empty SETTINGS frame, which both sides begin with (RFC 9113 section 3.4).
    whole.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    const [settings] = (await once(whole, 'data')) as [Buffer];
    assert.equal(settings[3], 4);
    whole.destroy();
  });

  test('lets the body come when the protocol wants it', async () => {
    const head = `POST /orders/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`;
    const answer = await raw(`${head}abcd`);
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    assert.match(answer, /"body":"abcd"/);
  });

  test('asks for a token where there is none, and opens no session', async () => {
    const before = plane.opened.length;
    const response = await fetch(at('/orders/x'));
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm="Chaperone", Basic realm="Chaperone"/);
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.deepEqual(((await response.json()) as { code: string }).code, 'TOKEN_MISSING');
    assert.equal(plane.opened.length, before);
  });

  test('says no in plain words to git', async () => {
    const headers = { 'user-agent': 'git/2.39.5', authorization: 'Bearer wrong' };
    const response = await fetch(at('/orders/x'), { headers });
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.match(await response.text(), /token/i);
  });

  test('says the same of a connection that is not there, and keeps it on record under its own name', async () => {
    const response = await fetch(at('/nowhere/x'), { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 403);
    const document = (await response.json()) as { readonly code: string; readonly detail: string };
    assert.equal(document.code, 'ACCESS_REFUSED');
    assert.match(document.detail, /may not connect to "nowhere", or there is no such connection/);
    const refused = plane.entries().find((entry) => entry.kind === 'session' && entry.facts.connection === 'nowhere');
    assert.ok(refused?.kind === 'session');
    assert.equal(refused.facts.protocol, 'web');
  });

  const strange: readonly (readonly [name: string, head: string, status: number])[] = [
    ['an absolute target', 'GET http://127.0.0.1/orders/x HTTP/1.1\r\nHost: 127.0.0.1', 400],
    ['an absolute target elsewhere', 'GET http://169.254.169.254/latest HTTP/1.1\r\nHost: 127.0.0.1', 400],
    ['CONNECT', 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80', 405],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1', 400],
    ['no host', 'GET /orders/x HTTP/1.1\r\nX: y', 400],
    ['two hosts', 'GET /orders/x HTTP/1.1\r\nHost: localhost\r\nHost: 127.0.0.1', 400],
    ['a foreign host on loopback', 'GET /orders/x HTTP/1.1\r\nHost: evil.example', 400],
    ['a length and chunks', 'POST /orders/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked', 400],
    ['two lengths', 'POST /orders/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4', 400],
    ['a folded header', 'GET /orders/x HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b: c', 400],
    ['a space before the colon', 'GET /orders/x HTTP/1.1\r\nHost: localhost\r\nX : a', 400],
    ['another upgrade', 'GET /orders/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: tls/1.3', 400],
    ['an encoded name', 'GET /%6frders/x HTTP/1.1\r\nHost: localhost', 400],
    ['dots before the name', 'GET /./orders/x HTTP/1.1\r\nHost: localhost', 400],
    ['encoded dots before the name', 'GET /%2e%2e/orders/x HTTP/1.1\r\nHost: localhost', 400],
    ['a slash too many', 'GET //orders/x HTTP/1.1\r\nHost: localhost', 400],
    ['another case', 'GET /Orders/x HTTP/1.1\r\nHost: localhost', 400],
    ['a backslash', 'GET /orders\\x HTTP/1.1\r\nHost: localhost', 400],
    ['a fragment', 'GET /orders/x#y HTTP/1.1\r\nHost: localhost', 400],
    ['a run that is none', 'GET /orders/x HTTP/1.1\r\nHost: localhost\r\nChaperone-Run: a b', 400],
    ['two tokens', 'GET /orders/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer other', 400],
  ];
  for (const [name, head, status] of strange)
    test(`refuses ${name}`, async () => {
      const count = seen.length;
      const answer = await raw(`${head}\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), answer);
      assert.equal(seen.length, count, 'the protocol saw it');
    });
});
