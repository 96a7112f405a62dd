import { columnOf, renamed } from './lineage-scope.ts';
import { type Column, none, outermost, shapeOf, type Sources, type Traced, type Tracer, union, untraceable } from './lineage-trace.ts';
import { qualified, relationsMeant } from './names.ts';
import { parseTrusted } from './parse.ts';
import type { Relation, SchemaSnapshot } from './schema-snapshot.ts';
import { asKind, type Fields, isFields, listOf, unwrap } from './tree.ts';

/** Columns of PostgreSQL's own relations that repeat values of others', or the texts of others' statements. */
const mirrors = new Set(
  `pg_statistic.stavalues1 pg_statistic.stavalues2 pg_statistic.stavalues3 pg_statistic.stavalues4 pg_statistic.stavalues5
   pg_stats.most_common_vals pg_stats.histogram_bounds pg_stats.most_common_elems pg_stats.range_length_histogram
   pg_stats.range_bounds_histogram pg_stats_ext.most_common_vals pg_stats_ext_exprs.most_common_vals
   pg_stats_ext_exprs.histogram_bounds pg_stats_ext_exprs.most_common_elems pg_statistic_ext_data.stxdmcv
   pg_statistic_ext_data.stxdexpr pg_stat_activity.query
   pg_stat_activity.application_name pg_stat_replication.application_name pg_prepared_statements.statement pg_cursors.statement
   pg_largeobject.data pg_attribute.attmissingval pg_class.relpartbound`.split(/\s+/),
);

/** The sources of columns that are shown as they stand. */
const standings = new WeakSet<ReadonlySet<string>>();

function standing(sources: ReadonlySet<string>): ReadonlySet<string> {
  standings.add(sources);
  return sources;
}

/**
 * Whether these are the sources of one stored column, by whichever of a table's family or through whichever views it is reached. What
 * is computed from that column alone has the same: whoever asks must know otherwise that the value is a column as it stands.
 */
export function stands(sources: Sources): boolean {
  return sources !== 'unknown' && standings.has(sources);
}

/** Where the columns of a relation come from. A name that may mean a session's own temporary table is beyond knowing. */
export function traceRelation(range: Fields, tracer: Tracer): Traced {
  const meant = relationsMeant(range, tracer.context);
  const [{ relation }] = meant;
  if (meant.length > 1 || relation === null) return untraceable;
  return shapeOfRelation(relation, tracer);
}

const shapes = new WeakMap<SchemaSnapshot, Map<Relation, Traced>>();

function shapeOfRelation(relation: Relation, tracer: Tracer): Traced {
  const { snapshot } = tracer.context;
  const known = shapes.get(snapshot) ?? new Map<Relation, Traced>();
  shapes.set(snapshot, known);
  const before = known.get(relation);
  if (before !== undefined) return before;
  // A view that stands behind itself cannot be; a snapshot that says so must not loop.
  known.set(relation, untraceable);
  const shape = relation.definition === null ? stored(relation, snapshot) : defined(relation, tracer);
  known.set(relation, shape);
  return shape;
}

function stored(relation: Relation, snapshot: SchemaSnapshot): Traced {
  const family = [relation, ...kin(relation, 'parents', snapshot), ...kin(relation, 'children', snapshot)];
  // Of what a generated column is made is not told: it may be any of the others.
  const isGenerated = (name: string): boolean => family.some(({ columns, types }) => types?.[columns.indexOf(name)] === null);
  const whole = new Set(family.flatMap((one) => one.columns.map((name) => sourceName(one, name))));
  const sourcesOf = (name: string): Sources =>
    isMirror(relation, name)
      ? 'unknown'
      : isGenerated(name)
        ? whole
        : standing(new Set(family.filter(({ columns }) => columns.includes(name)).map((one) => sourceName(one, name))));
  return { ...shapeOf(relation.columns.map((name) => ({ name, sources: sourcesOf(name) }))), filters: none };
}

/** A rule for a table's column holds for its partitions' and heirs' rows, by whichever of them they are read. */
function kin(relation: Relation, side: 'parents' | 'children', snapshot: SchemaSnapshot, seen = new Set<Relation>()): readonly Relation[] {
  for (const key of relation[side]) {
    const next = snapshot.related(key);
    if (next === null || seen.has(next)) continue;
    seen.add(next);
    kin(next, side, snapshot, seen);
  }
  return [...seen];
}

/** A view's column comes from where its query takes it, and may be named in a rule itself. */
function defined(view: Relation, tracer: Tracer): Traced {
  const system = view.schema === 'pg_catalog' || view.schema === 'information_schema';
  const tree = view.schema === 'information_schema' ? null : parseTrusted(view.definition ?? '');
  tracer.allow(view.definition ?? '');
  const traced = tree === null ? untraceable : tracer.query(tree, outermost);
  const columns = renamed(traced.columns ?? [], view.columns);
  const plain = tree === null ? new Set<string>() : plainColumns(tree, view.columns);
  const sourcesOf = (name: string): Sources => {
    const sources = viewColumn(view, name, system, columns, traced.whole);
    const behind = columnOf({ columns, whole: traced.whole }, name) ?? 'unknown';
    return plain.has(name) && stands(behind) && sources !== 'unknown' ? standing(new Set(sources)) : sources;
  };
  const own = shapeOf(view.columns.map((name) => ({ name, sources: sourcesOf(name) })));
  return { ...own, filters: system && traced.filters === 'unknown' ? none : traced.filters };
}

/** The columns that a view takes as they stand from the relations that it names, by plain joins alone. */
function plainColumns(tree: unknown, names: readonly string[]): ReadonlySet<string> {
  const query = asKind(tree, 'SelectStmt');
  const plain = new Set<string>();
  if (query === null || query['op'] !== 'SETOP_NONE' || isFields(query['withClause']) || !listOf(query['fromClause']).every(isPlainSource))
    return plain;
  for (const [index, target] of listOf(query['targetList']).entries()) {
    const name = names[index];
    if (name !== undefined && unwrap(asKind(target, 'ResTarget')?.['val'])?.[0] === 'ColumnRef') plain.add(name);
  }
  return plain;
}

function isPlainSource(item: unknown): boolean {
  const join = asKind(item, 'JoinExpr');
  return join === null ? asKind(item, 'RangeVar') !== null : isPlainSource(join['larg']) && isPlainSource(join['rarg']);
}

function viewColumn(view: Relation, name: string, system: boolean, columns: readonly Column[], whole: Sources): Sources {
  const own = new Set([sourceName(view, name)]);
  if (isMirror(view, name)) return 'unknown';
  const behind = columnOf({ columns, whole }, name) ?? 'unknown';
  // PostgreSQL's own views show its catalog and its counters; what else they repeat is on the list above.
  return system && behind === 'unknown' ? own : union(own, behind);
}

function isMirror({ schema, name }: Relation, column: string): boolean {
  return schema === 'pg_catalog' && mirrors.has(`${name}.${column}`);
}

function sourceName({ schema, name }: Relation, column: string): string {
  return qualified(schema, name, column);
}
