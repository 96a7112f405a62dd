import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { exportSPKI, importJWK } from 'jose';
import { createIdentity, type Identity } from './identity.ts';
import { identitySchema } from './settings.ts';
import { createSigningKey, encodePart, type LocalIssuer, openLocalIssuer, type SigningKey, signToken } from './testing/local-issuer.ts';
import { tokenLimit } from './token.ts';

const now = Date.UTC(2026, 10, 22, 12);

/** What a forger has at hand: the published key, a key of their own, a good token that was somebody's. */
interface Workshop {
  readonly issuer: LocalIssuer;
  readonly honest: SigningKey;
  readonly forger: SigningKey;
  readonly token: string;
  readonly parts: readonly [string, string, string];
  readonly claims: { readonly [name: string]: unknown };
}

interface Forgery {
  readonly name: string;
  readonly forge: (workshop: Workshop) => string | Promise<string>;
  readonly says: RegExp;
}

const unsigned = /not signed/;
const algorithm = /algorithm that is not accepted/;
const malformed = /not a signed JSON Web Token/;
const signature = /signature does not match/;
const unknownKey = /key that its issuer does not publish/;
const header = /header is not accepted/;
const unknownIssuer = /not of an issuer/;

const forgeries: Forgery[] = [
  // CVE-2015-9235 and its kin: the verifier believes a header that says there is nothing to verify.
  { name: 'alg none', forge: ({ claims }) => `${encodePart({ alg: 'none' })}.${encodePart(claims)}.`, says: unsigned },
  { name: 'alg nOnE', forge: ({ claims }) => `${encodePart({ alg: 'nOnE' })}.${encodePart(claims)}.eA`, says: unsigned },
  { name: 'the signature left out', forge: ({ parts: [a, b] }) => `${a}.${b}.`, says: unsigned },
  // CVE-2016-10555: the public key, which everyone has, taken for an HMAC secret.
  { name: 'HS256 with the public key in PEM', forge: async (shop) => hmac(shop, await publicPem(shop)), says: algorithm },
  { name: 'HS256 with the public key as JWK', forge: (shop) => hmac(shop, JSON.stringify(shop.honest.jwk)), says: algorithm },
  { name: 'no alg', forge: ({ parts: [, b, c] }) => `${encodePart({ kid: 'main' })}.${b}.${c}`, says: algorithm },
  { name: 'alg as a list', forge: ({ parts: [, b, c] }) => `${encodePart({ alg: ['RS256'] })}.${b}.${c}`, says: algorithm },
  { name: 'an encryption algorithm', forge: ({ parts: [, b, c] }) => `${encodePart({ alg: 'RSA-OAEP' })}.${b}.${c}`, says: algorithm },
  {
    name: 'another accepted algorithm of the same key',
    forge: ({ parts: [, b, c] }) => `${encodePart({ alg: 'PS256', kid: 'main' })}.${b}.${c}`,
    says: signature,
  },
  // CVE-2018-0114 and CVE-2026-27962: the token brings the key that verifies it.
  {
    name: 'its own key in jwk',
    forge: ({ forger, claims }) => signToken(forger, claims, { jwk: forger.jwk, kid: undefined }),
    says: signature,
  },
  {
    name: 'its own key in jwk under our id',
    forge: ({ forger, claims }) => signToken(forger, claims, { jwk: forger.jwk }),
    says: signature,
  },
  { name: "a forger's key under our id", forge: ({ forger, claims }) => signToken(forger, claims), says: signature },
  {
    name: "a forger's key with a chain in x5c",
    forge: ({ forger, claims }) => signToken(forger, claims, { x5c: ['MIIB'] }),
    says: signature,
  },
  {
    name: 'a key id that is a path',
    forge: ({ forger, claims }) => signToken(forger, claims, { kid: '../../../../dev/null' }),
    says: unknownKey,
  },
  { name: 'an unknown key id', forge: ({ forger, claims }) => signToken(forger, claims, { kid: 'other' }), says: unknownKey },
  { name: 'a key id of every object', forge: ({ forger, claims }) => signToken(forger, claims, { kid: 'constructor' }), says: unknownKey },
  { name: 'an empty key id', forge: ({ forger, claims }) => signToken(forger, claims, { kid: '' }), says: unknownKey },
  { name: 'a key id that is a number', forge: ({ parts: [, b, c] }) => `${encodePart({ alg: 'RS256', kid: 5 })}.${b}.${c}`, says: header },
  // CVE-2025-3757 (OpenPubkey, and with it opkssh, CVE-2025-4658): a crafted JWS whose parts are taken apart in two ways.
  { name: 'a fourth part', forge: ({ token }) => `${token}.eyJ9`, says: malformed },
  { name: 'a second payload before the signature', forge: ({ parts: [a, b, c] }) => `${a}.${b}.${encodePart('{}')}.${c}`, says: malformed },
  { name: 'two tokens in one', forge: ({ token }) => `${token}:${token}`, says: malformed },
  {
    name: 'other claims under a good signature',
    forge: ({ parts: [a, , c], claims }) => `${a}.${encodePart({ ...claims, sub: 'root' })}.${c}`,
    says: signature,
  },
  {
    name: 'a JWS in its JSON form',
    forge: ({ parts: [a, b, c] }) => JSON.stringify({ protected: a, payload: b, signature: c }),
    says: malformed,
  },
  { name: 'an encrypted token', forge: ({ token }) => `${token}.eA.eA`, says: /encrypted/ },
  { name: 'padding', forge: ({ token }) => `${token}==`, says: malformed },
  { name: 'a line break at the end', forge: ({ token }) => `${token}\n`, says: malformed },
  { name: 'a prefix', forge: ({ token }) => `Bearer ${token}`, says: malformed },
  { name: 'the other base64 alphabet', forge: ({ parts: [a, b] }) => `${a}.${b}.+/+/`, says: malformed },
  // The last character of a 256-byte signature carries bits that a lenient decoder drops: a second spelling of one token.
  { name: 'another spelling of the signature', forge: ({ token }) => respell(token), says: malformed },
  { name: 'a cut signature', forge: ({ parts: [a, b, c] }) => `${a}.${b}.${c.slice(0, 40)}`, says: signature },
  { name: 'a header that is a list', forge: ({ parts: [, b, c] }) => `${encodePart([])}.${b}.${c}`, says: malformed },
  { name: 'a header that is no JSON', forge: ({ parts: [, b, c] }) => `${encodePart('{alg')}.${b}.${c}`, says: malformed },
  {
    name: 'a header after a byte order mark',
    forge: ({ parts: [, b, c] }) => `${encodePart('\ufeff{"alg":"RS256"}')}.${b}.${c}`,
    says: malformed,
  },
  { name: 'claims that are no JSON', forge: ({ parts: [a, , c] }) => `${a}.${encodePart('x')}.${c}`, says: malformed },
  { name: 'dots', forge: () => '..', says: malformed },
  { name: 'a word', forge: () => 'hunter2', says: malformed },
  {
    name: 'a critical extension',
    forge: ({ parts: [, b, c] }) => `${encodePart({ alg: 'RS256', crit: ['x'], x: 1 })}.${b}.${c}`,
    says: header,
  },
  // RFC 7797 is known to libraries and never meant for tokens.
  {
    name: 'b64 false',
    forge: ({ parts: [, b, c] }) => `${encodePart({ alg: 'RS256', crit: ['b64'], b64: false })}.${b}.${c}`,
    says: header,
  },
  { name: 'a logout token', forge: ({ honest, claims }) => signToken(honest, claims, { typ: 'logout+jwt' }), says: header },
  { name: 'a proof of possession', forge: ({ honest, claims }) => signToken(honest, claims, { typ: 'dpop+jwt' }), says: header },
  {
    name: 'an unknown issuer',
    forge: ({ honest, claims }) => signToken(honest, { ...claims, iss: 'https://evil.example' }),
    says: unknownIssuer,
  },
  {
    name: 'an issuer with a slash more',
    forge: ({ honest, claims, issuer }) => signToken(honest, { ...claims, iss: `${issuer.url}/` }),
    says: unknownIssuer,
  },
  { name: 'no issuer', forge: ({ honest, claims }) => signToken(honest, { ...claims, iss: undefined }), says: unknownIssuer },
  {
    name: 'an issuer in a list',
    forge: ({ honest, claims, issuer }) => signToken(honest, { ...claims, iss: [issuer.url] }),
    says: unknownIssuer,
  },
  { name: 'more than 32 KiB', forge: ({ token }) => token.padEnd(tokenLimit + 1, 'A'), says: /longer than 32768 bytes/ },
];

