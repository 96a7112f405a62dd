import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BodyUrls } from './body-urls.ts';
import { openSite, sendJson } from './testing/site.ts';

const target = { origin: 'https://api.example.com', secure: true, host: 'api.example.com', port: 443, path: '/v1' };
const places = { target, base: 'https://gate.example:8443/billing', prefix: '/billing' };

const cases: readonly (readonly [text: string, shown: string])[] = [
  ['{"next":"https://api.example.com/v1/a?page=2"}', '{"next":"https://gate.example:8443/billing/a?page=2"}'],
  ['{"next":"https:\\/\\/api.example.com\\/v1\\/a"}', '{"next":"https:\\/\\/gate.example:8443\\/billing\\/a"}'],
  ['https://api.example.com/v1', 'https://gate.example:8443/billing'],
  ['https://api.example.com/v10/a https://api.example.com/other', 'https://api.example.com/v10/a https://api.example.com/other'],
  [
    '<a href="https://api.example.com/v1">https://api.example.com/v1</a>',
    '<a href="https://gate.example:8443/billing">https://gate.example:8443/billing</a>',
  ],
  ['https://api.example.com/v1https://api.example.com/v1/', 'https://api.example.com/v1https://gate.example:8443/billing/'],
  ['nothing', 'nothing'],
  ['', ''],
];

describe('URLs in a body', () => {
  for (const [text, shown] of cases)
    test(`${text.slice(0, 60)} is led back, cut anywhere`, () => {
      for (let size = 1; size <= Math.max(1, text.length); size += 1) {
        const urls = new BodyUrls(places);
        const pieces: Buffer[] = [];
        for (let at = 0; at < text.length; at += size) pieces.push(urls.piece(Buffer.from(text.slice(at, at + size))));
        assert.equal(Buffer.concat([...pieces, urls.end()]).toString(), shown, `in pieces of ${size}`);
      }
    });

  for (const rewriteBodies of [true, false])
    test(`are ${rewriteBodies ? 'led back' : 'left alone'} as the connection says`, async () => {
      const own: { url: string } = { url: '' };
      await using site = await openSite((_seen, response) => sendJson(response, { next: `${own.url}/v1/a` }), {
        path: '/v1',
        target: { rewriteBodies },
      });
      own.url = `http://127.0.0.1:${site.targetPort}`;
      const { next } = (await (await site.ask('/a')).json()) as { readonly next: string };
      assert.equal(next, rewriteBodies ? site.url('/a') : `${own.url}/v1/a`);
    });
});
