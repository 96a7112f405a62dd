import type { Principal } from '../../core/principal.ts';
import type { Validity } from './validity.ts';

/** What a token proved, and what must still hold when it comes again. */
export interface VerifiedToken {
  readonly principal: Principal;
  readonly validity: Validity;
  /** The fingerprint of the key that signed it. */
  readonly key: string;
}

/** Verified tokens by the SHA-256 of their bytes; the oldest leaves when there are too many. */
export interface VerifiedTokens {
  get(sha256: string): VerifiedToken | null;
  add(sha256: string, verified: VerifiedToken): void;
  drop(sha256: string): void;
}

/** An RS256 signature takes 0.2 to 0.4 ms to verify, a remembered token 8 µs in all: agents present one token for every request. */
export function createVerifiedTokens(limit: number): VerifiedTokens {
  const entries = new Map<string, VerifiedToken>();
  return {
    get: (sha256) => entries.get(sha256) ?? null,
    add(sha256, verified) {
      entries.delete(sha256);
      entries.set(sha256, verified);
      if (entries.size <= limit) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    drop(sha256) {
      entries.delete(sha256);
    },
  };
}
