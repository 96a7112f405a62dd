import { grammar, isConstant } from './grammar.ts';
import { columnOf, itemNamed, lookUpParts } from './lineage-scope.ts';
import { inside, none, type Scope, type Sources, type Tracer, union } from './lineage-trace.ts';
import { onceRoutines, operatorRoutines, routinesMeant, typeMeant } from './names.ts';
import type { Routine, RoutineName } from './schema-snapshot.ts';
import { onlyComputes, systemRoutineEffect } from './system-routines.ts';
import { asKind, constantOf, type Fields, isFields, listOf, partsOf, textOf, unwrap } from './tree.ts';

type Rule = (fields: Fields, scope: Scope, tracer: Tracer) => Sources;

/** What an expression's value is computed from. A condition that decides between values counts like the values. */
export function traceExpression(value: unknown, scope: Scope, tracer: Tracer): Sources {
  if (value === undefined || value === null) return none;
  if (Array.isArray(value)) return union(...value.map((item) => tracer.expression(item, scope)));
  const node = unwrap(value);
  if (node === null) return isFields(value) && Object.keys(value).length === 0 ? none : 'unknown';
  return traceKind(node[0], node[1], scope, tracer);
}

function traceKind(kind: string, fields: Fields, scope: Scope, tracer: Tracer): Sources {
  const rule = rules[kind];
  if (onceRoutines(kind, fields, tracer.context).length > 0) return 'unknown';
  return rule === undefined ? traceParts(kind, fields, scope, tracer) : rule(fields, scope, tracer);
}

function traceParts(kind: string, fields: Fields, scope: Scope, tracer: Tracer): Sources {
  const known = grammar.get(kind);
  if (known === undefined) return 'unknown';
  return union(
    ...Object.entries(fields).map(([field, value]): Sources => {
      const content = known.get(field);
      if (content === undefined) return 'unknown';
      if (content === 'plain') return typeof value === 'object' && value !== null ? 'unknown' : none;
      return content === 'nodes' ? tracer.expression(value, scope) : traceKind(content.kind, isFields(value) ? value : {}, scope, tracer);
    }),
  );
}

const rules: { readonly [kind: string]: Rule } = {
  A_Const: (fields) => (isConstant(fields) ? none : 'unknown'),
  ColumnRef: ({ fields }, scope) => traceColumn(fields, scope),
  A_Indirection: traceIndirection,
  FuncCall: traceCall,
  TypeCast: (fields, scope, tracer) => union(tracer.expression(fields['arg'], scope), traceType(fields['typeName'], tracer)),
  TypeName: (fields, _, tracer) => traceType(fields, tracer),
  A_Expr: (fields, scope, tracer) => union(traceParts('A_Expr', fields, scope, tracer), traceOperator(partsOf(fields['name']), tracer)),
  SubLink: traceSublink,
  WindowDef: traceWindow,
  JsonArrayQueryConstructor: ({ query }, scope, tracer) => wholeOf(query, scope, tracer),
  // What a query is made of is traced by its own parts, never as an expression.
  SelectStmt: () => 'unknown',
};

function traceColumn(fields: unknown, scope: Scope): Sources {
  const star = listOf(fields).some((field) => asKind(field, 'A_Star') !== null);
  const parts = partsOf(fields);
  if (!star) return lookUpParts(parts, scope);
  // `count(*)` has no argument; a bare `*` elsewhere is a row of everything.
  if (parts.length === 0) return union(...scope.items.map(({ whole }) => whole));
  return itemNamed(parts, scope)?.whole ?? 'unknown';
}

/** `(row).field`: of a row in sight that column alone. */
function traceIndirection({ arg, indirection }: Fields, scope: Scope, tracer: Tracer): Sources {
  const steps = listOf(indirection);
  const [name] = partsOf(steps.slice(0, 1));
  const item = name === undefined ? null : itemOf(arg, scope);
  const subscripts = union(...steps.map((step) => (asKind(step, 'A_Indices') === null ? none : tracer.expression(step, scope))));
  if (item !== null && name !== undefined) return union(columnOf(item, name) ?? 'unknown', subscripts);
  const called = partsOf(steps).some((step) => tracer.context.snapshot.mayCall(step));
  return union(called ? 'unknown' : tracer.expression(arg, scope), subscripts);
}

