import type { Refusal } from '../../core/verdict.ts';
import { type Claims, claim } from './claims.ts';
import { claimWrong, tokenExpired, tokenNotYet } from './refusals.ts';

/** How far the issuer's clock and ours may differ, in milliseconds. */
const clockSkewMs = 60_000;

/** The last second that RFC 3339 can write. */
const lastSecond = 253_402_300_799;

/** When a token holds, in milliseconds since the epoch; null where the token does not say. */
export interface Validity {
  readonly expiresAt: number;
  readonly notBefore: number | null;
  readonly issuedAt: number | null;
}

/** Reads `exp`, `nbf` and `iat` (RFC 7519 section 4.1); a token without an end is refused. */
export function readValidity(claims: Claims): Validity | Refusal {
  const exp = readTime(claims, 'exp');
  const nbf = readTime(claims, 'nbf');
  const iat = readTime(claims, 'iat');
  if (exp === undefined) return claimWrong('"exp" is missing, so the token would never end');
  for (const [name, time] of Object.entries({ exp, nbf, iat })) if (time === null) return claimWrong(`"${name}" is not a time`);
  return { expiresAt: exp ?? 0, notBefore: nbf ?? null, issuedAt: iat ?? null };
}

/** Null where the token holds now, the clocks' difference allowed for. */
export function checkValidity(validity: Validity, now: number): Refusal | null {
  const { expiresAt, notBefore, issuedAt } = validity;
  if (now >= expiresAt + clockSkewMs) return tokenExpired(expiresAt);
  if (notBefore !== null && notBefore > now + clockSkewMs) return tokenNotYet('nbf');
  if (issuedAt !== null && issuedAt > now + clockSkewMs) return tokenNotYet('iat');
  return null;
}

/** Milliseconds; undefined where the claim is absent, null where it is not a time. */
function readTime(claims: Claims, name: string): number | null | undefined {
  const value = claim(claims, name);
  if (value === undefined) return undefined;
  return typeof value === 'number' && value >= 0 && value <= lastSecond ? Math.floor(value * 1_000) : null;
}
