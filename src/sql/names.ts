import type { Operator, Relation, Routine, RoutineName, TypeEntry } from './schema-snapshot.ts';
import type { Context } from './setting.ts';
import { type Fields, textOf } from './tree.ts';

/** The relation that a name means. */
export interface Meant {
  /** `schema.name`, quoted where it must be. */
  readonly name: string;
  /** Null where the snapshot knows nothing of it. */
  readonly relation: Relation | null;
  /** A temporary one of this session. */
  readonly temporary: boolean;
}

/** Every relation that this name may mean; more than one only where a temporary one may hide another. */
export function relationsMeant(range: Fields, context: Context): readonly [Meant, ...Meant[]] {
  const name = textOf(range['relname']) ?? '';
  const schema = textOf(range['schemaname']);
  if (schema !== null) return [within(schema, name, context)];
  const found = searched(name, context);
  const { temporary } = context.setting;
  if (temporary === null) return [found, temporaryOf(name)];
  if (!temporary.has(name)) return [found];
  return found.relation === null ? [temporaryOf(name)] : [temporaryOf(name), found];
}

function within(schema: string, name: string, context: Context): Meant {
  if (schema === 'pg_temp' || schema.startsWith('pg_temp_')) return temporaryOf(name);
  return { name: qualified(schema, name), relation: context.snapshot.relation(schema, name), temporary: false };
}

function temporaryOf(name: string): Meant {
  return { name: qualified('pg_temp', name), relation: null, temporary: true };
}

function searched(name: string, context: Context): Meant {
  for (const schema of context.setting.searchPath) {
    const relation = context.snapshot.relation(schema, name);
    if (relation !== null) return { name: qualified(schema, name), relation, temporary: false };
  }
  return { name: qualified(creationSchema(context), name), relation: null, temporary: false };
}

/** The schema that takes what is created under an unqualified name: the first of the path that exists. */
export function creationSchema({ snapshot, setting }: Context): string {
  const own = setting.searchPath.filter((schema) => schema !== 'pg_catalog');
  return own.find((schema) => snapshot.hasSchema(schema)) ?? own.at(-1) ?? 'pg_catalog';
}

/**
 * Every routine that a call by this name may mean: PostgreSQL prefers the best fit of argument types over the order of the
 * search path, so a namesake in any schema of the path counts, unless it cannot take this many arguments.
 */
export function routinesMeant(parts: readonly string[], count: number | null, context: Context): readonly Routine[] {
  const name = parts.at(-1) ?? '';
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.setting.searchPath;
  const all = schemas.flatMap((schema) => context.snapshot.routines(schema, name));
  if (count === null) return all;
  const fit = all.filter(({ arguments: { least, most } }) => count >= least && (most === null || count <= most));
  return fit.length === 0 ? all : fit;
}

/** What is syntax to PostgreSQL 18 and was a function's name to older servers, where a user may have made one. */
const onceNames: { readonly [kind: string]: (fields: Fields) => string } = {
  JsonFuncExpr: ({ op }) => String(op).replace('_OP', '').toLowerCase(),
  JsonScalarExpr: () => 'json_scalar',
  JsonSerializeExpr: () => 'json_serialize',
  JsonParseExpr: () => 'json',
  JsonObjectConstructor: () => 'json_object',
  JsonArrayConstructor: () => 'json_array',
  JsonArrayQueryConstructor: () => 'json_array',
  JsonObjectAgg: () => 'json_objectagg',
  JsonArrayAgg: () => 'json_arrayagg',
  JsonTable: () => 'json_table',
  MergeSupportFunc: () => 'merge_action',
};
export const onceFunctions = Object.keys(onceNames);

/** The routines, not PostgreSQL's own, that an older server may take such syntax for a call of. */
export function onceRoutines(kind: string, fields: Fields, context: Context): readonly Routine[] {
  const name = onceNames[kind]?.(fields);
  return name === undefined ? [] : routinesMeant([name], null, context).filter(({ system }) => !system);
}

/** The routines behind an operator that are not of PostgreSQL itself. */
export function operatorRoutines(parts: readonly string[], context: Context): readonly RoutineName[] {
  const known = context.snapshot.operators(parts.at(-1) ?? '');
  if (known.length === 0) return [];
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.setting.searchPath;
  return known.filter(({ schema }: Operator) => schemas.includes(schema)).map(({ routine }) => routine);
}

/** The type that a name means, or `unresolved`. A temporary type needs a statement that creates it. */
export function typeMeant(parts: readonly string[], context: Context): TypeEntry | null {
  const name = parts.at(-1) ?? '';
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.setting.searchPath;
  for (const schema of schemas) {
    const type = context.snapshot.type(schema, name);
    if (type !== null) return type;
  }
  return null;
}

/** A name of a routine or another object as it is shown: under the schema that would take it where it names none. */
export function shownName(parts: readonly string[], context: Context): string {
  return parts.length > 1 ? qualified(...parts.slice(-2)) : qualified(creationSchema(context), parts[0] ?? '');
}

/** Joins the parts of a name; a part with other than small letters, digits and underscores is quoted. Keywords are not. */
export function qualified(...parts: readonly string[]): string {
  return parts.map((part) => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.');
}
