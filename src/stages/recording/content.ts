import { createHash, type Hash } from 'node:crypto';
import type { Direction } from '../../core/entry.ts';

/** What was withheld in one direction of one exchange, from the first withheld byte on. */
interface Withheld {
  count: number;
  readonly hash: Hash;
}

/** How much of one exchange's content is kept, both directions together. */
export class Content {
  #kept = 0;
  /** Made on demand: few exchanges ever come to their limit. */
  #withheld: { request: Withheld | null; reply: Withheld | null } | null = null;

  /** Whether a piece is kept. The piece that straddles the limit is kept whole: it is in memory, and half of it helps nobody. */
  keeps(count: number, limit: number): boolean {
    if (this.#kept >= limit) return false;
    this.#kept += count;
    return true;
  }

  withhold(direction: Direction, bytes: Uint8Array): { readonly count: number; readonly sha256: string } {
    this.#withheld ??= { request: null, reply: null };
    const withheld = (this.#withheld[direction] ??= { count: 0, hash: createHash('sha256') });
    withheld.count += bytes.length;
    withheld.hash.update(bytes);
    return { count: withheld.count, sha256: withheld.hash.copy().digest('hex') };
  }
}
