import type { Context } from './setting.ts';

/** The columns that a value is computed from, `schema.table.column` as `qualified` writes it; or nobody can tell. */
export type Sources = ReadonlySet<string> | 'unknown';

export const none: Sources = new Set<string>();

export function union(...all: readonly Sources[]): Sources {
  const some = all.filter((sources) => sources !== none);
  if (some.includes('unknown')) return 'unknown';
  const [first = none, ...more] = some;
  if (more.length === 0) return first;
  const joined = new Set<string>();
  for (const sources of some) if (sources !== 'unknown') for (const source of sources) joined.add(source);
  return joined;
}

export interface Column {
  /** Null where PostgreSQL's choice of a name is not known. */
  readonly name: string | null;
  readonly sources: Sources;
}

/** What a table, a query or a function gives: its columns, or null where their number is not known. */
export interface Shape {
  readonly columns: readonly Column[] | null;
  /** Those of all columns together: of the row as a whole, and of any column whose place is not known. */
  readonly whole: Sources;
}

/** What a query gives, and what decides which of its rows are seen. */
export interface Traced extends Shape {
  readonly filters: Sources;
}

export const untraceable: Traced = { columns: null, whole: 'unknown', filters: 'unknown' };

export function shapeOf(columns: readonly Column[]): Shape {
  return { columns, whole: union(...columns.map(({ sources }) => sources)) };
}

/** Something in FROM by the name that its columns are reached by. */
export interface Item extends Shape {
  readonly alias: string;
  /** Of a table that stands there under its own name. */
  readonly schema: string | null;
}

/** What is in sight of an expression. */
export interface Scope {
  readonly items: readonly Item[];
  /** The queries that WITH has named. */
  readonly queries: ReadonlyMap<string, Traced>;
  /** The windows that this query has named. */
  readonly windows: unknown;
  readonly outer: Scope | null;
}

export const outermost: Scope = { items: [], queries: new Map(), windows: undefined, outer: null };

/** The mutually recursive parts of the tracing. */
export interface Tracer {
  readonly context: Context;
  /** A text that somebody else has written is traced too: it takes the steps that it takes by itself. */
  allow(text: string): void;
  expression(value: unknown, scope: Scope): Sources;
  query(value: unknown, scope: Scope): Traced;
  from(clause: unknown, scope: Scope): From;
  /** A relation by its name, views by what stands behind them. */
  relation(range: { readonly [field: string]: unknown }): Traced;
}

/** What a FROM clause puts in sight, and what its `*` stands for. */
export interface From extends Shape {
  readonly items: readonly Item[];
  readonly filters: Sources;
}

/** The same scope for a query within. */
export function inside(scope: Scope): Scope {
  return { items: [], queries: scope.queries, windows: undefined, outer: scope };
}
