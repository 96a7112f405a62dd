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

/** How many texts are remembered to have come once, and how many of a text's characters are looked at. */
const rememberedTexts = 4_096;
const looksAt = 1_024;

/**
 * Tells what comes again: a text that comes once is not worth keeping, and those with literals of their own would push out the others.
 * It keeps numbers and no texts, which would all outlive the young generation (measured: a third of the time of a simple statement);
 * two texts with the same number are taken for one, and then one is kept that comes but once.
 */
export class Repetitions {
  readonly #seen = new Uint32Array(rememberedTexts);

  /** Whether it has come before. */
  has(text: string): boolean {
    const number = numberOf(text);
    const place = number % rememberedTexts;
    if (this.#seen[place] === number) return true;
    this.#seen[place] = number;
    return false;
  }
}

/** FNV-1a of the text's characters, or of some of a long one. Never 0, which stands for none. */
function numberOf(text: string): number {
  const step = Math.ceil(text.length / looksAt);
  let number = 0x811c9dc5 ^ text.length;
  for (let at = 0; at < text.length; at += step) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193);
  return (number ^ (number >>> 15)) >>> 0 || 1;
}
