import { type Column, type Item, none, type Scope, type Shape, type Sources, union } from './lineage-trace.ts';

/** Columns that every table has beside its own; none of them holds a value of another. */
const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** The column of this name in a shape; null where it certainly has none. */
export function columnOf({ columns, whole }: Shape, name: string): Sources | null {
  if (columns === null) return whole;
  const found = columns.filter((column) => column.name === name);
  if (found.length > 0) return union(...found.map(({ sources }) => sources));
  return columns.some((column) => column.name === null) ? whole : null;
}

/** What an unqualified name means: a column of the nearest query that has one, else the row of the item so called. */
function lookUp(name: string, scope: Scope): Sources {
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const found = level.items.flatMap((item) => columnOf(item, name) ?? []);
    if (found.length > 0) return union(...found, ...rowsNamed(name, level));
  }
  const item = itemNamed([name], scope);
  if (item !== null) return item.whole;
  return systemColumns.has(name) ? none : 'unknown';
}

/** An item whose columns are not known may hide that the name means a row. */
function rowsNamed(name: string, { items }: Scope): readonly Sources[] {
  if (items.every(({ columns }) => columns !== null)) return [];
  return items.filter(({ alias }) => alias === name).map(({ whole }) => whole);
}

/** The item that a qualified name starts with, in the nearest query that has one. */
export function itemNamed(parts: readonly string[], scope: Scope): Item | null {
  const alias = parts.at(-1);
  const schema = parts.at(-2);
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const found = level.items.find((item) => item.alias === alias && (schema === undefined || item.schema === schema));
    if (found !== undefined) return found;
  }
  return null;
}

/** What a name in parts means: `column`, `alias.column`, `schema.table.column`. */
export function lookUpParts(parts: readonly string[], scope: Scope): Sources {
  const [name = ''] = parts.slice(-1);
  if (parts.length <= 1) return lookUp(name, scope);
  const item = itemNamed(parts.slice(0, -1), scope);
  if (item === null) return 'unknown';
  // What is no column of the row may be a function that takes it.
  return columnOf(item, name) ?? (systemColumns.has(name) ? none : 'unknown');
}

/** Columns under other names, as an alias with a column list gives them. */
export function renamed(columns: readonly Column[], names: readonly string[]): readonly Column[] {
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
}
