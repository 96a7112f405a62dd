import { columnOf, renamed } from './lineage-scope.ts';
import {
  type Column,
  type From,
  inside,
  type Item,
  none,
  type Scope,
  type Shape,
  shapeOf,
  type Sources,
  type Tracer,
  union,
  untraceable,
} from './lineage-trace.ts';
import { routinesMeant } from './names.ts';
import { asKind, type Fields, fieldsIn, isFields, listOf, partsOf, textOf, unwrap } from './tree.ts';

type Rule = (fields: Fields, scope: Scope, tracer: Tracer) => From;

/** What a list of FROM items puts in sight; each sees those before it where it may. */
export function traceFrom(clause: unknown, scope: Scope, tracer: Tracer): From {
  let all: From = { items: [], filters: none, columns: [], whole: none };
  for (const entry of listOf(clause)) all = beside(all, traceItem(entry, { ...scope, items: [...scope.items, ...all.items] }, tracer));
  return all;
}

function beside(left: From, right: From): From {
  const columns = left.columns === null || right.columns === null ? null : [...left.columns, ...right.columns];
  return {
    items: [...left.items, ...right.items],
    filters: union(left.filters, right.filters),
    columns,
    whole: union(left.whole, right.whole),
  };
}

function traceItem(value: unknown, scope: Scope, tracer: Tracer): From {
  const node = unwrap(value);
  const rule = node === null ? undefined : rules[node[0]];
  return node === null || rule === undefined ? itemOf(untraceable, {}, 'unknown') : rule(node[1], scope, tracer);
}

const rules: { readonly [kind: string]: Rule } = {
  RangeVar: traceRange,
  RangeSubselect: traceSubselect,
  RangeFunction: traceFunction,
  RangeTableFunc: traceXmlTable,
  RangeTableSample: ({ relation, args, repeatable }, scope, tracer) => {
    const sampled = traceItem(relation, scope, tracer);
    return { ...sampled, filters: union(sampled.filters, tracer.expression([args, repeatable], scope)) };
  },
  JsonTable: traceJsonTable,
  JoinExpr: traceJoin,
};

/** One item under its alias, which may rename its columns. */
function itemOf(shape: Shape, { alias }: Fields, filters: Sources = none, name = '', schema: string | null = null): From {
  const given = fieldsIn(alias);
  const names = partsOf(given['colnames']);
  const columns = shape.columns === null ? null : renamed(shape.columns, names);
  const aliased = textOf(given['aliasname']);
  const item: Item = { columns, whole: shape.whole, alias: aliased ?? name, schema: aliased === null ? schema : null };
  return { items: [item], filters, columns, whole: shape.whole };
}

function traceRange(fields: Fields, scope: Scope, tracer: Tracer): From {
  const name = textOf(fields['relname']) ?? '';
  const schema = textOf(fields['schemaname']);
  const query = schema === null ? scope.queries.get(name) : undefined;
  const traced = query ?? tracer.relation(fields);
  return itemOf(traced, fields, traced.filters, name, schema);
}

/** Without LATERAL a subquery does not see its neighbours, but what stands around the whole query. */
function traceSubselect(fields: Fields, scope: Scope, tracer: Tracer): From {
  const around = fields['lateral'] === true ? scope : { ...scope, items: [] };
  const traced = tracer.query(fields['subquery'], inside(around));
  return itemOf(traced, fields, traced.filters);
}

/** One function or, with ROWS FROM, several side by side. */
function traceFunction(fields: Fields, scope: Scope, tracer: Tracer): From {
  const alias = textOf(fieldsIn(fields['alias'])['aliasname']);
  const calls = listOf(fields['functions']).map((entry) => listOf(asKind(entry, 'List')?.['items']));
  const shapes = calls.map(([call, definitions]) =>
    functionShape(call, listOf(isFields(definitions) ? asKind(definitions, 'List')?.['items'] : definitions), fields, alias, scope, tracer),
  );
  const ordinality: Column[] = fields['ordinality'] === true ? [{ name: 'ordinality', sources: none }] : [];
  const columns = shapes.some((shape) => shape.columns === null)
    ? null
    : [...shapes.flatMap((shape) => shape.columns ?? []), ...ordinality];
  const whole = union(...shapes.map((shape) => shape.whole));
  const name = partsOf(fieldsIn(unwrap(calls[0]?.[0])?.[1])['funcname']).at(-1) ?? '';
  // How many rows it gives is decided by what it is given.
  return itemOf({ columns, whole }, fields, whole, name);
}

