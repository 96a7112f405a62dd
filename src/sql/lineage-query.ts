import { figuredName } from './lineage-names.ts';
import { traceReturning } from './lineage-returning.ts';
import { itemNamed, renamed } from './lineage-scope.ts';
import { itemOf } from './lineage-expression.ts';
import {
  type Column,
  inside,
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
import { routinesMeant } from './names.ts';
import { asKind, type Fields, fieldsIn, isFields, listOf, partsOf, textOf, unwrap } from './tree.ts';

/** What a query gives: SELECT, VALUES, set operations, and what writes give back by RETURNING. */
export function traceQuery(value: unknown, scope: Scope, tracer: Tracer): Traced {
  const node = unwrap(value);
  if (node === null) return untraceable;
  const [kind, fields] = node;
  const inner = withQueries(fields['withClause'], scope, tracer);
  if (kind === 'SelectStmt') return traceSelect(fields, inner, tracer);
  return traceReturning(kind, fields, inner, tracer, traceTargets);
}

function traceSelect(fields: Fields, scope: Scope, tracer: Tracer): Traced {
  if (isFields(fields['larg']) && isFields(fields['rarg'])) return traceSetOperation(fields, scope, tracer);
  const values = listOf(fields['valuesLists']);
  if (values.length > 0) return { ...traceValues(values, scope, tracer), filters: none };
  const from = tracer.from(fields['fromClause'], scope);
  const inner = { ...scope, items: from.items, windows: fields['windowClause'] };
  const shown = traceTargets(fields['targetList'], from, inner, tracer);
  const conditions = ['whereClause', 'havingClause', 'limitCount', 'limitOffset'].map((field) => tracer.expression(fields[field], inner));
  // These may name a column of the result, too.
  const named = { ...inner, items: [...inner.items, { ...shown, alias: '', schema: null }] };
  const orders = ['groupClause', 'sortClause', 'distinctClause'].map((field) => tracer.expression(fields[field], named));
  const counted = decidesRows(fields, tracer) ? shown.whole : none;
  return { ...shown, filters: union(from.filters, counted, ...conditions, ...orders) };
}

/** Whether the columns themselves decide how many rows there are: DISTINCT joins equal ones, a set-returning function makes many. */
function decidesRows({ distinctClause, targetList }: Fields, tracer: Tracer): boolean {
  return listOf(distinctClause).length > 0 || callsSet(targetList, tracer);
}

function callsSet(value: unknown, tracer: Tracer): boolean {
  if (Array.isArray(value)) return value.some((item) => callsSet(item, tracer));
  if (!isFields(value) || isFields(value['A_Const'])) return false;
  const call = fieldsIn(value['FuncCall'])['funcname'];
  if (call !== undefined && routinesMeant(partsOf(call), null, tracer.context).some(({ returnsSet }) => returnsSet)) return true;
  return Object.values(value).some((inner) => callsSet(inner, tracer));
}

/** The columns of a target list, `*` and `alias.*` in full. */
function traceTargets(targets: unknown, from: Shape, scope: Scope, tracer: Tracer): Shape {
  const columns: Column[] = [];
  const wholes: Sources[] = [];
  let known = true;
  for (const target of listOf(targets)) {
    const shape = traceTarget(asKind(target, 'ResTarget') ?? {}, from, scope, tracer);
    wholes.push(shape.whole);
    if (shape.columns === null) known = false;
    else columns.push(...shape.columns);
  }
  return { columns: known ? columns : null, whole: union(...wholes) };
}

function traceTarget({ name, val }: Fields, from: Shape, scope: Scope, tracer: Tracer): Shape {
  const column = asKind(val, 'ColumnRef');
  if (column !== null && endsInStar(column['fields'])) {
    const parts = partsOf(column['fields']);
    return parts.length === 0 ? from : (itemNamed(parts, scope) ?? untraceable);
  }
  const indirection = asKind(val, 'A_Indirection');
  if (indirection !== null && endsInStar(indirection['indirection'])) {
    const item = listOf(indirection['indirection']).length === 1 ? itemOf(indirection['arg'], scope) : null;
    return item ?? { columns: null, whole: tracer.expression(indirection['arg'], scope) };
  }
  return shapeOf([{ name: textOf(name) ?? figuredName(val), sources: tracer.expression(val, scope) }]);
}

function endsInStar(parts: unknown): boolean {
  return asKind(listOf(parts).at(-1), 'A_Star') !== null;
}

function traceValues(rows: readonly unknown[], scope: Scope, tracer: Tracer): Shape {
  const cells = rows.map((row) => listOf(asKind(row, 'List')?.['items']).map((cell) => tracer.expression(cell, scope)));
  return shapeOf(
    (cells[0] ?? []).map((_, index) => ({ name: `column${index + 1}`, sources: union(...cells.map((row) => row[index] ?? 'unknown')) })),
  );
}

function traceSetOperation(fields: Fields, scope: Scope, tracer: Tracer): Traced {
  const left = traceQuery({ SelectStmt: fields['larg'] }, scope, tracer);
  const right = traceQuery({ SelectStmt: fields['rarg'] }, scope, tracer);
  const limits = tracer.expression([fields['limitCount'] ?? [], fields['limitOffset'] ?? []], scope);
  const joined = beneath(left, right);
  // All but UNION ALL leave out rows by their columns.
  const compared = fields['op'] === 'SETOP_UNION' && fields['all'] === true ? none : joined.whole;
  return { ...joined, filters: union(left.filters, right.filters, limits, compared) };
}

/** Two results one under the other, under the names of the first. */
function beneath(left: Shape, right: Shape): Shape {
  const whole = union(left.whole, right.whole);
  if (left.columns === null || right.columns === null || left.columns.length !== right.columns.length) return { columns: null, whole };
  const others = right.columns;
  return shapeOf(left.columns.map(({ name, sources }, index) => ({ name, sources: union(sources, others[index]?.sources ?? 'unknown') })));
}

function withQueries(clause: unknown, scope: Scope, tracer: Tracer): Scope {
  if (!isFields(clause)) return scope;
  const queries = new Map(scope.queries);
  const members = listOf(clause['ctes']).map((cte) => asKind(cte, 'CommonTableExpr') ?? {});
  // With RECURSIVE each sees all: those that come later, which only a cycle of them could need, are beyond tracing.
  if (clause['recursive'] === true) for (const { ctename } of members) queries.set(textOf(ctename) ?? '', untraceable);
  for (const member of members) {
    const name = textOf(member['ctename']) ?? '';
    const shape =
      clause['recursive'] === true ? traceRecursive(name, member, queries, scope, tracer) : traceMember(member, queries, scope, tracer);
    queries.set(name, shape);
  }
  return { ...scope, queries };
}

function traceMember(member: Fields, queries: ReadonlyMap<string, Traced>, scope: Scope, tracer: Tracer): Traced {
  const traced = tracer.query(member['ctequery'], inside({ ...scope, queries: new Map(queries) }));
  if (traced.columns === null) return traced;
  const columns = [...renamed(traced.columns, partsOf(member['aliascolnames'])), ...addedColumns(member, traced.whole)];
  return { ...shapeOf(columns), filters: traced.filters };
}

/** SEARCH and CYCLE add columns that hold rows' values. */
function addedColumns(member: Fields, whole: Sources): readonly Column[] {
  const search = fieldsIn(member['search_clause'])['search_seq_column'];
  const cycle = fieldsIn(member['cycle_clause']);
  const names = [search, cycle['cycle_mark_column'], cycle['cycle_path_column']].flatMap((name) => textOf(name) ?? []);
  return names.map((name) => ({ name, sources: whole }));
}

/** A query that goes on from itself: begun with its first part, and traced until nothing is added. */
function traceRecursive(name: string, member: Fields, queries: ReadonlyMap<string, Traced>, scope: Scope, tracer: Tracer): Traced {
  const select = asKind(member['ctequery'], 'SelectStmt');
  if (select === null || !isFields(select['larg'])) return traceMember(member, queries, scope, tracer);
  const seen = new Map(queries);
  let shape = traceMember({ ...member, ctequery: { SelectStmt: select['larg'] } }, seen, scope, tracer);
  for (let round = 0; round < maximalRounds; round += 1) {
    seen.set(name, shape);
    const next = traceMember(member, seen, scope, tracer);
    if (weight(next) === weight(shape)) return next;
    shape = next;
  }
  return untraceable;
}

/** A column takes in another's sources in each round: more rounds than columns are never needed by what people write. */
const maximalRounds = 16;

/** Grows with each source that is added, which none ever leaves. */
function weight({ columns, whole, filters }: Traced): string {
  const size = (sources: Sources): number | string => (sources === 'unknown' ? sources : sources.size);
  return [size(whole), size(filters), ...(columns ?? []).map(({ sources }) => size(sources))].join(' ');
}
