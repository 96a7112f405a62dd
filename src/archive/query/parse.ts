import type { Query, QueryProblem, Span, Value } from './syntax.ts';

const longestQuery = 2000;
/** A query is compiled to one statement; SQLite takes expressions of a depth of 1000. */
const deepest = 20;
const mostParts = 64;

/** The query in a text; null where the text is empty. Where it cannot be read, the first thing that is wrong with it. */
export function parseQuery(text: string): { readonly query: Query | null } | { readonly problem: QueryProblem } {
  try {
    return { query: new Parser(text).all() };
  } catch (fault) {
    if (fault instanceof Unreadable) return { problem: fault.problem };
    throw fault;
  }
}

class Unreadable extends Error {
  readonly problem: QueryProblem;
  constructor(problem: QueryProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const fieldName = /^[A-Za-z_][\w.]*(?=:)/;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #parts = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > longestQuery) this.#fail(`is longer than ${longestQuery} characters`, { from: longestQuery, until: text.length });
  }

  all(): Query | null {
    this.#space();
    if (this.#isDone) return null;
    const query = this.#or();
    if (!this.#isDone) this.#fail('has a closing bracket that nothing opened; to look for one, put it in quotes', this.#here(1));
    return query;
  }

  get #isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  #or(): Query {
    const from = this.#at;
    this.#depth += 1;
    if (this.#depth > deepest) this.#fail(`has brackets ${deepest} deep; write it flatter`, this.#here(1));
    const of = [this.#and()];
    while (this.#keyword('or')) of.push(this.#and());
    this.#depth -= 1;
    return joined('or', of, { from, until: this.#at });
  }

  #and(): Query {
    const from = this.#at;
    const of = [this.#not()];
    for (let next = this.#andGoesOn(); next; next = this.#andGoesOn()) of.push(this.#not());
    return joined('and', of, { from, until: this.#at });
  }

  #andGoesOn(): boolean {
    if (this.#isDone || this.#peek() === ')') return false;
    if (this.#keyword('and')) return true;
    return !this.#isKeyword('or');
  }

  #not(): Query {
    const from = this.#at;
    const mark = /^[-!](?=[^\s-!])/.exec(this.#rest)?.[0];
    if (mark === undefined && !this.#keyword('not')) return this.#atom();
    this.#at += mark?.length ?? 0;
    const of = this.#atom();
    return { kind: 'not', of, from, until: this.#at };
  }

  #atom(): Query {
    this.#parts += 1;
    if (this.#parts > mostParts) this.#fail(`has more than ${mostParts} parts`, this.#here(1));
    if (this.#isDone) this.#fail('ends where something to look for should follow', { from: this.#at, until: this.#at });
    if (this.#peek() === '(') return this.#bracketed();
    const from = this.#at;
    const field = fieldName.exec(this.#rest)?.[0];
    if (field === undefined) {
      const value = this.#freeText();
      this.#space();
      return { kind: 'text', value, from, until: value.until };
    }
    this.#at += field.length + 1;
    const values = this.#peek() === '[' ? this.#list() : [this.#filterValue(/[\s)]/)];
    const until = this.#at;
    this.#space();
    return { kind: 'filter', field: field.toLowerCase(), values, from, until };
  }

  #bracketed(): Query {
    const open = this.#here(1);
    this.#at += 1;
    this.#space();
    const query = this.#or();
    if (this.#peek() !== ')') this.#fail('has a bracket that is not closed; to look for one, put it in quotes', open);
    this.#at += 1;
    this.#space();
    return query;
  }

  /** Free text is taken as it stands: `*` and `?` are characters of what is looked for. */
  #freeText(): Value {
    const character = this.#peek();
    if (character === '"') return this.#phrase();
    if (character === '/' && /^\/[^/\s]+\/(?=[\s)]|$)/.test(this.#rest)) return this.#pattern();
    return this.#word(/[\s)"]/);
  }

  #list(): Value[] {
    const open = this.#here(1);
    const values: Value[] = [];
    do {
      this.#at += 1;
      this.#space();
      values.push(this.#filterValue(/[\s,\]]/));
      this.#space();
    } while (this.#peek() === ',');
    if (this.#peek() !== ']') this.#fail('has a list that is not closed with ]', open);
    this.#at += 1;
    return values;
  }

  #filterValue(end: RegExp): Value {
    const character = this.#peek();
    if (character === '"') return this.#phrase();
    // An empty pattern is none: `http://…` is an address that somebody looks for.
    if (character === '/' && !this.#rest.startsWith('//')) return this.#pattern();
    const from = this.#at;
    const sign = /^(?:>=|<=|[<>=])/.exec(this.#rest)?.[0];
    this.#at += sign?.length ?? 0;
    const { text, until } = this.#word(end);
    // The expression above matches these alone.
    if (sign !== undefined) return { kind: 'compare', sign: sign as '>' | '>=' | '<' | '<=' | '=', text, from, until };
    const [, low, high] = /^(.+?)\.\.(.+)$/.exec(text) ?? [];
    return low === undefined || high === undefined ? { kind: 'word', text, from, until } : { kind: 'range', low, high, from, until };
  }

  #word(end: RegExp): Value & { kind: 'word' } {
    const from = this.#at;
    while (!this.#isDone && !end.test(this.#peek())) this.#at += 1;
    if (this.#at === from) this.#fail('lacks a value here', { from, until: from + 1 });
    return { kind: 'word', text: this.#text.slice(from, this.#at), from, until: this.#at };
  }

  #phrase(): Value {
    const found = /^"((?:[^"\\]|\\.)*)"/s.exec(this.#rest);
    if (found === null) this.#fail('has a quotation mark that is not closed', this.#here(1));
    const [whole, inner = ''] = found;
    const from = this.#at;
    this.#at += whole.length;
    if (inner === '') this.#fail('has quotation marks with nothing between them', { from, until: this.#at });
    return { kind: 'phrase', text: inner.replaceAll(/\\(["\\])/g, '$1'), from, until: this.#at };
  }

  #pattern(): Value {
    const found = /^\/((?:[^/\\]|\\.)+)\//s.exec(this.#rest);
    if (found === null) this.#fail('has a pattern that is not closed with /', this.#here(1));
    const [whole, source = ''] = found;
    const from = this.#at;
    this.#at += whole.length;
    return { kind: 'pattern', source: source.replaceAll('\\/', '/'), from, until: this.#at };
  }

  #isKeyword(word: string): boolean {
    return new RegExp(`^${word}(?=[\\s(]|$)`, 'i').test(this.#rest);
  }

  #keyword(word: string): boolean {
    if (!this.#isKeyword(word)) return false;
    this.#at += word.length;
    this.#space();
    return true;
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #here(length: number): Span {
    return { from: this.#at, until: Math.min(this.#text.length, this.#at + length) };
  }

  #space(): void {
    while (/\s/.test(this.#peek())) this.#at += 1;
  }

  #fail(what: string, { from, until }: Span): never {
    throw new Unreadable({ message: `The query ${what}.`, from, until, instead: null });
  }
}

function joined(kind: 'and' | 'or', of: readonly Query[], span: Span): Query {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind, of, ...span };
}
