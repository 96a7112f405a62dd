import type { Content } from './content.ts';

/**
 * The content of the exchanges that are open. The newest is held outside of the map: most sessions have one at a time, and a
 * map that fills and empties with each would give its memory back and ask for it again.
 */
export class OpenExchanges {
  #newest = 0;
  #content: Content | null = null;
  readonly #older = new Map<number, Content>();

  /** Ordinals rise. */
  set(ordinal: number, content: Content): void {
    if (this.#content !== null) this.#older.set(this.#newest, this.#content);
    this.#newest = ordinal;
    this.#content = content;
  }

  get(ordinal: number): Content | undefined {
    if (ordinal === this.#newest) return this.#content ?? undefined;
    return this.#older.size === 0 ? undefined : this.#older.get(ordinal);
  }

  /** Whether it was open. */
  delete(ordinal: number): boolean {
    if (ordinal !== this.#newest) return this.#older.delete(ordinal);
    const wasOpen = this.#content !== null;
    this.#content = null;
    return wasOpen;
  }

  /** The ordinals in their order; none is open afterwards. */
  takeAll(): number[] {
    const all = [...this.#older.keys(), ...(this.#content === null ? [] : [this.#newest])];
    this.#older.clear();
    this.#content = null;
    return all;
  }
}
