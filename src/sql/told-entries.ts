/** A thing as the target has told of it: its schema, its name, and JSON. */
export type ToldEntry = readonly [schema: string, name: string, told: string];

/** Entries by a key, each read when its key is first looked up: of the thousands that a target tells of, statements name a few. */
export class ToldEntries<Entry> {
  readonly #read: (told: ToldEntry) => Entry;
  readonly #told = new Map<string, ToldEntry>();
  /** Further ones of the same key. */
  readonly #namesakes = new Map<string, ToldEntry[]>();
  readonly #known = new Map<string, readonly Entry[]>();

  constructor(read: (told: ToldEntry) => Entry) {
    this.#read = read;
  }

  add(key: string, told: ToldEntry): void {
    if (!this.#told.has(key)) this.#told.set(key, told);
    else if (this.#namesakes.get(key)?.push(told) === undefined) this.#namesakes.set(key, [told]);
  }

  /** The same objects for the same key, once all has been told. */
  get(key: string): readonly Entry[] {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const told = this.#told.get(key);
    if (told === undefined) return none;
    const entries = [told, ...(this.#namesakes.get(key) ?? [])].map(this.#read);
    this.#known.set(key, entries);
    return entries;
  }
}

/** Those of two, by the same keys. */
export class BothEntries<Entry> {
  readonly #first: ToldEntries<Entry>;
  readonly #second: ToldEntries<Entry>;
  readonly #known = new Map<string, readonly Entry[]>();

  constructor(first: ToldEntries<Entry>, second: ToldEntries<Entry>) {
    this.#first = first;
    this.#second = second;
  }

  /** The same objects for the same key, once all has been told. */
  get(key: string): readonly Entry[] {
    const [first, second] = [this.#first.get(key), this.#second.get(key)];
    if (second.length === 0) return first;
    if (first.length === 0) return second;
    const known = this.#known.get(key) ?? [...first, ...second];
    this.#known.set(key, known);
    return known;
  }
}

const none: readonly never[] = [];