describe('forged tokens', () => {
  let shop: Workshop;
  let identity: Identity;

  before(async () => {
    const honest = await createSigningKey('RS256', 'main');
    const forger = await createSigningKey('RS256', 'main');
    const issuer = await openLocalIssuer([honest.jwk]);
    const claims = { iss: issuer.url, aud: 'chaperone', sub: 'ada', groups: ['dba'], exp: now / 1_000 + 300 };
    const token = await signToken(honest, claims);
    const [a = '', b = '', c = ''] = token.split('.');
    shop = { issuer, honest, forger, token, claims, parts: [a, b, c] };
    const settings = identitySchema.parse({ issuers: [{ issuer: issuer.url, audience: 'chaperone' }] });
    identity = createIdentity(settings, { now: () => now, log: () => {} });
  });
  after(() => shop.issuer.close());

  for (const { name, forge, says } of forgeries)
    test(`${name} is refused`, async () => {
      const answer = await identity.identify({ kind: 'token', token: await forge(shop) });
      if (!('kind' in answer)) assert.fail('it was let in');
      assert.equal(answer.code, 'TOKEN_INVALID');
      assert.match(answer.message, says);
      assert.notEqual(answer.hint, '');
    });

  const headers: { name: string; header: (shop: Workshop) => object }[] = [
    { name: 'typ JWT', header: () => ({ typ: 'JWT' }) },
    { name: 'typ at+jwt', header: () => ({ typ: 'at+jwt' }) },
    { name: 'typ application/AT+JWT', header: () => ({ typ: 'application/AT+JWT' }) },
    { name: 'no key id', header: () => ({ kid: undefined }) },
    { name: 'a jku that nobody follows', header: ({ issuer }) => ({ jku: `${issuer.url}/evil` }) },
    { name: 'an x5u that nobody follows', header: ({ issuer }) => ({ x5u: `${issuer.url}/evil` }) },
    { name: "a forger's jwk that nobody uses", header: ({ forger }) => ({ jwk: forger.jwk }) },
  ];
  for (const { name, header } of headers)
    test(`an honest token with ${name} is accepted`, async () => {
      const token = await signToken(shop.honest, shop.claims, { ...header(shop) });
      const answer = await identity.identify({ kind: 'token', token });
      assert.ok(!('kind' in answer));
      assert.ok(!shop.issuer.asked.includes('/evil'));
    });

  test('an algorithm that this issuer may not use is refused though another may', async () => {
    const settings = identitySchema.parse({ issuers: [{ issuer: shop.issuer.url, audience: 'chaperone', algorithms: ['ES256'] }] });
    const answer = await createIdentity(settings, { now: () => now, log: () => {} }).identify({ kind: 'token', token: shop.token });
    assert.match('kind' in answer ? answer.message : '', algorithm);
  });
});

async function publicPem({ honest }: Workshop): Promise<string> {
  const key = await importJWK(honest.jwk, 'RS256', { extractable: true });
  if (key instanceof Uint8Array) assert.fail('not a public key');
  const pem = await exportSPKI(key);
  assert.equal(createPublicKey(pem).type, 'public');
  return pem;
}

function hmac({ claims }: Workshop, secret: string): string {
  const signed = `${encodePart({ alg: 'HS256', kid: 'main' })}.${encodePart(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function respell(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = token.slice(0, -1) + (alphabet[alphabet.indexOf(token.slice(-1)) + 1] ?? '');
  assert.ok(Buffer.from(other.split('.')[2] ?? '', 'base64url').equals(Buffer.from(token.split('.')[2] ?? '', 'base64url')));
  return other;
}
