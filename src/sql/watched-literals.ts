import type { ParsedStatement } from './parse.ts';
import type { Literal } from './shape.ts';
import { type Fields, isFields } from './tree.ts';

/** A statement that notes whether anybody has looked at the value of one of its literals. */
export interface Watched {
  readonly statement: ParsedStatement;
  consulted(): boolean;
}

/**
 * What is found in a statement while nobody looks at a literal's value is found in every text of its shape. Null where the parser has
 * made anything but a plain constant of one of its literals: then its value may be part of the tree itself, as the digits in
 * `float(24)` are, or a name, a file, an option, a body of code.
 */
export function watchLiterals(statement: ParsedStatement, text: string, literals: readonly Literal[]): Watched | null {
  const watcher = new Watcher(text, literals);
  const tree = watcher.copy(statement.tree);
  if (!watcher.foundAll) return null;
  const { from, to } = statement;
  const watched = {
    from,
    to,
    tree,
    get text(): string {
      watcher.consulted = true;
      return statement.text;
    },
  };
  return { statement: watched, consulted: () => watcher.consulted };
}

class Watcher {
  consulted = false;
  readonly #text: string;
  readonly #left: Map<number, Literal>;

  constructor(text: string, literals: readonly Literal[]) {
    this.#text = text;
    this.#left = new Map(literals.map((literal) => [literal.at, literal]));
  }

  get foundAll(): boolean {
    return this.#left.size === 0;
  }

  copy(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.copy(item));
    if (!isFields(value)) return value;
    const fields: { [field: string]: unknown } = {};
    for (const name in value) {
      const field = value[name];
      fields[name] = name === 'A_Const' && isFields(field) ? this.#constant(field) : this.copy(field);
    }
    return fields;
  }

  #constant(fields: Fields): Fields {
    const at = fields['location'];
    if (typeof at !== 'number') return fields;
    const sign = this.#text[at] === '-' ? '-' : '';
    // The grammar makes one constant of a minus and a number, which stands where the minus does.
    const literal = this.#left.get(sign === '' ? at : at + 1 + spaceFrom(this.#text, at + 1));
    if (literal === undefined || !isSame(fields, sign, literal)) return fields;
    this.#left.delete(literal.at);
    const field = fieldOf[literal.kind];
    return { ...fields, [field]: this.#watch(isFields(fields[field]) ? fields[field][field] : undefined, field) };
  }

  #watch(value: unknown, field: string): Fields {
    return Object.defineProperty({}, field, {
      enumerable: true,
      get: () => {
        this.consulted = true;
        return value;
      },
    });
  }
}

const fieldOf = { text: 'sval', integer: 'ival', decimal: 'fval' } as const;

/** Whether the constant is this literal; the parser leaves out what is empty or 0. */
function isSame(fields: Fields, sign: string, { kind, value }: Literal): boolean {
  const field = fieldOf[kind];
  const inner = fields[field];
  if (!isFields(inner)) return false;
  const found = inner[field];
  if (kind === 'text') return sign === '' && (found ?? '') === value;
  if (kind === 'decimal') return found === sign + value;
  return (found ?? 0) === (sign === '' ? Number(value) : 0 - Number(value));
}

function spaceFrom(text: string, from: number): number {
  return /^[ \t\n\f\r]*/.exec(text.slice(from))?.[0].length ?? 0;
}
