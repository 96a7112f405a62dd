/** What knows its place among those that run. */
export interface Placed {
  /** -1 where it runs no more. */
  place: number;
}

/**
 * What runs now. A list and not a set: a set that fills and empties is made anew each few dozen times, and each that was left holds
 * the next one and what ran then. All of that looks alive to V8 until it collects all garbage (see decision 23).
 */
export class Running<Item extends Placed> {
  readonly #items: Item[] = [];

  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** The last one takes its place. */
  remove(item: Item): void {
    const last = this.#items.at(-1);
    if (item.place === -1 || last === undefined) return;
    this.#items[item.place] = last;
    last.place = item.place;
    this.#items.pop();
    item.place = -1;
  }

  all(): Item[] {
    return [...this.#items];
  }
}
