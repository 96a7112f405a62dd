import { createHash } from 'node:crypto';

/** An ID token of this length is kept; a longer one is done without. */
const longest = 16_384;
const most = 2_000;

/**
 * The ID tokens of those who are signed in, by the secret of their sign-in: an issuer wants to see one before it signs somebody out.
 * In memory alone, so that no token ever lies on a disk; after a restart issuers are asked without.
 */
export class IdTokens {
  readonly #known = new Map<string, string>();

  keep(secret: string, token: string): void {
    if (token.length > longest) return;
    this.#known.set(keyOf(secret), token);
    const [oldest] = this.#known.keys();
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Null where it is not known; it is then known no more. */
  take(secret: string): string | null {
    const key = keyOf(secret);
    const token = this.#known.get(key) ?? null;
    this.#known.delete(key);
    return token;
  }
}

function keyOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
