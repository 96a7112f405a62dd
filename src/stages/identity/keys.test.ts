import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Principal } from '../../core/principal.ts';
import type { Refusal } from '../../core/verdict.ts';
import { createIdentity, type Identity } from './identity.ts';
import { fetchDocument } from './json-document.ts';
import { identitySchema } from './settings.ts';
import {
  type Answer,
  createSigningKey,
  discoveryPath,
  encodePart,
  keysPath,
  type LocalIssuer,
  openLocalIssuer,
  type SigningKey,
  sendJson,
  signToken,
} from './testing/local-issuer.ts';

const start = Date.UTC(2026, 10, 22, 12);
const minute = 60_000;
const hour = 60 * minute;

const garbage: { name: string; path: string; answer: (issuer: LocalIssuer) => Answer; log: RegExp }[] = [
  { name: 'status 500', path: keysPath, answer: () => (_, response) => void response.writeHead(500).end(), log: /status 500/ },
  { name: 'status 204', path: keysPath, answer: () => (_, response) => void response.writeHead(204).end(), log: /status 204/ },
  { name: 'a page', path: keysPath, answer: () => (_, response) => void response.writeHead(200).end('<html>'), log: /not JSON/ },
  { name: 'a list', path: keysPath, answer: () => (_, response) => sendJson(response, []), log: /not a JSON object/ },
  { name: 'no keys', path: keysPath, answer: () => (_, response) => sendJson(response, { keys: 'x' }), log: /not a JSON Web Key Set/ },
  {
    name: '101 keys',
    path: keysPath,
    answer: () => (_, response) => sendJson(response, { keys: Array.from({ length: 101 }, () => ({})) }),
    log: /more than 100 keys/,
  },
  {
    name: 'over 1 MiB',
    path: keysPath,
    answer: () => (_, response) => sendJson(response, { keys: [], more: 'x'.repeat(1_048_576) }),
    log: /longer than 1048576 bytes/,
  },
  { name: 'half an answer', path: keysPath, answer: () => cutShort, log: /could not be fetched/ },
  {
    name: 'a redirect to another host',
    path: keysPath,
    answer: (issuer) => (_, response) => void response.writeHead(302, { location: issuer.url.replace('127.0.0.1', 'localhost') }).end(),
    log: /redirects to another host/,
  },
  {
    name: 'a circle',
    path: keysPath,
    answer: () => (_, response) => void response.writeHead(302, { location: keysPath }).end(),
    log: /more than 3 redirects/,
  },
  { name: 'no discovery', path: discoveryPath, answer: () => (_, response) => void response.writeHead(404).end(), log: /status 404/ },
  {
    name: "another issuer's discovery",
    path: discoveryPath,
    answer: (issuer) => (_, response) => sendJson(response, { issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}${keysPath}` }),
    log: /document of another issuer/,
  },
  {
    name: 'discovery without keys',
    path: discoveryPath,
    answer: (issuer) => (_, response) => sendJson(response, { issuer: issuer.url }),
    log: /no jwks_uri/,
  },
  {
    name: 'keys over plain http elsewhere',
    path: discoveryPath,
    answer: (issuer) => (_, response) => sendJson(response, { issuer: issuer.url, jwks_uri: 'http://keys.example.com/' }),
    log: /jwks_uri is not https/,
  },
  {
    name: 'keys in a file',
    path: discoveryPath,
    answer: (issuer) => (_, response) => sendJson(response, { issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }),
    log: /jwks_uri is not https/,
  },
];

describe('keys of an issuer', () => {
  let issuer: LocalIssuer;
  let first: SigningKey;
  let second: SigningKey;
  /** Signed beforehand: signing takes turns of the event loop, in which an answer could come. */
  let withUnknownKey = '';
  let clock = start;
  let log: string[] = [];

  before(async () => {
    [first, second] = await Promise.all([createSigningKey('ES256', 'first'), createSigningKey('ES256', 'second')]);
    issuer = await openLocalIssuer([]);
    withUnknownKey = await tokenOf(second, {}, { kid: 'unknown' });
  });
  after(() => issuer.close());
  beforeEach(() => {
    clock = start;
    log = [];
    issuer.keys = [first.jwk];
    issuer.answers.clear();
    issuer.asked.length = 0;
  });

  const open = (more: object = {}): Identity => {
    const settings = identitySchema.parse({ issuers: [{ issuer: issuer.url, audience: 'chaperone', ...more }] });
    return createIdentity(settings, { now: () => clock, log: (line) => log.push(line) });
  };
  const tokenOf = (key: SigningKey, more: object = {}, header: { [name: string]: unknown } = {}) =>
    signToken(key, { iss: issuer.url, aud: 'chaperone', sub: 'ada', groups: [], exp: start / 1_000 + 1_000_000, ...more }, header);
  const ask = async (identity: Identity, token: string) => codeOf(await identity.identify({ kind: 'token', token }));
  const fetches = () => issuer.asked.filter((path) => path === keysPath).length;
  const breakIssuer = () => issuer.answers.set(keysPath, (_, response) => void response.writeHead(503).end());
  /** A refresh in the background ends when its answer has come; a token with an unknown key waits for it. */
  const settle = async (identity: Identity) => ask(identity, withUnknownKey);

  test('they are fetched once, when the first tokens need them', async () => {
    const identity = open();
    const tokens = await Promise.all([1, 2, 3, 4].map((jti) => tokenOf(first, { jti: `${jti}` })));
    assert.deepEqual(issuer.asked, []);
    assert.deepEqual(await Promise.all(tokens.map((token) => ask(identity, token))), [null, null, null, null]);
    assert.deepEqual(issuer.asked, [discoveryPath, keysPath]);
  });

  test('with a configured address nothing is discovered', async () => {
    assert.equal(await ask(open({ jwksUri: `${issuer.url}${keysPath}` }), await tokenOf(first)), null);
    assert.deepEqual(issuer.asked, [keysPath]);
  });

  test('a redirect within the host is followed', async () => {
    issuer.answers.set(keysPath, (_, response) => void response.writeHead(307, { location: '/moved' }).end());
    issuer.answers.set('/moved', (_, response) => sendJson(response, { keys: issuer.keys }));
    assert.equal(await ask(open(), await tokenOf(first)), null);
  });

  test('a rotated key is asked for when a token shows it', async () => {
    const identity = open();
    assert.equal(await ask(identity, await tokenOf(first)), null);
    issuer.keys = [first.jwk, second.jwk];
    assert.equal(await ask(identity, await tokenOf(second)), null);
    assert.equal(fetches(), 2);
  });

  test('a rotated key is found where tokens name none', async () => {
    const identity = open();
    const [old, fresh] = await Promise.all([createSigningKey('EdDSA', null), createSigningKey('EdDSA', null)]);
    issuer.keys = [old.jwk];
    assert.equal(await ask(identity, await tokenOf(old)), null);
    issuer.keys = [old.jwk, fresh.jwk];
    assert.equal(await ask(identity, await tokenOf(fresh)), null);
  });

  test('unknown keys cost the issuer one request in ten seconds', async () => {
    const identity = open();
    await ask(identity, await tokenOf(first));
    const strangers = await Promise.all([1, 2, 3, 4, 5].map((kid) => tokenOf(second, {}, { kid: `${kid}` })));
    for (const token of strangers) assert.equal(await ask(identity, token), 'TOKEN_INVALID');
    assert.deepEqual(new Set(await Promise.all(strangers.map((token) => ask(identity, token)))), new Set(['TOKEN_INVALID']));
    assert.equal(fetches(), 2);
    clock += 9_999;
    await ask(identity, await tokenOf(second));
    assert.equal(fetches(), 2);
    clock += 1;
    await ask(identity, await tokenOf(second));
    assert.equal(fetches(), 3);
  });

  test('a wrong signature under a known key asks for nothing', async () => {
    const identity = open();
    await ask(identity, await tokenOf(first));
    assert.equal(await ask(identity, await tokenOf(second, {}, { kid: 'first' })), 'TOKEN_INVALID');
    assert.equal(fetches(), 1);
  });

  test('a key that is withdrawn takes the tokens it signed with it', async () => {
    const identity = open();
    const token = await tokenOf(first);
    assert.equal(await ask(identity, token), null);
    issuer.keys = [second.jwk];
    assert.equal(await ask(identity, token), null, 'nobody has asked the issuer again yet');
    assert.equal(await ask(identity, await tokenOf(second)), null);
    assert.equal(await ask(identity, token), 'TOKEN_INVALID');
  });

  test('another key under the same id is another key', async () => {
    const identity = open();
    const token = await tokenOf(first);
    assert.equal(await ask(identity, token), null);
    issuer.keys = [{ ...second.jwk, kid: 'first' }];
    await settle(identity);
    assert.equal(await ask(identity, token), 'TOKEN_INVALID');
  });

  test('they are renewed in the background once they are ten minutes old', async () => {
    const identity = open();
    const token = await tokenOf(first);
    await ask(identity, token);
    clock += 10 * minute - 1;
    await ask(identity, token);
    assert.equal(fetches(), 1);
    clock += 1;
    issuer.keys = [second.jwk];
    assert.equal(await ask(identity, token), null, 'this one does not wait');
    await settle(identity);
    assert.equal(fetches(), 2);
    assert.equal(await ask(identity, token), 'TOKEN_INVALID');
  });

  test('after a quiet night the first token waits for fresh keys', async () => {
    const identity = open();
    const token = await tokenOf(first);
    await ask(identity, token);
    issuer.keys = [second.jwk];
    clock += 8 * hour;
    assert.equal(await ask(identity, token), 'TOKEN_INVALID');
  });

  test('known keys outlive an outage for the stated time, and not a millisecond more', async () => {
    const identity = open();
    const token = await tokenOf(first);
    await ask(identity, token);
    breakIssuer();
    for (const at of [10 * minute, hour, 12 * hour, 24 * hour - 1]) {
      clock = start + at;
      assert.equal(await ask(identity, token), null);
      assert.equal(await ask(identity, await tokenOf(first, { jti: `${at}` })), null, 'a new token too');
    }
    clock = start + 24 * hour;
    assert.equal(await ask(identity, token), 'ISSUER_UNAVAILABLE');
    assert.equal(await ask(identity, await tokenOf(first, { jti: 'new' })), 'ISSUER_UNAVAILABLE');
    assert.match(log[0] ?? '', /status 503.*known ones go on until 2026-11-23T12:00:00\.000Z/);
    issuer.answers.clear();
    clock += 1_000;
    assert.equal(await ask(identity, token), null);
    assert.match(log.at(-1) ?? '', /answers again/);
  });

  test('in an outage the issuer is asked again every ten seconds', async () => {
    const identity = open();
    const token = await tokenOf(first);
    await ask(identity, token);
    breakIssuer();
    clock += 10 * minute;
    await ask(identity, token);
    await settle(identity);
    assert.equal(fetches(), 2);
    clock += 9_999;
    await ask(identity, token);
    await settle(identity);
    assert.equal(fetches(), 2);
    clock += 1;
    await ask(identity, token);
    await settle(identity);
    assert.equal(fetches(), 3);
  });

  test('an unknown key in an outage is the outage, not the token', async () => {
    const identity = open();
    await ask(identity, await tokenOf(first));
    breakIssuer();
    assert.equal(await ask(identity, await tokenOf(second)), 'ISSUER_UNAVAILABLE');
  });

  test('while nothing is known a failing issuer is asked once a second', async () => {
    const identity = open();
    breakIssuer();
    const token = await tokenOf(first);
    for (let i = 0; i < 3; i += 1) assert.equal(await ask(identity, token), 'ISSUER_UNAVAILABLE');
    assert.equal(fetches(), 1);
    issuer.answers.clear();
    clock += 1_000;
    assert.equal(await ask(identity, token), null);
  });

  test('an issuer behind TLS may not keep its keys in the open', async () => {
    const name = 'https://login.example.com';
    issuer.answers.set(discoveryPath, (_, response) => sendJson(response, { issuer: name, jwks_uri: `${issuer.url}${keysPath}` }));
    const settings = identitySchema.parse({ issuers: [{ issuer: name, audience: 'chaperone' }] });
    const throughTls: typeof fetch = (address, init) =>
      fetch((address instanceof Request ? address.url : address.toString()).replace(name, issuer.url), init);
    const identity = createIdentity(settings, { now: () => clock, fetch: throughTls, log: (line) => log.push(line) });
    assert.equal(await ask(identity, await tokenOf(first, { iss: name })), 'ISSUER_UNAVAILABLE');
    assert.match(log[0] ?? '', /jwks_uri is not https/);
    assert.equal(fetches(), 0);
  });

  test('a clock that is set back keeps no issuer from being asked', async () => {
    const identity = open();
    breakIssuer();
    assert.equal(await ask(identity, await tokenOf(first)), 'ISSUER_UNAVAILABLE');
    issuer.answers.clear();
    clock -= hour;
    assert.equal(await ask(identity, await tokenOf(first)), null);
  });

  test('an issuer that nobody listens for is an outage', async () => {
    const closed = await openLocalIssuer([]);
    await closed.close();
    const identity = open({ issuer: closed.url });
    assert.equal(await ask(identity, await tokenOf(first, { iss: closed.url })), 'ISSUER_UNAVAILABLE');
    assert.match(log[0] ?? '', /ECONNREFUSED/);
  });

  for (const { name, path, answer, log: says } of garbage)
    test(`${name} is an outage`, async () => {
      issuer.answers.set(path, answer(issuer));
      assert.equal(await ask(open(), await tokenOf(first)), 'ISSUER_UNAVAILABLE');
      assert.match(log.join('\n'), says);
    });

  test('an issuer that does not answer in time is an outage', async () => {
    issuer.answers.set('/slow', (_, response) => void response.writeHead(200).write('{'));
    await assert.rejects(fetchDocument(`${issuer.url}/slow`, { fetch, timeoutMs: 50 }), /no answer within 50 ms/);
  });

  const passedOver: { name: string; more: (key: SigningKey) => object }[] = [
    { name: 'for encryption', more: () => ({ use: 'enc' }) },
    { name: 'of another algorithm', more: () => ({ alg: 'ES384' }) },
    { name: 'of a kind nobody knows', more: () => ({ kty: 'XX' }) },
    { name: 'that is a shared secret', more: () => ({ kty: 'oct', k: 'c2VjcmV0' }) },
    { name: 'that is broken', more: () => ({ x: 5 }) },
  ];
  for (const { name, more } of passedOver)
    test(`a key ${name} verifies nothing, and does not spoil the others`, async () => {
      issuer.keys = [{ ...first.jwk, ...more(first) }, second.jwk];
      const identity = open();
      assert.equal(await ask(identity, await tokenOf(second)), null);
      assert.equal(await ask(identity, await tokenOf(first)), 'TOKEN_INVALID');
    });

  test('a key of 1024 bits verifies nothing', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    issuer.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'weak', kty: 'RSA' }];
    const [, claims] = (await tokenOf(first)).split('.');
    const signed = `${encodePart({ alg: 'RS256', kid: 'weak' })}.${claims}`;
    const signature = createSign('sha256').update(signed).sign(privateKey, 'base64url');
    assert.equal(await ask(open(), `${signed}.${signature}`), 'TOKEN_INVALID');
  });

  test('every accepted algorithm verifies', async () => {
    for (const algorithm of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
      const key = await createSigningKey(algorithm, algorithm);
      issuer.keys = [key.jwk];
      assert.equal(await ask(open(), await tokenOf(key)), null, algorithm);
    }
  });
});

const cutShort: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{"keys":', () => response.destroy());
};

function codeOf(answer: Principal | Refusal): string | null {
  return 'kind' in answer ? answer.code : null;
}
