import type { Refusal } from '../../core/verdict.ts';
import { type Claims, claim, isObject } from './claims.ts';
import { algorithmRefused, headerRefused, tokenMalformed, tokenTooLong, tokenUnsigned } from './refusals.ts';
import { signatureAlgorithms } from './settings.ts';

/** No issuer writes longer ones: 200 groups as GUIDs come to about 10 KB. */
export const tokenLimit = 32 * 1024;

/** A token that has the right form. Nothing in it is verified. */
export interface UnverifiedToken {
  readonly token: string;
  readonly algorithm: string;
  readonly keyId: string | null;
  /** `iss` as the token has it: good for choosing whose keys to try, and for nothing else. */
  readonly issuer: unknown;
}

const knownAlgorithms: ReadonlySet<unknown> = new Set(signatureAlgorithms);
/** Plain, ID and access tokens (RFC 7519 section 5.1, RFC 9068 section 2.1); a logout token or a proof is none of them. */
const knownTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']);

/**
 * Reads a compact JWS (RFC 7515 section 7.1) as far as one may before its signature is verified. Keys that the header brings
 * along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
 */
export function readToken(token: string): UnverifiedToken | Refusal {
  if (Buffer.byteLength(token) > tokenLimit) return tokenTooLong(tokenLimit);
  const parts = token.split('.');
  if (parts.length === 5) return tokenMalformed('it is encrypted, and only signed ones can be read');
  if (parts.length !== 3) return tokenMalformed('it does not have three parts');
  const [encodedHeader = '', encodedClaims = '', signature = ''] = parts;
  const header = decodeObject(encodedHeader);
  if (header === null) return tokenMalformed('its header cannot be decoded');
  const algorithm = claim(header, 'alg');
  if (signature === '' || (typeof algorithm === 'string' && algorithm.toLowerCase() === 'none')) return tokenUnsigned();
  const refused = checkHeader(header);
  if (refused !== null) return refused;
  if (decode(signature) === null) return tokenMalformed('its signature cannot be decoded');
  const claims = decodeObject(encodedClaims);
  if (claims === null) return tokenMalformed('its claims cannot be decoded');
  const keyId = claim(header, 'kid');
  return { token, algorithm: String(algorithm), keyId: typeof keyId === 'string' ? keyId : null, issuer: claim(claims, 'iss') };
}

function checkHeader(header: Claims): Refusal | null {
  const algorithm = claim(header, 'alg');
  if (!knownAlgorithms.has(algorithm)) return algorithmRefused(`alg is ${excerpt(algorithm)}`);
  // RFC 7515 section 4.1.11: what is critical and not understood must be refused, and we understand no extension. `b64` among
  // them: RFC 7797 section 7 keeps it out of tokens.
  if (Object.hasOwn(header, 'crit')) return headerRefused('it has critical extensions');
  const type = claim(header, 'typ');
  if (type !== undefined && !(typeof type === 'string' && knownTypes.has(type.toLowerCase())))
    return headerRefused('its type is neither JWT nor at+jwt');
  const keyId = claim(header, 'kid');
  return keyId === undefined || typeof keyId === 'string' ? null : headerRefused('its key id is not a string');
}

/** Something a stranger sent, short enough for the record. */
export function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}

function decodeObject(encoded: string): Claims | null {
  const bytes = decode(encoded);
  return bytes === null ? null : parseObject(bytes);
}

/** A JSON object from UTF-8, or null. A byte order mark is no JSON (RFC 8259 section 8.1). */
export function parseObject(bytes: Uint8Array): Claims | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Base64url in its one canonical form: two spellings of one token would have two hashes in the record. */
function decode(encoded: string): Buffer | null {
  const bytes = Buffer.from(encoded, 'base64url');
  return bytes.toString('base64url') === encoded ? bytes : null;
}
