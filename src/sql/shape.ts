/**
 * What is left of a text where only the values of its literals may differ. Texts of one shape are the same tokens to PostgreSQL's
 * scanner (scan.l), and so the same tree to its grammar but for those values. A text that could be read otherwise has no shape: one
 * with comments, escapes, quotes by dollars or with a prefix, numbers in any but the plainest forms, or characters beyond ASCII.
 */
export type Shape = string;

export interface Literal {
  /** Where it begins in the text, which is ASCII: characters are bytes. */
  readonly at: number;
  readonly kind: LiteralKind;
  /** As PostgreSQL reads it: a string without its quotes. */
  readonly value: string;
}
type LiteralKind = keyof typeof marks;

/** They stand in the key in place of a literal, and in no text that has a shape. */
const marks = { text: '\u0001', integer: '\u0002', decimal: '\u0003' } as const;

/** A longer one is parsed in a thread of its own, and seldom comes in the same shape again. */
const longest = 8 * 1024;
/** With more digits it may be another kind of number. */
const mostDigits = 9;

/** Control characters but for space, backslashes, and all that is not ASCII. */
const beyond = /[^\t\n\f\r -~]|\\/;
/** What begins with one of these stands for itself, and nothing else begins within it. */
const plain = classOf(' \t\n\f\r()[],;:<>=+*%^|~!#@?`{}');
const letters = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_');
const digits = classOf('0123456789');

function classOf(characters: string): Uint8Array {
  const members = new Uint8Array(128);
  for (const character of characters) members[character.charCodeAt(0)] = 1;
  return members;
}

/** Null where the text has no shape, or no literals. */
export function shapeOf(text: string): Shape | null {
  const scan = scanned(text, null);
  return scan?.literals === 0 ? null : (scan?.shape ?? null);
}

/** The literals of a text that has a shape, in their order. */
export function literalsOf(text: string): readonly Literal[] {
  const literals: Literal[] = [];
  scanned(text, (at, kind, to) => {
    literals.push({ at, kind, value: kind === 'text' ? text.slice(at + 1, to - 1).replaceAll("''", "'") : text.slice(at, to) });
  });
  return literals;
}

type Take = (at: number, kind: LiteralKind, to: number) => void;

function scanned(text: string, take: Take | null): Scan | null {
  if (text.length > longest || beyond.test(text)) return null;
  const scan = new Scan(text, take);
  return scan.run() ? scan : null;
}

class Scan {
  shape: Shape = '';
  literals = 0;
  readonly #text: string;
  readonly #take: Take | null;
  #at = 0;
  /** Up to here the text is in the shape. */
  #taken = 0;

  constructor(text: string, take: Take | null) {
    this.#text = text;
    this.#take = take;
  }

  /** False where the text has no shape. */
  run(): boolean {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (plain[code] === 1) this.#at += 1;
      else if (letters[code] === 1) {
        if (!this.#word()) return false;
      } else if (digits[code] === 1) {
        if (!this.#number()) return false;
      } else if (!this.#special(text[this.#at], text[this.#at + 1])) return false;
    }
    this.shape += text.slice(this.#taken);
    return true;
  }

  /** A name or keyword. A quote behind it makes a string of another kind: E'', B'', X'', N''. */
  #word(): boolean {
    this.#at = this.#past(this.#at, (code) => letters[code] === 1 || digits[code] === 1 || code === dollar);
    return this.#text[this.#at] !== "'";
  }

  #number(): boolean {
    const from = this.#at;
    let to = this.#past(from, isDigit);
    const isInteger = this.#text[to] !== '.';
    if (!isInteger) {
      if (!isDigit(this.#text.charCodeAt(to + 1))) return false;
      to = this.#past(to + 1, isDigit);
    }
    const behind = this.#text.charCodeAt(to);
    if (letters[behind] === 1 || behind === dollar || behind === dot) return false;
    this.#at = to;
    if (isInteger && to - from > mostDigits) return true;
    this.#literal(from, isInteger ? 'integer' : 'decimal');
    return true;
  }

  #special(character: string | undefined, next: string | undefined): boolean {
    switch (character) {
      case "'":
        return this.#string();
      case '"':
        return this.#quoted('"');
      case '$':
        return this.#parameter();
      case '-':
        return this.#alone(next !== '-');
      case '/':
        return this.#alone(next !== '*');
      case '.':
        return this.#alone(next !== '.' && !(next !== undefined && isDigit(next.charCodeAt(0))));
      case '&':
        return this.#alone(next !== "'" && next !== '"');
      default:
        return false;
    }
  }

  #alone(is: boolean): boolean {
    this.#at += 1;
    return is;
  }

  /** `$1`, which is no literal. */
  #parameter(): boolean {
    const to = this.#past(this.#at + 1, isDigit);
    const behind = this.#text.charCodeAt(to);
    if (to === this.#at + 1 || letters[behind] === 1 || behind === dollar) return false;
    this.#at = to;
    return true;
  }

  #string(): boolean {
    const from = this.#at;
    if (!this.#quoted("'")) return false;
    this.#literal(from, 'text');
    return true;
  }

  /** Up to the closing quote; a doubled one does not close. */
  #quoted(mark: string): boolean {
    let to = this.#text.indexOf(mark, this.#at + 1);
    while (to >= 0 && this.#text[to + 1] === mark) to = this.#text.indexOf(mark, to + 2);
    if (to < 0) return false;
    this.#at = to + 1;
    return true;
  }

  #literal(from: number, kind: LiteralKind): void {
    this.literals += 1;
    this.#take?.(from, kind, this.#at);
    this.shape += this.#text.slice(this.#taken, from) + marks[kind];
    this.#taken = this.#at;
  }

  #past(from: number, goesOn: (code: number) => boolean): number {
    let to = from;
    while (goesOn(this.#text.charCodeAt(to))) to += 1;
    return to;
  }
}

const dollar = 0x24;
const dot = 0x2e;

function isDigit(code: number): boolean {
  return digits[code] === 1;
}
