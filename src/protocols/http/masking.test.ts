import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Entry } from '../../core/entry.ts';
import { openSite, sendJson } from './testing/site.ts';

const masking = {
  columns: [
    { column: 'orders:/customers/*/email', action: 'partial' },
    { column: 'orders:/**/secret', action: 'redact' },
    { column: 'orders:/keys', action: 'redact' },
  ],
  detectors: [{ detect: ['iban'], connections: ['orders'], action: 'redact' }],
};
const byLook = { detectors: [{ detect: ['email'], connections: ['orders'], action: 'redact' }] };
const iban = 'DE89370400440532013000';

function maskedIn(entries: readonly Entry[]) {
  return entries.flatMap((entry) => (entry.kind === 'masked' ? entry.masked : []));
}

function recorded(entries: readonly Entry[]): string {
  return entries.flatMap((entry) => (entry.kind === 'bytes' ? [Buffer.from(entry.bytes).toString()] : [])).join('');
}

describe('a masked reply', () => {
  const document = {
    customers: [{ email: 'ada@example.com', name: 'Ada', balance: 12.5, note: `pay to ${iban}` }],
    deep: { er: [{ secret: 12_345, on: true }] },
    keys: { 'ada@example.com': { number: 7, on: true, none: null } },
    big: 0,
  };
  const text = JSON.stringify(document).replace('"big":0', '"big":12345678901234567890.123');

  for (const coding of ['identity', 'gzip'])
    test(`is masked by place and by look, on the wire and on record (${coding})`, async () => {
      await using site = await openSite(
        (_seen, response) => {
          response.writeHead(200, {
            'content-type': 'application/json',
            etag: '"1"',
            ...(coding === 'gzip' && { 'content-encoding': 'gzip' }),
          });
          response.end(coding === 'gzip' ? gzipSync(text) : text);
        },
        { masking },
      );
      const response = await site.ask('/customers');
      assert.equal(response.headers.get('etag'), 'W/"1"');
      const shown = await response.text();
      const read = JSON.parse(shown) as typeof document;
      assert.match(read.customers[0]?.email ?? '', /^a\*+@\*+|^a[^d]/);
      assert.equal(read.customers[0]?.note, 'pay to [redacted:iban]');
      assert.deepEqual([read.customers[0]?.name, read.customers[0]?.balance], ['Ada', 12.5]);
      assert.ok(!shown.includes('12345,') && shown.includes('"on":true}]'), shown);
      assert.ok(shown.includes('12345678901234567890.123'), 'a number came out as another');
      assert.deepEqual(Object.values(read.keys), [{ number: 0, on: false, none: null }]);
      const entries = await site.settled();
      for (const secret of ['ada@example.com', iban]) assert.ok(!shown.includes(secret) && !recorded(entries).includes(secret), secret);
      assert.ok(maskedIn(entries).some(({ rule, count }) => rule === 'columns[0]' && count === 1));
      assert.ok(maskedIn(entries).some(({ detector }) => detector === 'iban'));
    });

  test('asks for the whole where a part was asked for', async () => {
    await using site = await openSite((_seen, response) => sendJson(response, document), { masking });
    await (await site.ask('/customers', { headers: { range: 'bytes=0-5' } })).text();
    assert.equal(site.seen[0]?.headers.range, undefined);
  });

  test('of text is masked by look, headers too', async () => {
    await using site = await openSite(
      (_seen, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'x-owner': 'ada@example.com' });
        response.end(`${'x'.repeat(300_000)}\nwrite to ada@example.com\n`);
      },
      { masking: byLook },
    );
    const response = await site.ask('/page');
    assert.equal(response.headers.get('x-owner'), '[redacted:email]');
    assert.match(await response.text(), /x\nwrite to \[redacted:email\]\n$/);
  });

  test('of an event stream is masked event by event, as they come', async () => {
    await using site = await openSite(
      (_seen, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"customers":[{"email":"ada@example.com"}]}\n\ndata: no json ada');
        response.write('@example.com\n\n');
      },
      { masking },
    );
    const reader = (await site.ask('/events')).body?.getReader();
    let shown = '';
    while (!shown.includes('unreadable')) {
      const read = await reader?.read();
      shown += Buffer.from((read?.value ?? []) as Uint8Array).toString();
    }
    assert.ok(!shown.includes('ada@example.com'));
    assert.match(shown, /^data: \{"customers":\[\{"email":"a.*"\}\]\}\n\ndata: \[redacted:unreadable\]\n/);
    await reader?.cancel();
  });

  const charsets: readonly (readonly [charset: string, bytes: (text: string) => Buffer])[] = [
    ['iso-8859-1', (text) => Buffer.from(text, 'latin1')],
    ['windows-1252', (text) => Buffer.from(text, 'latin1')],
    ['us-ascii', (text) => Buffer.from(text, 'latin1')],
    ['utf-16le', (text) => Buffer.from(text, 'utf16le')],
    ['utf-16be', (text) => Buffer.from(text, 'utf16le').swap16()],
  ];
  for (const [charset, bytes] of charsets)
    test(`in ${charset} stays in it`, async () => {
      await using site = await openSite(
        (_seen, response) => {
          response.writeHead(200, { 'content-type': `text/plain; charset=${charset}` });
          response.end(bytes('Zo\xeb is ada@example.com'));
        },
        { masking: byLook },
      );
      const shown = Buffer.from(await (await site.ask('/page')).arrayBuffer());
      assert.deepEqual(shown, bytes('Zo\xeb is [redacted:email]'));
    });

  test('has its reason masked, on the wire and on record', async () => {
    await using site = await openSite(
      (_seen, response) => {
        response.writeHead(404, 'No ada@example.com here', { 'content-type': 'application/json' });
        response.end('{}');
      },
      { masking: byLook },
    );
    const response = await site.ask('/users/1');
    assert.deepEqual([response.status, response.statusText], [404, 'No [redacted:email] here']);
    const entries = await site.settled();
    assert.ok(!recorded(entries).includes('ada@example.com') && !JSON.stringify(entries).includes('ada@example.com'));
  });

  const withheld: readonly (readonly [name: string, type: string, body: string | Buffer, rules: object])[] = [
    ['an image', 'image/png', Buffer.from([1, 2, 3]), byLook],
    ['text where places are masked', 'text/html', '<b>ada@example.com</b>', masking],
    ['what is no JSON where places are masked', 'application/json', '{"customers": [oops', masking],
    [
      'lines that are no JSON where places are masked',
      'application/x-ndjson',
      '{"customers":\n[{"email":\n"ada@example.com"\n}]}\n',
      masking,
    ],
    ['lines in another charset', 'application/x-ndjson; charset=utf-16le', Buffer.from('"ada@example.com"\n', 'utf16le'), byLook],
    ['text in a charset that it does not name', 'text/plain', Buffer.from('ada@example.com', 'utf16le'), byLook],
    ['bytes of no type', '', Buffer.from([0, 1, 2]), byLook],
    ['text that is no text', 'text/plain; charset=utf-8', Buffer.from([0xff, 0xfe, 0x00]), byLook],
  ];
  for (const [name, type, body, rules] of withheld)
    test(`of ${name} is withheld, and the client is told`, async () => {
      await using site = await openSite(
        (_seen, response) => {
          response.writeHead(200, type === '' ? {} : { 'content-type': type });
          response.end(body);
        },
        { masking: rules },
      );
      const response = await site.ask('/thing');
      assert.equal(response.status, 403);
      const problem = (await response.json()) as { readonly code: string; readonly detail: string };
      assert.equal(problem.code, 'ACCESS_REFUSED');
      assert.match(problem.detail, /you may not see it unmasked/);
      assert.ok(!recorded(await site.settled()).includes('ada@example.com'));
    });

  test('that is empty passes, whatever it says it is', async () => {
    await using site = await openSite(
      (_seen, response) => {
        response.writeHead(204, { 'content-type': 'image/png' });
        response.end();
      },
      { masking: byLook },
    );
    assert.equal((await site.ask('/thing')).status, 204);
  });
});
