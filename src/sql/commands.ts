import { copy } from './copying.ts';
import { execute, explain, fetchRows, prepare } from './indirect.ts';
import { qualified } from './names.ts';
import { outermost, type Reader } from './reader.ts';
import { changeSettings, transact } from './session-commands.ts';
import { asKind, type Fields, fieldsIn, isFields, listOf, textOf } from './tree.ts';
import { writeRelation } from './reads.ts';

/** A statement that is not a query and defines nothing. */
export type Command = (fields: Fields, reader: Reader) => void;

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['CopyStmt', copy],
  ['VariableSetStmt', changeSettings],
  ['VariableShowStmt', ({ name }, { deeds }) => deeds.add('show', 'read', 'Setting', String(name).toLowerCase())],
  ['TransactionStmt', transact],
  ['ExplainStmt', explain],
  ['PrepareStmt', prepare],
  ['ExecuteStmt', execute],
  ['DeallocateStmt', (_, { deeds }) => deeds.add('deallocate', 'read')],
  ['DeclareCursorStmt', declare],
  ['FetchStmt', fetchRows],
  ['ClosePortalStmt', (_, { deeds }) => deeds.add('close', 'read')],
  // Its text is another language's: nothing is known of what it does.
  ['DoStmt', (_, { deeds }) => deeds.add('do', 'unknown')],
  ['CallStmt', ({ funccall }, reader) => reader.visitKind('FuncCall', fieldsIn(funccall), outermost)],
  ['CreateTableAsStmt', createTableAs],
  ['LockStmt', lock],
  ['TruncateStmt', truncate],
  ['ListenStmt', ({ conditionname }, { deeds }) => deeds.add('listen', 'read', 'Channel', String(conditionname))],
  ['UnlistenStmt', (_, { deeds }) => deeds.add('listen', 'read')],
  ['NotifyStmt', ({ conditionname }, { deeds }) => deeds.add('notify', 'write', 'Channel', String(conditionname))],
  ['DiscardStmt', discard],
  ['ConstraintsSetStmt', (_, { deeds }) => deeds.add('set', 'read', 'Setting', 'constraints')],
  ['RefreshMatViewStmt', ({ relation }, reader) => maintain([relation], reader)],
  [
    'VacuumStmt',
    ({ rels }, reader) =>
      maintain(
        listOf(rels).map((rel) => asKind(rel, 'VacuumRelation')?.['relation']),
        reader,
      ),
  ],
  ['ClusterStmt', ({ relation }, reader) => maintain([relation], reader)],
  ['ReindexStmt', ({ relation }, reader) => maintain([relation], reader)],
  ['CheckPointStmt', (_, { deeds }) => deeds.add('maintenance', 'admin')],
  ['LoadStmt', ({ filename }, { deeds }) => deeds.add('load', 'admin', 'File', String(filename))],
]);

function declare({ portalname, query }: Fields, reader: Reader): void {
  reader.cursor = textOf(portalname);
  reader.deeds.add('declare', 'read');
  reader.statement(query);
}

function createTableAs({ into, query }: Fields, reader: Reader): void {
  reader.visitKind('IntoClause', fieldsIn(into), outermost);
  reader.statement(query);
}

/** ACCESS SHARE is what every SELECT takes; any other mode holds up somebody. */
function lock({ relations, mode }: Fields, reader: Reader): void {
  for (const relation of listOf(relations)) reader.table('lock', mode === 1 ? 'read' : 'write', asKind(relation, 'RangeVar') ?? {});
}

function truncate({ relations, behavior }: Fields, reader: Reader): void {
  for (const relation of listOf(relations)) writeRelation('truncate', asKind(relation, 'RangeVar') ?? {}, reader);
  reader.restricted = false;
  if (behavior !== 'DROP_CASCADE') return;
  reader.cascades = true;
  // Every table that refers to one of these is emptied, and the text does not name it.
  reader.deeds.add('truncate', 'unknown', 'Table', qualified('*'));
}

function discard({ target }: Fields, reader: Reader): void {
  reader.deeds.add('discard', 'read');
  // It goes back to what the session was at its start, identity included: whoever set more since then must know.
  if (target === 'DISCARD_ALL')
    for (const name of ['*', 'role', 'session_authorization']) reader.sets.push({ name, value: null, toDefault: true, local: false });
}

function maintain(relations: readonly unknown[], reader: Reader): void {
  for (const relation of relations.filter(isFields)) reader.table('maintenance', 'write', relation);
  if (reader.deeds.list.length === 0) reader.deeds.add('maintenance', 'write');
}
