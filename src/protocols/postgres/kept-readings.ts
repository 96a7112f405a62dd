/** Weights of what is kept, in characters: a parse tree takes some thirty times its text. */
const heaviest = 1024 * 1024;
const entryWeight = 64;

/** What was read of texts, for each setting that it was read by. What was not asked for in a long time makes room. */
export class KeptReadings<Reading> {
  #young = new Map<string, Map<string, Reading>>();
  #old = new Map<string, Map<string, Reading>>();
  #weight = 0;

  get(key: string, text: string): Reading | undefined {
    return this.#young.get(key)?.get(text) ?? this.#old.get(key)?.get(text);
  }

  put(key: string, text: string, reading: Reading): void {
    if (this.#weight > heaviest / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    const kept = this.#young.get(key) ?? new Map<string, Reading>();
    this.#young.set(key, kept.set(text, reading));
    this.#weight += text.length + entryWeight + key.length;
  }
}

/** How many texts are remembered to have come once. */
const rememberedTexts = 4_096;

/** Tells what comes again: a text that comes once is not worth keeping, and those with literals of their own would push out the others. */
export class Repetitions {
  #seen = new Set<string>();

  /** Whether it has come before. */
  has(text: string): boolean {
    if (this.#seen.has(text)) return true;
    if (this.#seen.size >= rememberedTexts) this.#seen = new Set();
    this.#seen.add(text);
    return false;
  }
}
