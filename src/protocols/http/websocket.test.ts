import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { type DataPlane, type DataPlaneOptions, everybody, startDataPlane } from '../../../test/rig/data-plane.ts';
import { refuse } from '../../core/verdict.ts';
import { acceptOf } from '../../wire/websocket.ts';
import { protocol } from './index.ts';
import type { Settings } from './settings.ts';

describe('a WebSocket', () => {
  const server = createServer((_request, response) => {
    response.writeHead(403, { 'content-type': 'text/plain' });
    response.end('not here');
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  const upgrades: { readonly headers: NodeJS.Dict<string | string[]> }[] = [];
  let port = 0;
  before(async () => {
    server.on('upgrade', (request, socket, head) => {
      upgrades.push({ headers: request.headers });
      if (request.url === '/refused') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      else if (request.url === '/liar') socket.end(`HTTP/1.1 101 Yes\r\n${switched}Sec-WebSocket-Accept: ${acceptOf('x')}\r\n\r\n`);
      else sockets.handleUpgrade(request, socket, head, converse);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    for (const peer of sockets.clients) peer.terminate();
    server.closeAllConnections();
    server.close();
  });

  const open = async (options: Partial<DataPlaneOptions<Settings>> = {}) => {
    const plane = await startDataPlane({
      protocol,
      settings: protocol.settings.parse({ target: { url: `http://127.0.0.1:${port}` } }),
      ...options,
    });
    const token = await plane.token();
    return { plane, join: (path: string) => new Peer(plane, path, token) };
  };

  const recorded = async (plane: DataPlane) =>
    (await plane.settled()).flatMap((entry) => (entry.kind === 'bytes' ? [Buffer.from(entry.bytes).toString('latin1')] : [])).join('');

  test('passes both ways, frame by frame on record, without compression', async () => {
    const { plane, join } = await open();
    const peer = join('/socket');
    assert.equal(await peer.next(), 'hello ada@example.com');
    peer.socket.send('one');
    assert.equal(await peer.next(), 'you said one');
    const large = 'y'.repeat(300_000);
    peer.socket.send(large);
    assert.equal(await peer.next(), `you said ${large}`);
    peer.socket.send(Buffer.from([7, 8, 9]));
    assert.equal(await peer.next(), '\x07\x08\x09');
    assert.equal(upgrades.at(-1)?.headers['sec-websocket-extensions'], undefined);
    peer.socket.send('say bye');
    assert.deepEqual(await peer.closed, [4001, 'bye']);
    const text = await recorded(plane);
    for (const said of ['GET /socket', '101 Switching Protocols', 'you said one', 'say bye']) assert.ok(text.includes(said), said);
    const outcome = plane.entries().find((entry) => entry.kind === 'outcome');
    assert.equal(outcome?.kind === 'outcome' && outcome.outcome.status, 'ok');
    await plane.close();
  });

  test('is an action of its own, of unknown effect, and is refused as any request is', async () => {
    const no = refuse('ACCESS_REFUSED', 'No sockets here.', 'Ask by GET.');
    const { plane, join } = await open({ judge: (_who, { name }) => (name === 'http:websocket' ? no : everybody) });
    const peer = join('/socket');
    assert.match(await peer.failed, /403/);
    assert.ok(!(await recorded(plane)).includes('hello'));
    await plane.close();
  });

  test('that the target refuses is refused in its words', async () => {
    const { plane, join } = await open();
    assert.match(await join('/refused').failed, /403/);
    assert.ok((await recorded(plane)).includes('403 Forbidden'));
    await plane.close();
  });

  test('to a target that did not take the handshake is none', async () => {
    const { plane, join } = await open();
    assert.match(await join('/liar').failed, /502/);
    await plane.close();
  });

  test('is told when its session is ended', async () => {
    const { plane, join } = await open();
    const peer = join('/socket');
    await peer.next();
    plane.opened.at(-1)?.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: 'Ask the test.' });
    const [code, reason] = await peer.closed;
    assert.equal(code, 1008);
    assert.match(reason, /SESSION_TERMINATED: Ended by the test/);
    await plane.close();
  });

  test('has its texts masked, and ends at bytes that cannot be', async () => {
    const masking = { detectors: [{ detect: ['email'], connections: ['orders'], action: 'redact' }] };
    const { plane, join } = await open({ masking });
    const peer = join('/socket');
    assert.equal(await peer.next(), 'hello [redacted:email]');
    peer.socket.send('send bytes');
    const [code] = await peer.closed;
    assert.equal(code, 1008);
    assert.ok(!(await recorded(plane)).includes('ada@example.com'));
    await plane.close();
  });

  test('has the words masked that its target closes it with', async () => {
    const { plane, join } = await open({ masking: { detectors: [{ detect: ['email'], connections: ['orders'], action: 'redact' }] } });
    const peer = join('/socket');
    await peer.next();
    peer.socket.send('close');
    assert.deepEqual(await peer.closed, [4001, 'ask [redacted:email]']);
    assert.ok(!(await recorded(plane)).includes('ada@example.com'));
    await plane.close();
  });

  test('of a client that does not mask its frames is ended', async () => {
    const { plane } = await open();
    const raw = connect(plane.port, '127.0.0.1');
    const head = [
      'GET /orders/socket HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ];
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    raw.write(`${[...head, `Sec-WebSocket-Key: ${key}`, `Authorization: Bearer ${await plane.token()}`].join('\r\n')}\r\n\r\n`);
    raw.write(Buffer.from([0x81, 0x02, 0x68, 0x69]));
    let text = '';
    raw.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    raw.on('error', () => {});
    await once(raw, 'close');
    assert.ok(text.includes('whose mask does not belong'), text);
    await plane.close();
  });
});

const switched = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';

/** The target's side. */
function converse(peer: WebSocket): void {
  peer.on('message', (data: Buffer, binary) => {
    if (data.toString() === 'say bye') peer.close(4001, 'bye');
    else if (data.toString() === 'close') peer.close(4001, 'ask ada@example.com');
    else if (data.toString() === 'send bytes') peer.send(Buffer.from([1, 2, 3]));
    else peer.send(binary ? data : `you said ${data.toString()}`);
  });
  peer.send('hello ada@example.com');
}

/** A client whose messages are waited for one by one. */
class Peer {
  readonly socket: WebSocket;
  readonly closed: Promise<readonly [number, string]>;
  readonly failed: Promise<string>;
  readonly #messages: string[] = [];
  #waiting: (() => void) | null = null;

  constructor(plane: DataPlane, path: string, token: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${plane.port}/${plane.connection}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    this.socket.on('message', (data: Buffer) => {
      this.#messages.push(data.toString());
      this.#waiting?.();
    });
    this.closed = new Promise((resolve) => this.socket.once('close', (code, reason) => resolve([code, reason.toString()])));
    this.failed = new Promise((resolve) => this.socket.on('error', (fault) => resolve(fault.message)));
  }

  async next(): Promise<string> {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return this.#messages.shift() ?? '';
  }
}