function functionShape(call: unknown, rows: readonly unknown[], item: Fields, alias: string | null, scope: Scope, tracer: Tracer): Shape {
  const sources = tracer.expression(call, scope);
  const defined = [...listOf(item['coldeflist']), ...rows].flatMap((column) => textOf(asKind(column, 'ColumnDef')?.['colname']) ?? []);
  const all = (names: readonly (string | null)[]): Shape => shapeOf(names.map((name) => ({ name, sources })));
  if (defined.length > 0) return all(defined);
  const called = asKind(call, 'FuncCall');
  if (called === null) return all([alias]);
  const parts = partsOf(called['funcname']);
  const given = listOf(called['args']);
  if (parts.at(-1) === 'unnest' && given.length > 1)
    return shapeOf(given.map((argument) => ({ name: alias ?? 'unnest', sources: tracer.expression(argument, scope) })));
  const results = routinesMeant(parts, given.length, tracer.context).map(({ returns }) => JSON.stringify(returns));
  if (results.length === 0 || new Set(results).size > 1) return { columns: null, whole: sources };
  const returned = JSON.parse(results[0] ?? 'null') as readonly string[] | null;
  // A function of a polymorphic or set type may still give rows: its one value then is the row.
  if (returned === null)
    return polymorphic.has(parts.at(-1) ?? '') ? { columns: null, whole: sources } : all([alias ?? parts.at(-1) ?? null]);
  return returned.length === 0 ? { columns: null, whole: sources } : all(returned.length === 1 ? [alias ?? returned[0] ?? null] : returned);
}

/** Functions whose rows are of the type of an argument. */
const polymorphic = new Set(
  'unnest json_populate_record json_populate_recordset jsonb_populate_record jsonb_populate_recordset'.split(' '),
);

function traceXmlTable(fields: Fields, scope: Scope, tracer: Tracer): From {
  const columns = listOf(fields['columns']).map((column) => asKind(column, 'RangeTableFuncCol') ?? {});
  const given = [
    fields['docexpr'],
    fields['rowexpr'],
    fields['namespaces'],
    ...columns.map(({ colexpr, coldefexpr }) => [colexpr ?? [], coldefexpr ?? []]),
  ];
  const sources = tracer.expression(
    given.filter((value) => value !== undefined),
    scope,
  );
  return itemOf(shapeOf(columns.map(({ colname }) => ({ name: textOf(colname), sources }))), fields, sources, 'xmltable');
}

function traceJsonTable(fields: Fields, scope: Scope, tracer: Tracer): From {
  const sources = tracer.expression(
    [{ JsonValueExpr: fieldsIn(fields['context_item']) }, ...listOf(fields['passing']), ...listOf(fields['columns'])],
    scope,
  );
  const names = jsonColumns(fields['columns']);
  return itemOf(shapeOf(names.map((name) => ({ name, sources }))), fields, sources, 'json_table');
}

function jsonColumns(columns: unknown): readonly (string | null)[] {
  return listOf(columns).flatMap((column) => {
    const fields = asKind(column, 'JsonTableColumn') ?? {};
    return fields['coltype'] === 'JTC_NESTED' ? jsonColumns(fields['columns']) : [textOf(fields['name'])];
  });
}

function traceJoin(fields: Fields, scope: Scope, tracer: Tracer): From {
  const left = traceItem(fields['larg'], scope, tracer);
  const right = traceItem(fields['rarg'], { ...scope, items: [...scope.items, ...left.items] }, tracer);
  const both = beside(left, right);
  const merged = mergedColumns(fields, left, right);
  const quals = tracer.expression(fields['quals'], { ...scope, items: [...scope.items, ...both.items] });
  const filters = union(both.filters, quals, ...(merged ?? [{ sources: both.whole }]).map(({ sources }) => sources));
  const joined: From = { ...both, filters, columns: merged === null ? null : mergedFirst(merged, both.columns) };
  if (isFields(fields['alias'])) return itemOf(joined, fields, filters);
  const using = fieldsIn(fields['join_using_alias'])['aliasname'];
  if (typeof using !== 'string' || merged === null) return joined;
  return { ...joined, items: [...joined.items, { ...shapeOf(merged), alias: using, schema: null }] };
}

/** The columns that USING or NATURAL makes one of; null where they cannot be told. */
function mergedColumns({ usingClause, isNatural }: Fields, left: Shape, right: Shape): readonly Column[] | null {
  if (isNatural === true && (left.columns === null || right.columns === null)) return null;
  const shared = (left.columns ?? []).flatMap(({ name }) =>
    name !== null && right.columns?.some((column) => column.name === name) === true ? name : [],
  );
  const names = isNatural === true ? shared : partsOf(usingClause);
  return names.map((name) => ({ name, sources: union(columnOf(left, name) ?? 'unknown', columnOf(right, name) ?? 'unknown') }));
}

function mergedFirst(merged: readonly Column[], columns: readonly Column[] | null): readonly Column[] | null {
  if (columns === null) return null;
  const names = new Set(merged.map(({ name }) => name));
  return [...merged, ...columns.filter(({ name }) => !names.has(name))];
}
