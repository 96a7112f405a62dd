import { type MaskAction, stricter } from './action.ts';
import { columnKey, isPointerKey } from './column-name.ts';
import type { MaskingSettings } from './settings.ts';

/** What is done with a column, by which entry of the configuration. */
export interface ColumnRule {
  readonly action: MaskAction;
  readonly rule: string;
  /** Names the column in `[redacted:…]`: the configuration's word, never the data's. */
  readonly label: string;
}

const rememberedColumns = 10_000;

/** The rules by column of one connection. */
export class ColumnRules {
  readonly #exact = new Map<string, ColumnRule>();
  readonly #wide: { readonly pattern: RegExp; readonly rule: ColumnRule }[] = [];
  readonly #pointers: { readonly pattern: readonly string[]; readonly rule: ColumnRule }[] = [];
  readonly #known = new Map<string, ColumnRule | null>();

  constructor(settings: MaskingSettings, connection: string) {
    for (const [index, { column, action }] of settings.columns.entries()) {
      if (column.connection !== null && column.connection !== connection) continue;
      if ('pointer' in column) {
        const rule = {
          action,
          rule: `columns[${index}]`,
          label: labelOf(column.pointer.findLast((name) => !name.startsWith('*')) ?? null),
        };
        this.#pointers.push({ pattern: column.pointer, rule });
        continue;
      }
      const rule = { action, rule: `columns[${index}]`, label: labelOf(column.column) };
      const { schema, table, column: name } = column;
      if (schema === null || table === null || name === null) this.#wide.push({ pattern: wildcard([schema, table, name]), rule });
      else {
        const key = columnKey(schema, table, name);
        this.#exact.set(key, strictest(this.#exact.get(key) ?? null, rule));
      }
    }
  }

  /** Whether there are none for columns of tables. */
  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#wide.length === 0;
  }
  /** Whether there are any for places in documents. */
  get hasPointers(): boolean {
    return this.#pointers.length > 0;
  }

  /** The rule for one column of the target, by its `columnKey`; of several the strictest. */
  of(key: string): ColumnRule | null {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let found = this.#exact.get(key) ?? null;
    if (isPointerKey(key)) found = this.#ofPointer(key.slice(1).split('/'));
    else for (const { pattern, rule } of this.#wide) if (pattern.test(key)) found = strictest(found, rule);
    if (this.#known.size >= rememberedColumns) this.#known.clear();
    this.#known.set(key, found);
    return found;
  }

  #ofPointer(names: readonly string[]): ColumnRule | null {
    let found: ColumnRule | null = null;
    for (const { pattern, rule } of this.#pointers) if (covers(pattern, names)) found = strictest(found, rule);
    return found;
  }

  /** The strictest rule for any of these columns. */
  ofAny(keys: Iterable<string>): ColumnRule | null {
    let found: ColumnRule | null = null;
    for (const key of keys) {
      const rule = this.of(key);
      if (rule !== null) found = strictest(found, rule);
    }
    return found;
  }
}

function strictest(one: ColumnRule | null, other: ColumnRule): ColumnRule {
  return one !== null && stricter(one.action, other.action) === one.action ? one : other;
}

/**
 * Whether a place is the pattern's, or within it. Which parts of the pattern may stand before each name is carried along, so that
 * it takes no longer than one is long times the other, however many `**` there are.
 */
function covers(pattern: readonly string[], names: readonly string[]): boolean {
  let at = reached(new Set([0]), pattern);
  for (const name of names) {
    if (at.has(pattern.length)) return true;
    const next = new Set<number>();
    for (const place of at) {
      const part = pattern[place];
      if (part === '**') next.add(place);
      else if (part === '*' || part === name) next.add(place + 1);
    }
    at = reached(next, pattern);
  }
  return at.has(pattern.length);
}

/** `**` may stand for nothing. */
function reached(places: ReadonlySet<number>, pattern: readonly string[]): Set<number> {
  const all = new Set(places);
  for (const place of all) if (pattern[place] === '**') all.add(place + 1);
  return all;
}

function labelOf(column: string | null): string {
  return column === null ? 'column' : column.replaceAll(/[^A-Za-z_-]/g, '_').slice(0, 40);
}

/** A part of a key is a plain identifier or a quoted one, in which a point may stand. */
function wildcard(parts: readonly (string | null)[]): RegExp {
  const any = '(?:"(?:[^"]|"")*"|[^".]*)';
  const written = parts.map((part) => (part === null ? any : RegExp.escape(columnKey(part, 'a', 'a').slice(0, -'.a.a'.length))));
  return new RegExp(`^${written.join('\\.')}$`);
}
