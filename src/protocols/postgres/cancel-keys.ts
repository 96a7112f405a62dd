import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { CancelKey } from './target-session.ts';

interface Held {
  readonly secret: Buffer;
  readonly cancel: () => void;
}

const held = new Map<number, Held>();

/** Protocol 3.0 has room for 4 bytes; from 3.2 on a key may have 256, and PostgreSQL itself makes 32. */
function secretBytes(minor: number): number {
  return minor >= 2 ? 32 : 4;
}

/**
 * Mints a key for a session's client, who never sees the target's own. `cancel` is called when somebody presents it.
 * The process number is random too: it tells nothing of how many sessions there are.
 */
export function holdCancelKey(minor: number, cancel: () => void): CancelKey {
  let process = 0;
  do process = randomBytes(4).readUInt32BE(0) & 0x7fff_ffff;
  while (process === 0 || held.has(process));
  const secret = randomBytes(secretBytes(minor));
  held.set(process, { secret, cancel });
  return { process, secret };
}

export function dropCancelKey(process: number): void {
  held.delete(process);
}

/**
 * Cancels what runs in the session of this key, and returns whether there is one. A client is not told: a wrong key does
 * nothing and says nothing, as with PostgreSQL.
 */
export function presentCancelKey(process: number, secret: Buffer): boolean {
  const found = held.get(process);
  if (!found || found.secret.length !== secret.length || !timingSafeEqual(found.secret, secret)) return false;
  found.cancel();
  return true;
}
