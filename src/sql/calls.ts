import { onceRoutines, qualified, routinesMeant, shownName, typeMeant } from './names.ts';
import type { Reader, Scope } from './reader.ts';
import type { Routine, RoutineName } from './schema-snapshot.ts';
import { onlyComputes, systemRoutineEffect } from './system-routines.ts';
import { constantOf, type Fields, listOf, partsOf } from './tree.ts';

/** A call by its written name: every routine that it may mean is called. */
export function visitCall(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('FuncCall', fields, scope);
  const parts = partsOf(fields['funcname']);
  const given = argumentCount(fields);
  const candidates = routinesMeant(parts, given, reader.context);
  if (candidates.length === 0) return visitUnresolved(parts, given, reader);
  for (const routine of candidates) callRoutine(routine, fields, reader);
}

function argumentCount(fields: Fields): number | null {
  const given = listOf(fields['args']).length;
  if (fields['func_variadic'] === true) return null;
  return fields['agg_within_group'] === true ? given + listOf(fields['agg_order']).length : given;
}

/** `text(x)` may be a conversion instead; anything else that is not in the snapshot may do anything. */
function visitUnresolved(parts: readonly string[], given: number | null, reader: Reader): void {
  const type = typeMeant(parts, reader.context);
  if (type !== null) return convert(type.routines, reader);
  const name = shownName(parts, reader.context);
  reader.unresolved = true;
  reader.functions.add(name);
  const count = given === null ? '' : ` with ${given} ${given === 1 ? 'argument' : 'arguments'}`;
  reader.deeds.addDoubted('call', 'Function', name, `no function of that name${count} is known`);
}

function callRoutine(routine: Routine, fields: Fields, reader: Reader): void {
  const name = qualified(routine.schema, routine.name);
  reader.functions.add(name);
  if (!routine.system) return callForeign(routine, name, reader);
  const effect = systemRoutineEffect(routine);
  if (effect === 'set') setByCall(fields, reader);
  else if (effect !== 'read') reader.deeds.add('call', effect, 'Function', name);
}

/** Not PostgreSQL's own: what is volatile may do anything, and what is not still has a name that a policy can tell. */
function callForeign(routine: Routine, name: string, reader: Reader): void {
  reader.deeds.add('call', onlyComputes(routine) ? 'read' : 'unknown', 'Function', name);
}

/**
 * What an operator or a conversion may lead to. Which one it is depends on types that are not known here, so only what could
 * do harm is told: an extension's hundred `=` operators would otherwise stand beside each comparison.
 */
function callBehind({ schema, name }: RoutineName, reader: Reader): void {
  const routines = reader.context.snapshot.routines(schema, name);
  if (routines.length > 0 && routines.every(onlyComputes)) return;
  const shown = qualified(schema, name);
  reader.functions.add(shown);
  reader.deeds.add('call', 'unknown', 'Function', shown);
}

function convert(routines: readonly RoutineName[], reader: Reader): void {
  for (const routine of routines) callBehind(routine, reader);
}

/** `set_config('search_path', …)` is a SET; with a name that the text does not tell it may set anything. */
function setByCall(fields: Fields, reader: Reader): void {
  const [name, value, local] = listOf(fields['args']);
  const setting = constantOf(name);
  if (setting === null) {
    reader.deeds.add('set', 'unknown', 'Setting', '*');
    reader.sets.push({ name: '*', value: null, toDefault: false, local: false });
  } else reader.set({ name: setting.toLowerCase(), value: constantOf(value), toDefault: false, local: constantOf(local) === 'true' });
}

/** A type's name: a conversion to it may call what its owner has made. */
export function visitType(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('TypeName', fields, scope);
  const parts = partsOf(fields['names']);
  const type = typeMeant(parts, reader.context);
  if (type !== null) return convert(type.routines, reader);
  // `%rowtype` and `table.column%type` name no type; a table's own type is its name's.
  reader.unresolved = true;
  reader.deeds.addDoubted('call', 'Type', shownName(parts, reader.context), 'no type of that name is known');
}

/** The operators that a comparison of this form uses, beside the one that it names. */
const hidden: { readonly [kind: string]: readonly string[] } = {
  AEXPR_BETWEEN: ['>=', '<='],
  AEXPR_NOT_BETWEEN: ['<', '>'],
  AEXPR_BETWEEN_SYM: ['>=', '<='],
  AEXPR_NOT_BETWEEN_SYM: ['<', '>'],
};

export function visitOperator(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('A_Expr', fields, scope);
  const names = hidden[String(fields['kind'])];
  for (const name of names ?? []) reader.operator([name], callBehind);
  if (names === undefined) reader.operator(partsOf(fields['name']), callBehind);
}

export function visitSublink(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('SubLink', fields, { ...scope, locking: false });
  const named = partsOf(fields['operName']);
  if (fields['testexpr'] !== undefined) reader.operator(named.length === 0 ? ['='] : named, callBehind);
}

/** Forms that compare by `=` without saying so. */
export function comparesWhere(kind: string, compares: (fields: Fields) => boolean) {
  return (fields: Fields, scope: Scope, reader: Reader): void => {
    reader.visitParts(kind, fields, scope);
    if (compares(fields)) reader.operator(['='], callBehind);
  };
}

export function visitSort(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('SortBy', fields, scope);
  if (fields['useOp'] !== undefined) reader.operator(partsOf(fields['useOp']), callBehind);
}

/** `alias.name` calls a function of that name that takes the row. */
export function visitColumn(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('ColumnRef', fields, scope);
  callAttributes(listOf(fields['fields']).slice(1), reader);
}

export function visitIndirection(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('A_Indirection', fields, scope);
  callAttributes(listOf(fields['indirection']), reader);
}

function callAttributes(attributes: readonly unknown[], reader: Reader): void {
  for (const attribute of attributes) {
    const [name] = partsOf([attribute]);
    if (name === undefined || !reader.context.snapshot.mayCall(name)) continue;
    for (const routine of routinesMeant([name], 1, reader.context)) if (routine.takesRow) callRoutine(routine, {}, reader);
  }
}

export function visitOnceFunction(kind: string) {
  return (fields: Fields, scope: Scope, reader: Reader): void => {
    reader.visitParts(kind, fields, scope);
    for (const routine of onceRoutines(kind, fields, reader.context)) callRoutine(routine, {}, reader);
  };
}

/** The method of a TABLESAMPLE is a function that the server calls. */
export function visitSample(fields: Fields, scope: Scope, reader: Reader): void {
  reader.visitParts('RangeTableSample', fields, scope);
  const parts = partsOf(fields['method']);
  const candidates = routinesMeant(parts, null, reader.context);
  if (candidates.length === 0) return visitUnresolved(parts, null, reader);
  for (const routine of candidates) callRoutine(routine, {}, reader);
}

/** A column definition list names types; `XMLTABLE` and `JSON_TABLE` do too, by the same visitor. */
export function isNatural(fields: Fields): boolean {
  return fields['isNatural'] === true || listOf(fields['usingClause']).length > 0;
}
