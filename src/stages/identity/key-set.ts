import { createHash } from 'node:crypto';
import { createLocalJWKSet, type LocalJWKSet } from 'jose';
import { type Claims, claim, isObject } from './claims.ts';
import { type FetchTerms, fetchDocument } from './json-document.ts';
import { hostOf, isLoopback } from '../../wire/loopback.ts';
import type { IssuerSettings } from './settings.ts';

/** More keys than any issuer publishes; without a limit a token that names none would be tried with each. */
const keyLimit = 100;

/** One key that an issuer publishes. */
export interface IssuerKey {
  readonly id: string | null;
  /** The hash of all that the issuer says of the key: another key under the same id is another key. */
  readonly fingerprint: string;
  readonly resolve: LocalJWKSet;
}

/** Fetches the keys that an issuer publishes. Throws an `Error` that says what was wrong, for the log. */
export async function fetchKeys(settings: IssuerSettings, terms: FetchTerms): Promise<readonly IssuerKey[]> {
  const address = settings.jwksUri ?? (await discover(settings.issuer, terms));
  const document = await fetchDocument(address, terms);
  const keys = claim(document, 'keys');
  if (!Array.isArray(keys)) throw new Error(`${address}: the answer is not a JSON Web Key Set`);
  if (keys.length > keyLimit) throw new Error(`${address}: more than ${keyLimit} keys`);
  return keys.flatMap(toKey);
}

/** OpenID Connect Discovery 1.0 sections 4.1 and 4.3. */
async function discover(issuer: string, terms: FetchTerms): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = await fetchDocument(address, terms);
  if (claim(document, 'issuer') !== issuer) throw new Error(`${address}: it is the document of another issuer`);
  const jwksUri = claim(document, 'jwks_uri');
  const url = typeof jwksUri === 'string' ? URL.parse(jwksUri) : null;
  if (url === null) throw new Error(`${address}: it has no jwks_uri`);
  const plainAllowed = issuer.startsWith('http:') && isLoopback(hostOf(url));
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && plainAllowed)) throw new Error(`${address}: its jwks_uri is not https`);
  return url.href;
}

/** RFC 7517 section 5: what is not understood in a key set is passed over. Whether a key fits is asked when a token needs it. */
function toKey(value: unknown): IssuerKey[] {
  if (!isObject(value) || typeof value['kty'] !== 'string') return [];
  const id = claim(value, 'kid');
  const key = { id: typeof id === 'string' ? id : null, fingerprint: fingerprintOf(value) };
  return [{ ...key, resolve: createLocalJWKSet({ keys: [value] }) }];
}

function fingerprintOf(jwk: Claims): string {
  const members = Object.entries(jwk).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).digest('hex');
}
