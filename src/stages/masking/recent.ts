/**
 * The results for texts that were seen lately, kept from the second time on: of a column without repeats nothing is kept, which
 * would outlive the collection of young garbage (0.6 µs a value). Each text has one place, which the next with the same place takes.
 */
export class Recent {
  readonly #seen: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #results: string[];

  /** @param places a power of two */
  constructor(places: number) {
    this.#seen = new Int32Array(places);
    this.#texts = Array.from({ length: places }, () => undefined);
    this.#results = Array.from({ length: places }, () => '');
  }

  get(text: string, make: (text: string) => string): string {
    const hash = spread(text);
    const place = hash & (this.#seen.length - 1);
    if (this.#texts[place] === text) return this.#results[place] ?? make(text);
    const result = make(text);
    if (this.#seen[place] === hash) {
      this.#texts[place] = text;
      this.#results[place] = result;
    }
    this.#seen[place] = hash;
    return result;
  }
}

/** FNV-1a over UTF-16 units, its high bits folded in. */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash ^ (hash >>> 15);
}
