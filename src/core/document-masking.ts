import type { ColumnMask, SessionMasking, Tally, ValueKind } from './masking.ts';

/** What the language has since ES2025 and the compiler's library does not know: numbers by their own text. */
interface SourceText {
  readonly parse: (text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;
  readonly rawJSON: (text: string) => object;
  readonly isRawJSON: (value: unknown) => value is { readonly rawJSON: string };
}
const { parse, rawJSON, isRawJSON } = JSON as unknown as SourceText;

const rememberedPlaces = 10_000;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Names that say what a member is. Within a place that is masked any other is taken for data, as in a mapping from e-mail addresses. */
const fieldName = /^[A-Za-z_$@][A-Za-z_$-]{0,39}[0-9]{0,2}$/;

/** What masks a whole document, whoever has it: by the place where a value stands, and by what it looks like. */
export class DocumentMasks {
  readonly #masking: SessionMasking;
  readonly #known = new Map<string, ColumnMask | null>();

  constructor(masking: SessionMasking) {
    this.#masking = masking;
  }

  /** The text with what must not be seen masked, or null where it is no JSON, or nests too deep. */
  json(text: string, tally: Tally): string | null {
    try {
      // By its own text: a number that JavaScript cannot hold must not come out as another.
      const value = parse(text, (_key, own, { source }) => (typeof own === 'number' ? rawJSON(source ?? String(own)) : own));
      return JSON.stringify(this.#value(value, '', tally));
    } catch (fault) {
      if (fault instanceof SyntaxError || fault instanceof RangeError) return null;
      throw fault;
    }
  }

  #value(value: unknown, place: string, tally: Tally): unknown {
    if (typeof value === 'string') {
      const mask = this.#of(place, 'text');
      return mask === null ? value : mask.apply(value, tally);
    }
    if (typeof value === 'boolean') return this.#boolean(value, place, tally);
    if (typeof value !== 'object' || value === null) return value;
    if (isRawJSON(value)) return this.#number(value, place, tally);
    if (Array.isArray(value)) return value.map((item) => this.#value(item, `${place}/*`, tally));
    return this.#members(value, place, tally);
  }

  #number(value: { readonly rawJSON: string }, place: string, tally: Tally): unknown {
    const mask = this.#of(place, 'numeric');
    if (mask === null) return value;
    const masked = mask.apply(value.rawJSON, tally);
    if (masked === value.rawJSON) return value;
    return masked !== null && jsonNumber.test(masked) ? rawJSON(masked) : masked;
  }

  #boolean(value: boolean, place: string, tally: Tally): boolean | null {
    const mask = this.#of(place, 'boolean');
    if (mask === null) return value;
    const masked = mask.apply(value ? 't' : 'f', tally);
    return masked === null ? null : masked === 't';
  }

  #members(object: object, place: string, tally: Tally): object {
    const within = this.#of(place, 'boolean') !== null;
    const taken = new Set<string>();
    // Without a prototype: `__proto__` is a name like another here.
    const result: { [name: string]: unknown } = Object.create(null) as { [name: string]: unknown };
    for (const [name, value] of Object.entries(object)) {
      const wanted = within && !fieldName.test(name) ? '[redacted:name]' : this.#masking.text(name, tally);
      let free = wanted;
      for (let count = 2; taken.has(free); count += 1) free = `${wanted}#${count}`;
      taken.add(free);
      result[free] = this.#value(value, `${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, tally);
    }
    return result;
  }

  /** What the value's kind is decides what is looked for in it: of truth values nothing but rules by place say anything. */
  #of(place: string, kind: ValueKind): ColumnMask | null {
    const key = `${kind} ${place}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = place.slice(place.lastIndexOf('/') + 1);
    const [mask = null] = this.#masking.plan([{ sources: new Set([place]), direct: true, label: name, kind }]) ?? [];
    if (this.#known.size >= rememberedPlaces) this.#known.clear();
    this.#known.set(key, mask);
    return mask;
  }
}
