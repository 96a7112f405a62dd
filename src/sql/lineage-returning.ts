import {
  type Column,
  type From,
  none,
  type Scope,
  type Shape,
  shapeOf,
  type Sources,
  type Traced,
  type Tracer,
  union,
  untraceable,
} from './lineage-trace.ts';
import { asKind, type Fields, fieldsIn, isFields, listOf, textOf, unwrap } from './tree.ts';

type TraceTargets = (targets: unknown, from: From, scope: Scope, tracer: Tracer) => Shape;

/** What a write gives back by RETURNING: its table's columns, into which what it writes has gone. */
export function traceReturning(kind: string, fields: Fields, scope: Scope, tracer: Tracer, targets: TraceTargets): Traced {
  if (!(kind in others)) return untraceable;
  const clause = fieldsIn(fields['returningClause']);
  const range = fieldsIn(fields['relation']);
  const table = tracer.relation(range);
  const from = tracer.from(others[kind]?.(fields) ?? [], scope);
  const alias = textOf(fieldsIn(range['alias'])['aliasname']) ?? textOf(range['relname']) ?? '';
  const before = { ...table, alias, schema: textOf(range['schemaname']) };
  const written = { ...scope, items: [before, { ...table, alias: 'excluded', schema: null }, ...from.items] };
  const shape = overwritten(table, assignments(kind, fields, table, written, tracer));
  const own = { ...shape, alias, schema: before.schema };
  const items = [own, ...versions(clause).map((name) => ({ ...shape, alias: name, schema: null })), ...from.items];
  const star = { items, filters: none, columns: joined(shape.columns, from.columns), whole: union(shape.whole, from.whole) };
  const traced = targets(clause['exprs'], star, { ...scope, items }, tracer);
  return {
    ...traced,
    filters: union(from.filters, tracer.expression([fields['whereClause'] ?? [], fields['joinCondition'] ?? []], written)),
  };
}

/** What stands beside the table that is written to. */
const others: { readonly [kind: string]: (fields: Fields) => readonly unknown[] } = {
  InsertStmt: () => [],
  UpdateStmt: ({ fromClause }) => listOf(fromClause),
  DeleteStmt: ({ usingClause }) => listOf(usingClause),
  MergeStmt: ({ sourceRelation }) => [sourceRelation],
};

function joined(own: readonly Column[] | null, more: readonly Column[] | null): readonly Column[] | null {
  return own === null || more === null ? null : [...own, ...more];
}

/** The names of a row as it was and as it is; WITH in RETURNING gives them others. */
function versions(clause: Fields): readonly string[] {
  return ['old', 'new', ...listOf(clause['options']).flatMap((option) => textOf(asKind(option, 'ReturningOption')?.['value']) ?? [])];
}

/** What is written to each column; under null what may go to any. */
type Assignments = ReadonlyMap<string | null, Sources>;

function overwritten({ columns, whole }: Shape, assigned: Assignments): Shape {
  const anywhere = assigned.get(null) ?? none;
  const all = union(whole, ...assigned.values());
  if (columns === null) return { columns, whole: all };
  return shapeOf(columns.map(({ name, sources }) => ({ name, sources: union(sources, anywhere, assigned.get(name) ?? none) })));
}

function assignments(kind: string, fields: Fields, table: Shape, scope: Scope, tracer: Tracer): Assignments {
  const found = new Map<string | null, Sources>();
  const add = (name: string | null, sources: Sources): void => void found.set(name, union(found.get(name) ?? none, sources));
  const set = (targets: unknown): void => {
    for (const target of listOf(targets)) {
      const { name, val } = asKind(target, 'ResTarget') ?? {};
      const multiple = asKind(val, 'MultiAssignRef');
      add(textOf(name), tracer.expression(multiple === null ? val : multiple['source'], scope));
    }
  };
  if (kind === 'UpdateStmt') set(fields['targetList']);
  if (kind === 'InsertStmt') {
    inserted(fields, table, scope, tracer, add);
    set(fieldsIn(fields['onConflictClause'])['targetList']);
  }
  for (const clause of kind === 'MergeStmt' ? listOf(fields['mergeWhenClauses']) : []) {
    const when = unwrap(clause)?.[1] ?? {};
    set(listOf(when['targetList']).filter((target) => isFields(asKind(target, 'ResTarget')?.['val'])));
    add(null, tracer.expression(listOf(when['values']), scope));
  }
  return found;
}

/** The query's columns go to those that are listed, or to the table's in their order. */
function inserted(fields: Fields, table: Shape, scope: Scope, tracer: Tracer, add: (name: string | null, sources: Sources) => void): void {
  if (fields['selectStmt'] === undefined) return;
  const given = tracer.query(fields['selectStmt'], { ...scope, items: [] });
  const listed = listOf(fields['cols']).map((column) => textOf(asKind(column, 'ResTarget')?.['name']));
  const names = listed.length > 0 ? listed : (table.columns ?? []).map(({ name }) => name);
  if (given.columns === null) add(null, given.whole);
  else given.columns.forEach(({ sources }, index) => add(names[index] ?? null, sources));
}
