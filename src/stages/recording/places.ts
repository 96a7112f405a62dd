import type { KnownPayload } from '../../core/known-payload.ts';
import { longestPlaced, placesOfSession } from '../../core/said.ts';

/** Where the entries of one session have put what they said, so that it need not be written again within a segment. */
export class Places {
  #segment = 0;
  readonly #of = new Map<KnownPayload, number>();
  /** What stands at each place, from the first on. */
  readonly #held: (KnownPayload | undefined)[] = [];
  #last = 0;

  /** The place of what was said in this segment before; 0 where it was not. */
  find(payload: KnownPayload, segment: number): number {
    return segment === this.#segment ? (this.#of.get(payload) ?? 0) : 0;
  }

  /** The place where what is written whole now can be found later; 0 where it is too long. The oldest one makes room. */
  take(payload: KnownPayload, segment: number): number {
    if (payload.bytes.length > longestPlaced) return 0;
    if (segment !== this.#segment) this.forget();
    this.#segment = segment;
    this.#last = (this.#last % placesOfSession) + 1;
    const before = this.#held[this.#last];
    if (before !== undefined) this.#of.delete(before);
    this.#held[this.#last] = payload;
    this.#of.set(payload, this.#last);
    return this.#last;
  }

  /** What was said last may not have been written. */
  forget(): void {
    this.#segment = 0;
    this.#of.clear();
    this.#held.length = 0;
    this.#last = 0;
  }
}
