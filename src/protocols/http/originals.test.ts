import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { WebSocket, WebSocketServer } from 'ws';
import { type Auditor, makeAuditor } from '../../../test/rig/auditor.ts';
import type { Entry } from '../../core/entry.ts';
import type { Part } from '../../core/part.ts';
import { createDecoder } from './decoder.ts';
import { type Answerer, openSite, sendJson } from './testing/site.ts';

const secret = 'sk-credential-of-the-gateway';
const credentials = { header: 'x-api-key', value: { env: 'CHAPERONE_TEST_HTTP_ORIGINALS' } };
const canary = 'ada@example.com';
let auditor: Auditor;
let masking: object;

before(async () => {
  process.env['CHAPERONE_TEST_HTTP_ORIGINALS'] = secret;
  auditor = await makeAuditor();
  masking = {
    detectors: [{ detect: ['email'], connections: ['orders'], action: 'redact' }],
    originals: { recipients: [auditor.recipient] },
  };
});

/** What was answered, as the auditor's program decodes it. */
async function partsOf(entries: readonly Entry[]): Promise<Part[]> {
  const decoder = createDecoder();
  return (await auditor.open(entries)).flatMap((entry) => {
    if (entry.kind !== 'bytes') return [];
    const parts = decoder.bytes(entry.exchange, entry.direction, entry.bytes);
    return entry.direction === 'reply' ? parts : [];
  });
}

const inClear = (entries: readonly Entry[], text: string) =>
  entries.some((entry) => (entry.kind === 'bytes' || entry.kind === 'sealed') && Buffer.from(entry.bytes).includes(text));

const long = `${'x'.repeat(300_000)}\nwrite to ${canary}\n`;
const cases: readonly (readonly [name: string, answer: Answerer, holds: (parts: readonly Part[]) => void])[] = [
  [
    'JSON',
    (_seen, response) => sendJson(response, { email: canary }),
    (parts) =>
      assert.deepEqual(
        parts.find(({ shape }) => shape === 'document'),
        { shape: 'document', mediaType: 'application/json', value: { email: canary } },
      ),
  ],
  [
    'JSON in gzip',
    (_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ email: canary })));
    },
    (parts) => assert.ok(JSON.stringify(parts).includes(`{"email":"${canary}"}`)),
  ],
  [
    'a long text, and a header',
    (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'x-owner': canary });
      response.end(long);
    },
    (parts) => {
      assert.equal(parts.map((part) => (part.shape === 'text' ? part.text : '')).join(''), long);
      assert.ok(JSON.stringify(parts.filter(({ shape }) => shape === 'mark')).includes(canary), 'the header');
    },
  ],
  [
    'an event stream',
    (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: {"email":"${canary}"}\n\ndata: half of a`);
      response.write(`da@example.com\n\n`);
      response.end();
    },
    (parts) => assert.match(JSON.stringify(parts), /ada@example\.com.*half of ada@example\.com/),
  ],
];

describe('the original of a masked reply', () => {
  for (const [name, answer, holds] of cases)
    test(`is sealed beside it: ${name}`, async () => {
      await using site = await openSite(answer, { masking });
      const shown = await (await site.ask('/thing')).text();
      assert.ok(!shown.includes(canary) && shown.includes('[redacted:email]'), shown.slice(-200));
      const entries = await site.settled();
      assert.ok(!inClear(entries, canary));
      holds(await partsOf(entries));
    });

  test('has no credential of the gateway’s in it, wherever it is cut', async () => {
    const echo: Answerer = (seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-echo': String(seen.headers['x-api-key']) });
      const said = `data: ${canary} ${String(seen.headers['x-api-key'])}\n\n`;
      for (const byte of said) response.write(byte);
      response.end();
    };
    await using site = await openSite(echo, { masking, credentials });
    await (await site.ask('/thing')).text();
    const text = JSON.stringify(await partsOf(await site.settled()));
    assert.ok(text.includes(canary));
    assert.ok(!text.includes(secret));
  });

  test('is not kept where nothing was masked', async () => {
    await using site = await openSite((_seen, response) => sendJson(response, { name: 'Ada' }), { masking });
    await (await site.ask('/thing')).text();
    assert.deepEqual(
      (await site.settled()).filter(({ kind }) => kind === 'sealed' || kind === 'key'),
      [],
    );
  });

  test('is that of a WebSocket’s message, too', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(sockets, 'listening');
    sockets.on('connection', (socket) => socket.send(`hello ${canary}`));
    const address = sockets.address();
    assert.ok(typeof address === 'object' && address !== null);
    await using site = await openSite(() => {}, { masking, target: { url: `http://127.0.0.1:${address.port}` } });
    const client = new WebSocket(site.url('/socket').replace('http', 'ws'), { headers: { authorization: `Bearer ${site.token}` } });
    const [said] = (await once(client, 'message')) as [Buffer];
    assert.equal(said.toString(), 'hello [redacted:email]');
    client.close();
    await once(client, 'close');
    const entries = await site.settled();
    for (const peer of sockets.clients) peer.terminate();
    sockets.close();
    assert.ok(!inClear(entries, canary));
    assert.ok(JSON.stringify(await partsOf(entries)).includes(`hello ${canary}`));
  });
});
