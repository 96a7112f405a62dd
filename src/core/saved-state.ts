import type { Json, JsonObject } from './json.ts';

const largestCount = 0xffff_ffff;

/**
 * Reads plain data that a decoder once saved and that anybody may have changed since: each value by its name, kind and limit. All of
 * them throw RangeError on anything else.
 */
export class SavedState {
  readonly #fields: JsonObject;

  constructor(json: Json | undefined) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('the state');
    // What is no list is an object.
    this.#fields = json as JsonObject;
  }

  /** A whole number from 0 on. */
  count(name: string, most = largestCount): number {
    const value = this.#get(name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) throw wrong(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#get(name);
    if (typeof value !== 'boolean') throw wrong(name);
    return value;
  }

  text(name: string, most: number): string {
    const value = this.#get(name);
    if (typeof value !== 'string' || value.length > most) throw wrong(name);
    return value;
  }

  /** One of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#get(name);
    const found = words.find((word) => word === value);
    if (found === undefined) throw wrong(name);
    return found;
  }

  /** What `base64` made. */
  bytes(name: string, most: number): Buffer {
    const text = this.text(name, Math.ceil(most / 3) * 4);
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length > most || bytes.toString('base64') !== text) throw wrong(name);
    return bytes;
  }

  list(name: string, most: number): readonly Json[] {
    const value = this.#get(name);
    if (!Array.isArray(value) || value.length > most) throw wrong(name);
    return value as readonly Json[];
  }

  counts(name: string, most: number): readonly number[] {
    return this.list(name, most).map((value) => new SavedState({ value }).count('value'));
  }

  within(name: string): SavedState {
    return new SavedState(this.#get(name));
  }

  /** Null where null was saved. */
  maybe<Read>(name: string, read: (name: string) => Read): Read | null {
    return this.#get(name) === null ? null : read(name);
  }

  #get(name: string): Json | undefined {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }
}

function wrong(name: string): RangeError {
  return new RangeError(`A decoder cannot have saved what stands for ${name}.`);
}
