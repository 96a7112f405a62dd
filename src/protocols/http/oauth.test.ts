import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { Secret } from '../../core/secret.ts';
import { type PostForm, TokenSource } from './oauth.ts';
import { openSite, sendJson } from './testing/site.ts';

const place = { origin: 'https://login.example.com', secure: true, host: 'login.example.com', port: 443, path: '/token' };
const oauth = { tokenUrl: place, clientId: 'a:b', clientSecret: new Secret('s e c'), scope: 'read' };

function sourceAt(now: { at: number }) {
  const asked: { readonly form: string; readonly authorization: string }[] = [];
  const post: PostForm = async (form, authorization) => {
    asked.push({ form, authorization });
    return { status: 200, text: JSON.stringify({ access_token: `token-number-${asked.length}`, token_type: 'bearer', expires_in: 100 }) };
  };
  return { source: new TokenSource(oauth, () => now.at), asked, post };
}

describe('a token by client credentials', () => {
  test('is fetched once for all who wait, kept, and fetched anew before it ends', async () => {
    const now = { at: 1_000_000 };
    const { source, asked, post } = sourceAt(now);
    const [one, other] = await Promise.all([source.current(post), source.current(post)]);
    assert.equal(one, other);
    assert.deepEqual(one?.field, ['authorization', 'Bearer token-number-1']);
    assert.equal(source.current(post), one, 'it is there without waiting');
    now.at += 71_000;
    assert.deepEqual((await source.current(post)).field, ['authorization', 'Bearer token-number-2']);
    assert.equal(asked.length, 2);
    assert.equal(asked[0]?.form, 'grant_type=client_credentials&scope=read');
    assert.equal(asked[0]?.authorization, `Basic ${Buffer.from('a%3Ab:s+e+c').toString('base64')}`);
  });

  test('that the target refuses is not used again', async () => {
    const { source, post } = sourceAt({ at: 0 });
    const first = await source.current(post);
    source.refused(first);
    assert.notEqual(await source.current(post), first);
  });

  test('is asked for on record, without what proves the gateway and without the token', async () => {
    process.env['CHAPERONE_TEST_HTTP_CLIENT_SECRET'] = 'secret-of-the-client';
    const server = createServer((request, response) => {
      request.resume();
      sendJson(response, {
        access_token: 'token-that-is-secret',
        token_type: 'Bearer',
        expires_in: 60,
        note: request.headers.authorization,
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const clientSecret = { env: 'CHAPERONE_TEST_HTTP_CLIENT_SECRET' };
    await using site = await openSite(({ headers }, response) => sendJson(response, { has: headers.authorization !== undefined }), {
      credentials: { oauth: { tokenUrl: `http://127.0.0.1:${port}/token`, clientId: 'chaperone', clientSecret, scope: 'read' } },
    });
    assert.deepEqual(await (await site.ask('/things')).json(), { has: true });
    const kept = (await site.settled()).flatMap((entry) =>
      entry.kind === 'bytes' ? [`${entry.exchange} ${entry.direction} ${Buffer.from(entry.bytes).toString('latin1')}`] : [],
    );
    const [asked = '', answered = ''] = kept.filter((text) => text.startsWith('0 '));
    assert.ok(asked.includes(`POST http://127.0.0.1:${port}/token`) && asked.includes('grant_type=client_credentials&scope=read'));
    assert.ok(answered.includes('{"token_type":"Bearer","expires_in":60}'));
    const pair = Buffer.from('chaperone:secret-of-the-client').toString('base64');
    for (const secret of ['secret-of-the-client', pair, 'token-that-is-secret']) assert.ok(!kept.join().includes(secret), secret);
    server.close();
  });

  const useless: readonly (readonly [name: string, status: number, text: string])[] = [
    ['an error', 401, '{"error":"invalid_client","client_secret":"s e c"}'],
    ['no JSON', 200, 'welcome'],
    ['a token of another kind', 200, '{"access_token":"x","token_type":"mac"}'],
    ['a token that is no header', 200, '{"access_token":"x\\r\\ny","token_type":"bearer"}'],
  ];
  for (const [name, status, text] of useless)
    test(`is none where the server answers with ${name}, and its words go nowhere`, async () => {
      const { source } = sourceAt({ at: 0 });
      await assert.rejects(async () => source.current(async () => ({ status, text })), {
        message: `the authorization server answered ${status} without a token that can be used`,
      });
    });
});
