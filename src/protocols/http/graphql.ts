import { NotGraphQl, type Token, tokensOf } from './graphql-tokens.ts';

export { NotGraphQl } from './graphql-tokens.ts';

export type OperationType = 'query' | 'mutation' | 'subscription';

/** What an operation asks for, as far as policies name it. */
export interface GraphQlOperation {
  readonly type: OperationType;
  /** '' for one without a name. */
  readonly name: string;
  /** The top-level fields by their own names and not their aliases, those of fragments included, each once. */
  readonly fields: readonly string[];
}

/** A selection at the top: a field, or the name of a fragment whose fields stand there too. */
type Selection = { readonly field: string } | { readonly spread: string };

interface Definition {
  readonly type: OperationType;
  readonly name: string;
  readonly selections: readonly Selection[];
}

const mostFields = 500;

/**
 * The operation that a document runs, with the name that the request gives. A small parser of its own: it reads the shape of
 * definitions and top-level selections, demands balance of all else, and throws NotGraphQl at anything it does not know.
 */
export function readOperation(document: string, operationName: string | null): GraphQlOperation {
  const reader = new DocumentReader(tokensOf(document));
  const { operations, fragments } = reader.read();
  const named = operationName === null ? operations : operations.filter(({ name }) => name === operationName);
  const [operation, ...others] = named;
  if (operation === undefined) throw new NotGraphQl('the operation that is asked for is not in the document');
  if (others.length > 0) throw new NotGraphQl('which of several operations is meant is not said');
  const fields = new Set<string>();
  collect(operation.selections, fragments, new Set(), fields);
  return { type: operation.type, name: operation.name, fields: [...fields] };
}

function collect(
  selections: readonly Selection[],
  fragments: ReadonlyMap<string, Definition>,
  seen: Set<string>,
  fields: Set<string>,
): void {
  for (const selection of selections) {
    if ('field' in selection) {
      fields.add(selection.field);
      if (fields.size > mostFields) throw new NotGraphQl(`more than ${mostFields} top-level fields`);
      continue;
    }
    if (seen.has(selection.spread)) continue;
    seen.add(selection.spread);
    const fragment = fragments.get(selection.spread);
    if (fragment === undefined) throw new NotGraphQl('a fragment that is not there');
    collect(fragment.selections, fragments, seen, fields);
  }
}

const closing: { readonly [opening: string]: string } = { '(': ')', '[': ']', '{': '}' };

class DocumentReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  read(): { readonly operations: readonly Definition[]; readonly fragments: ReadonlyMap<string, Definition> } {
    const operations: Definition[] = [];
    const fragments = new Map<string, Definition>();
    while (this.#at < this.#tokens.length) {
      const word = this.#peek();
      if (word === 'fragment') {
        const fragment = this.#fragment();
        if (fragments.has(fragment.name)) throw new NotGraphQl('two fragments of one name');
        fragments.set(fragment.name, fragment);
      } else operations.push(this.#operation(word));
    }
    return { operations, fragments };
  }

  #operation(word: string): Definition {
    if (word === '{') return { type: 'query', name: '', selections: this.#selections() };
    if (word !== 'query' && word !== 'mutation' && word !== 'subscription') throw new NotGraphQl('a definition that is no operation');
    this.#at += 1;
    const name = this.#tokens[this.#at]?.kind === 'name' ? this.#next() : '';
    if (this.#peek() === '(') this.#balanced();
    this.#directives();
    return { type: word, name, selections: this.#selections() };
  }

  #fragment(): Definition {
    this.#at += 1;
    const name = this.#name();
    if (name === 'on' || this.#name() !== 'on') throw new NotGraphQl('a fragment without its type');
    this.#name();
    this.#directives();
    return { type: 'query', name, selections: this.#selections() };
  }

  #selections(): Selection[] {
    this.#expect('{');
    const found: Selection[] = [];
    while (this.#peek() !== '}') {
      if (this.#peek() === '...') found.push(...this.#spread());
      else found.push({ field: this.#field() });
    }
    if (found.length === 0) throw new NotGraphQl('an empty selection');
    this.#expect('}');
    return found;
  }

  /** A fragment's name, or an inline fragment whose own selections stand here. */
  #spread(): readonly Selection[] {
    this.#expect('...');
    if (this.#tokens[this.#at]?.kind === 'name' && this.#peek() !== 'on') {
      const spread = this.#name();
      this.#directives();
      return [{ spread }];
    }
    if (this.#peek() === 'on') {
      this.#at += 1;
      this.#name();
    }
    this.#directives();
    return this.#selections();
  }

  #field(): string {
    let name = this.#name();
    if (this.#peek() === ':') {
      this.#at += 1;
      name = this.#name();
    }
    if (this.#peek() === '(') this.#balanced();
    this.#directives();
    if (this.#peek() === '{') this.#balanced();
    return name;
  }

  #directives(): void {
    while (this.#peek() === '@') {
      this.#at += 1;
      this.#name();
      if (this.#peek() === '(') this.#balanced();
    }
  }

  /** Passes over what stands between a bracket and its own. */
  #balanced(): void {
    const open: string[] = [];
    do {
      const { kind, text } = this.#tokens[this.#at] ?? { kind: 'punctuator', text: '' };
      if (text === '') throw new NotGraphQl('the document ends too early');
      this.#at += 1;
      if (kind !== 'punctuator') continue;
      const close = closing[text];
      if (close !== undefined) open.push(close);
      else if ((text === ')' || text === ']' || text === '}') && open.pop() !== text) throw new NotGraphQl('brackets that do not match');
    } while (open.length > 0);
  }

  #peek(): string {
    const found = this.#tokens[this.#at];
    // A string is no keyword or punctuator, whatever it says.
    return found === undefined ? '' : found.kind === 'value' ? '"' : found.text;
  }

  #next(): string {
    const text = this.#peek();
    this.#at += 1;
    return text;
  }

  #name(): string {
    if (this.#tokens[this.#at]?.kind !== 'name') throw new NotGraphQl('a name should stand');
    return this.#next();
  }

  #expect(text: string): void {
    if (this.#next() !== text) throw new NotGraphQl(`"${text}" should stand`);
  }
}
