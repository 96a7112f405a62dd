const rendered = '[secret]';

/**
 * A value that must never be seen: every way of printing it prints a placeholder.
 * Only the code that hands it to its target calls `reveal`.
 */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return rendered;
  }
  toJSON(): string {
    return rendered;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return rendered;
  }
}