/** The item whose row an expression is: a bare name that is no column of anything in sight. */
export function itemOf(value: unknown, scope: Scope) {
  const parts = partsOf(asKind(value, 'ColumnRef')?.['fields']);
  if (parts.length !== 1) return null;
  for (let level: Scope | null = scope; level !== null; level = level.outer)
    if (level.items.some((item) => columnOf(item, parts[0] ?? '') !== null)) return null;
  return itemNamed(parts, scope);
}

/** A call computes from its arguments where its code can do nothing else; a function written in SQL may read any table. */
function traceCall(fields: Fields, scope: Scope, tracer: Tracer): Sources {
  const parts = partsOf(fields['funcname']);
  const candidates = routinesMeant(parts, null, tracer.context);
  if (candidates.length === 0 && typeMeant(parts, tracer.context) === null) return 'unknown';
  if (!candidates.every((routine) => computesFromArguments(routine, fields))) return 'unknown';
  return traceParts('FuncCall', fields, scope, tracer);
}

/** Routines of PostgreSQL itself that show what others have written or read. */
const revealing = new Set(
  `lo_get loread pg_stat_get_activity pg_stat_get_backend_activity pg_prepared_statement pg_cursor pg_get_wal_resource_managers
   pg_mcv_list_items lo_export current_query`.split(/\s+/),
);

function computesFromArguments(routine: Routine, call: Fields): boolean {
  if (!routine.system) return routine.volatility !== 'volatile' && ['c', 'internal'].includes(routine.language) && onlyComputes(routine);
  if (routine.name === 'current_setting') return !mayBeCustom(listOf(call['args'])[0]);
  const effect = systemRoutineEffect(routine);
  return effect !== 'unknown' && effect !== 'admin' && !revealing.has(routine.name);
}

/** A setting of an application's own holds whatever was put there, a value of any table included. */
function mayBeCustom(name: unknown): boolean {
  return constantOf(name)?.includes('.') ?? true;
}

function traceType(value: unknown, tracer: Tracer): Sources {
  const type = typeMeant(partsOf(isFields(value) ? value['names'] : undefined), tracer.context);
  return type === null || !computesAll(type.routines, tracer) ? 'unknown' : none;
}

function traceOperator(parts: readonly string[], tracer: Tracer): Sources {
  return computesAll(operatorRoutines(parts, tracer.context), tracer) ? none : 'unknown';
}

function computesAll(routines: readonly RoutineName[], { context }: Tracer): boolean {
  return routines.every(({ schema, name }) =>
    context.snapshot.routines(schema, name).every((routine) => computesFromArguments(routine, {})),
  );
}

/** A subquery's value depends on what decides which of its rows it is taken from. */
function traceSublink(fields: Fields, scope: Scope, tracer: Tracer): Sources {
  const tested = union(tracer.expression(fields['testexpr'], scope), traceOperator(partsOf(fields['operName']), tracer));
  if (fields['subLinkType'] !== 'EXISTS_SUBLINK') return union(tested, wholeOf(fields['subselect'], scope, tracer));
  return union(tested, tracer.query(fields['subselect'], inside(scope)).filters);
}

function wholeOf(query: unknown, scope: Scope, tracer: Tracer): Sources {
  const { whole, filters } = tracer.query(query, inside(scope));
  return union(whole, filters);
}

/** A window that is named stands in the query's WINDOW clause, and may itself go on from another. */
function traceWindow(fields: Fields, scope: Scope, tracer: Tracer): Sources {
  const own = traceParts('WindowDef', fields, scope, tracer);
  const refers = textOf(fields['name']) !== null || textOf(fields['refname']) !== null;
  if (!refers || scope.windows === undefined) return own;
  return union(own, ...listOf(scope.windows).map((window) => traceParts('WindowDef', asKind(window, 'WindowDef') ?? {}, scope, tracer)));
}
