/** A JSON text with its leaves replaced; the structure stays. */
export interface Leaves {
  /** `name` is the member's, or the place in its list. */
  string(text: string, name: string): string | null;
  number(text: string, name: string): string | null;
  boolean(value: boolean): boolean;
  /** A member's name, replaced where it is data itself. */
  name(text: string): string;
}

/** What the language has since ES2025 and the compiler's library does not know: numbers by their own text. */
interface SourceText {
  readonly parse: (text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;
  readonly rawJSON: (text: string) => object;
  readonly isRawJSON: (value: unknown) => boolean;
}
const { parse, rawJSON, isRawJSON } = JSON as unknown as SourceText;

/** The text with its leaves replaced, or null where it is not JSON or nests too deep. Spaces between the parts are not kept. */
export function replaceLeaves(text: string, leaves: Leaves): string | null {
  try {
    return JSON.stringify(parse(text, (key, value, context) => replaced(key, value, context, leaves)));
  } catch (fault) {
    // Nested so deep that the stack does not hold it.
    if (fault instanceof SyntaxError || fault instanceof RangeError) return null;
    throw fault;
  }
}

function replaced(key: string, value: unknown, context: { readonly source?: string }, leaves: Leaves): unknown {
  switch (typeof value) {
    case 'string':
      return leaves.string(value, key);
    case 'number': {
      // By its own text: a number that JavaScript cannot hold must not come out as another.
      const text = leaves.number(context.source ?? String(value), key);
      return text === null ? null : rawJSON(text);
    }
    case 'boolean':
      return leaves.boolean(value);
    default:
      return Array.isArray(value) || value === null || isRawJSON(value) ? value : renamed(value as object, leaves);
  }
}

function renamed(object: object, leaves: Leaves): object {
  const taken = new Set<string>();
  // Without a prototype: `__proto__` is a name like another here.
  const result: { [name: string]: unknown } = Object.create(null) as { [name: string]: unknown };
  for (const [name, value] of Object.entries(object)) {
    const wanted = leaves.name(name);
    let free = wanted;
    for (let count = 2; taken.has(free); count += 1) free = `${wanted}#${count}`;
    taken.add(free);
    result[free] = value;
  }
  return result;
}
