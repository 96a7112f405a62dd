import type { Content } from './content.ts';

/**
 * The content of the exchanges that are open. The newest is held by itself: most sessions have one at a time. The others are lists and
 * no map: one that fills and empties is made anew each few dozen times, and what is left of it looks alive to V8 until all garbage is collected.
 */
export class OpenExchanges {
  #newest = 0;
  #content: Content | null = null;
  readonly #ordinals: number[] = [];
  readonly #contents: Content[] = [];

  /** Ordinals rise. */
  set(ordinal: number, content: Content): void {
    if (this.#content !== null) {
      this.#ordinals.push(this.#newest);
      this.#contents.push(this.#content);
    }
    this.#newest = ordinal;
    this.#content = content;
  }

  get(ordinal: number): Content | undefined {
    if (ordinal === this.#newest) return this.#content ?? undefined;
    const place = this.#ordinals.indexOf(ordinal);
    return place === -1 ? undefined : this.#contents[place];
  }

  /** Whether it was open. */
  delete(ordinal: number): boolean {
    if (ordinal !== this.#newest) return this.#deleteOlder(ordinal);
    const wasOpen = this.#content !== null;
    this.#content = null;
    return wasOpen;
  }

  /** The ordinals in their order; none is open afterwards. */
  takeAll(): number[] {
    const older = this.#ordinals.splice(0).toSorted((one, other) => one - other);
    const all = [...older, ...(this.#content === null ? [] : [this.#newest])];
    this.#contents.length = 0;
    this.#content = null;
    return all;
  }

  /** The last one takes its place. */
  #deleteOlder(ordinal: number): boolean {
    const place = this.#ordinals.indexOf(ordinal);
    if (place === -1) return false;
    const [lastOrdinal, lastContent] = [this.#ordinals.pop(), this.#contents.pop()];
    if (place === this.#ordinals.length || lastOrdinal === undefined || lastContent === undefined) return true;
    this.#ordinals[place] = lastOrdinal;
    this.#contents[place] = lastContent;
    return true;
  }
}
