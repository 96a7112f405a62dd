import { traceExpression } from './lineage-expression.ts';
import { traceFrom } from './lineage-from.ts';
import { traceQuery } from './lineage-query.ts';
import { traceRelation } from './lineage-relations.ts';
import { type Column, none, outermost, shapeOf, type Sources, type Traced, type Tracer, union, untraceable } from './lineage-trace.ts';
import { type CopyLayout, copyLayout } from './copy-layout.ts';
import { cursorQuery, preparedQuery, queryKinds } from './indirect.ts';
import { relationsMeant } from './names.ts';
import type { ParsedStatement } from './parse.ts';
import type { Context } from './setting.ts';
import { asKind, type Fields, isFields, listOf, textOf, unwrap } from './tree.ts';

/** Where the columns of a statement's rows come from. */
export interface Lineage {
  /** In the order of the result; null where their number cannot be told, and `whole` then holds for each. */
  readonly columns: readonly Column[] | null;
  readonly whole: Sources;
  /**
   * The columns that decide which rows are shown (WHERE, joins, HAVING, grouping, order) without being shown. They are not
   * among the sources: each answer tells one bit of them, and a mask of the result could not hide it. In a subquery that
   * gives a value they are, for there they decide the value.
   */
  readonly filters: Sources;
  /** How a COPY writes its rows: null where that is not understood, undefined where it is no COPY. */
  readonly copy?: CopyLayout | null;
  /** Of a COPY of a table, whose columns stand as they are: their types' OIDs, in the order of the columns. */
  readonly types?: readonly number[];
}

/**
 * Traces the rows that a statement gives to base tables' columns; null where it gives none. Pure. The snapshot may be older
 * than the table: who relies on it compares number and names of the columns with those that the server announces.
 */
export function statementLineage(statement: ParsedStatement, context: Context): Lineage | null {
  let allowed = Math.min(usualSteps + statement.to - statement.from, mostSteps);
  const step = (): void => {
    if (--allowed < 0) throw new RangeError('The query is too large to trace.');
  };
  const tracer: Tracer = {
    context,
    allow: (text) => void (allowed += usualSteps + text.length),
    expression: (value, scope) => {
      step();
      return traceExpression(value, scope, tracer);
    },
    query: (value, scope) => {
      step();
      return traceQuery(value, scope, tracer);
    },
    from: (clause, scope) => traceFrom(clause, scope, tracer),
    relation: (range) => traceRelation(range, tracer),
  };
  try {
    const traced = traceStatement(statement.tree, tracer);
    if (traced === null) return null;
    const copying = asKind(statement.tree, 'CopyStmt');
    const lineage = { columns: traced.columns, whole: traced.whole, filters: traced.filters };
    return copying === null ? lineage : copied(lineage, copying, context);
  } catch (fault) {
    // A tree too deep for the stack: nothing is known of what it shows.
    if (fault instanceof RangeError) return untraceable;
    throw fault;
  }
}

/** A copy of a table leaves generated columns out, and is of columns whose types are known. */
function copied(lineage: Lineage, copying: Fields, context: Context): Lineage {
  const copy = copyLayout(copying);
  const { relation, attlist } = copying;
  const [meant, ...others] = isFields(relation) ? relationsMeant(relation, context) : [];
  const table = others.length > 0 ? null : (meant?.relation ?? null);
  const { columns } = lineage;
  if (table?.types === undefined || columns === null) return { ...lineage, copy };
  const typeOf = (name: string | null): number | null => table.types?.[table.columns.indexOf(name ?? '')] ?? null;
  const kept = listOf(attlist).length > 0 ? columns : columns.filter(({ name }) => typeOf(name) !== null);
  return { ...lineage, columns: kept, copy, types: kept.map(({ name }) => typeOf(name) ?? 0) };
}

/**
 * Queries that go on from themselves within each other are traced again and again, twice as often at each level. What is no such query
 * needs less than a step for each of its characters; a text of 1,000 characters that needs more held everybody up for 100 ms.
 */
const usualSteps = 1_000;
/** Some 50 ms. */
const mostSteps = 50_000;

type Rule = (fields: Fields, tracer: Tracer) => Traced | null;

const rules: { readonly [kind: string]: Rule } = {
  CopyStmt: traceCopy,
  ExecuteStmt: ({ name }, tracer) => follow(tracer.context.setting.prepared(textOf(name) ?? ''), preparedQuery, tracer),
  FetchStmt: ({ portalname }, tracer) => follow(tracer.context.setting.cursor(textOf(portalname) ?? ''), cursorQuery, tracer),
  ExplainStmt: traceExplain,
  VariableShowStmt: ({ name }) => (textOf(name)?.includes('.') === false ? { ...shapeOf([]), columns: null, filters: none } : untraceable),
  CallStmt: () => untraceable,
};

/** Statements that write, which give rows only by RETURNING. */
const writes = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

function traceStatement(tree: unknown, tracer: Tracer): Traced | null {
  const node = unwrap(tree);
  if (node === null) return untraceable;
  const [kind, fields] = node;
  const rule = rules[kind];
  if (rule !== undefined) return rule(fields, tracer);
  if (!queryKinds.has(kind) || isFields(fields['intoClause'])) return null;
  return writes.has(kind) && fields['returningClause'] === undefined ? null : tracer.query(tree, outermost);
}

function traceCopy(fields: Fields, tracer: Tracer): Traced | null {
  if (fields['is_from'] === true) return null;
  const { relation, query } = fields;
  if (!isFields(relation)) return traceStatement(query, tracer);
  const shape = tracer.relation(relation);
  const listed = listOf(fields['attlist']).map((column) => textOf(asKind(column, 'String')?.['sval']));
  if (listed.length === 0 || shape.columns === null) return { ...shape, filters: none };
  const columns = listed.map((name) => shape.columns?.find((column) => column.name === name) ?? { name, sources: 'unknown' as const });
  return { ...shapeOf(columns), filters: none };
}

function follow(text: string | null, queryOf: (text: string) => unknown, tracer: Tracer): Traced | null {
  const query = text === null ? null : queryOf(text);
  return queryKinds.has(unwrap(query)?.[0] ?? '') ? traceStatement(query, tracer) : untraceable;
}

/**
 * A plan repeats the statement's own constants and the planner's guesses. Only a function that is computed while planning
 * can put a stored value into it.
 */
function traceExplain({ query }: Fields, tracer: Tracer): Traced {
  const inner = queryKinds.has(unwrap(query)?.[0] ?? '') ? tracer.query(query, outermost) : untraceable;
  const seen = union(inner.whole, inner.filters);
  return {
    columns: [{ name: 'QUERY PLAN', sources: seen === 'unknown' ? seen : none }],
    whole: seen === 'unknown' ? seen : none,
    filters: none,
  };
}
