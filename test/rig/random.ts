/** Numbers that are the same in every run: mulberry32. A failure is found again by its seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }
  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
  pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }
  /** The same bytes with some of them changed, left out or said twice. */
  mutate(bytes: Buffer): Buffer {
    const changed = Buffer.from(bytes);
    for (let count = this.below(4); count >= 0 && changed.length > 0; count -= 1) changed[this.below(changed.length)] = this.below(256);
    const cut = this.below(changed.length + 1);
    return this.pick([changed, changed.subarray(cut), changed.subarray(0, cut), Buffer.concat([changed, changed.subarray(cut)])]);
  }
}
