import type { Verb } from './deeds.ts';
import { readRelation, writeRelation } from './reads.ts';
import type { Reader, Scope } from './reader.ts';
import { restricts } from './restricts.ts';
import { type Fields, fieldsIn, isFields, listOf, textOf, unwrap } from './tree.ts';

export function visitSelect(fields: Fields, scope: Scope, reader: Reader): void {
  const inner = withQueries(fields['withClause'], scope, reader);
  const locking = inner.locking || locks(fields['lockingClause']);
  reader.visit(fields['fromClause'], { ...inner, locking });
  reader.visitParts('SelectStmt', fields, { ...inner, locking: false }, 'withClause', 'fromClause');
}

function locks(clauses: unknown): boolean {
  return listOf(clauses).length > 0;
}

/** The tables that a locking clause names are aliases of those in FROM, which are locked all together. */
export function visitLocking(): void {}

/** A name in FROM: a query that WITH has given a name, or a relation. */
export function visitRange(fields: Fields, scope: Scope, reader: Reader): void {
  const name = textOf(fields['relname']) ?? '';
  if (textOf(fields['schemaname']) === null && scope.queries.has(name)) return;
  readRelation(fields, scope.locking, reader);
}

/**
 * The scope that a WITH clause opens, its queries read. Without RECURSIVE a query sees only those before it: its own name
 * means a table there. With it, it sees all of them.
 */
function withQueries(clause: unknown, scope: Scope, reader: Reader): Scope {
  if (!isFields(clause)) return scope;
  const queries = new Set(scope.queries);
  const inner = { queries, locking: false };
  const members = listOf(clause['ctes']).map((cte) => unwrap(cte)?.[1] ?? {});
  const recursive = clause['recursive'] === true;
  if (recursive) for (const { ctename } of members) queries.add(textOf(ctename) ?? '');
  for (const member of members) {
    reader.visitKind('CommonTableExpr', member, { ...inner, queries: new Set(queries) });
    queries.add(textOf(member['ctename']) ?? '');
  }
  return { queries, locking: scope.locking };
}

export function visitInsert(fields: Fields, scope: Scope, reader: Reader): void {
  const inner = withQueries(fields['withClause'], scope, reader);
  const target = fieldsIn(fields['relation']);
  writeRelation('insert', target, reader);
  const conflict = fields['onConflictClause'];
  const updates = isFields(conflict) && conflict['action'] === 'ONCONFLICT_UPDATE';
  if (updates) writeRelation('update', target, reader);
  looksAt(target, returns(fields, reader) || updates, reader);
  reader.visitParts('InsertStmt', fields, inner, 'withClause', 'relation');
}

export function visitUpdate(fields: Fields, scope: Scope, reader: Reader): void {
  change('update', 'UpdateStmt', fields, scope, reader);
}

export function visitDelete(fields: Fields, scope: Scope, reader: Reader): void {
  change('delete', 'DeleteStmt', fields, scope, reader);
}

function change(verb: Verb, kind: string, fields: Fields, scope: Scope, reader: Reader): void {
  const inner = withQueries(fields['withClause'], scope, reader);
  const target = fieldsIn(fields['relation']);
  writeRelation(verb, target, reader);
  reader.restricted &&= restricts(fields['whereClause']);
  looksAt(target, returns(fields, reader) || fields['whereClause'] !== undefined, reader);
  reader.visitParts(kind, fields, inner, 'withClause', 'relation');
}

const mergeVerbs: { readonly [command: string]: Verb } = { CMD_INSERT: 'insert', CMD_UPDATE: 'update', CMD_DELETE: 'delete' };

export function visitMerge(fields: Fields, scope: Scope, reader: Reader): void {
  const inner = withQueries(fields['withClause'], scope, reader);
  const target = fieldsIn(fields['relation']);
  writeRelation('merge', target, reader);
  for (const clause of listOf(fields['mergeWhenClauses'])) mergeWhen(unwrap(clause)?.[1] ?? {}, target, fields, reader);
  returns(fields, reader);
  looksAt(target, true, reader);
  reader.visitParts('MergeStmt', fields, inner, 'withClause', 'relation');
}

function mergeWhen(when: Fields, target: Fields, merge: Fields, reader: Reader): void {
  const verb = mergeVerbs[String(when['commandType'])];
  if (verb === undefined) return;
  writeRelation(verb, target, reader);
  if (verb === 'insert') return;
  const bySource = when['matchKind'] === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE';
  reader.restricted &&= restricts(when['condition']) || (!bySource && restricts(merge['joinCondition']));
}

function returns(fields: Fields, reader: Reader): boolean {
  const given = fields['returningClause'] !== undefined;
  reader.returning ||= given;
  return given;
}

/** What is looked at of the rows that a write meets is read, as PostgreSQL's own privileges have it. */
function looksAt(target: Fields, looked: boolean, reader: Reader): void {
  if (looked) readRelation(target, false, reader);
}

/** SELECT INTO, and the target of a CREATE TABLE AS. */
export function visitInto(fields: Fields, scope: Scope, reader: Reader): void {
  createTable(fieldsIn(fields['rel']), reader);
  reader.visitParts('IntoClause', fields, scope, 'rel');
}

/** A table comes to be. A temporary one is the session's own: data, not a change of the schema that others see. */
export function createTable(range: Fields, reader: Reader): void {
  const name = textOf(range['relname']);
  if (name === null) return reader.misunderstood('a table without a name');
  const temporary = isTemporary(range);
  if (temporary) reader.temporary.add(name);
  reader.deeds.add(
    'create',
    temporary ? 'write' : 'schema',
    'Table',
    reader.created(temporary ? { relname: name, schemaname: 'pg_temp' } : range),
  );
}

function isTemporary(range: Fields): boolean {
  const schema = textOf(range['schemaname']);
  return range['relpersistence'] === 't' || schema === 'pg_temp' || (schema?.startsWith('pg_temp_') ?? false);
}
