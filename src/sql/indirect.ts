import type { Deed } from './deeds.ts';
import { parseTrusted } from './parse.ts';
import { outermost, type Reader } from './reader.ts';
import { asKind, constantOf, type Fields, listOf, textOf, unwrap } from './tree.ts';

/** EXPLAIN runs nothing unless it is told to ANALYZE; what it would touch it reads the statistics of. */
export function explain({ query, options }: Fields, reader: Reader): void {
  reader.deeds.add('explain', 'read');
  if (analyzes(options)) return reader.statement(query);
  const planned = reader.apart();
  planned.statement(query);
  reader.deeds.addAll(planned.deeds.list.map(asPlanned));
  for (const name of planned.functions) reader.functions.add(name);
  reader.unresolved ||= planned.unresolved;
}

const asPlanned = (deed: Deed): Deed => (deed.verb === 'unknown' ? deed : { verb: 'explain', effect: 'read', object: deed.object });

function analyzes(options: unknown): boolean {
  const given = listOf(options)
    .map((option) => asKind(option, 'DefElem'))
    .filter((option) => option?.['defname'] === 'analyze');
  const last = given.at(-1);
  if (last === undefined || last === null) return false;
  const value = constantOf(last['arg'])?.toLowerCase() ?? 'true';
  return !['false', 'off', '0'].includes(value);
}

/** Runs nothing yet: EXECUTE does. */
export function prepare({ name }: Fields, reader: Reader): void {
  reader.prepared = textOf(name);
  reader.deeds.add('prepare', 'read');
}

/** Does what the text did that was prepared under this name. */
export function execute({ name, params }: Fields, reader: Reader): void {
  reader.visit(params, outermost);
  const text = reader.context.setting.prepared(textOf(name) ?? '');
  follow(text === null ? null : preparedQuery(text), 'Prepared', textOf(name) ?? '', reader);
}

/** FETCH and MOVE run the cursor's query. */
export function fetchRows({ portalname }: Fields, reader: Reader): void {
  const name = textOf(portalname) ?? '';
  reader.deeds.add('fetch', 'read');
  const text = reader.context.setting.cursor(name);
  follow(text === null ? null : cursorQuery(text), 'Cursor', name, reader);
}

/** The query behind the text of a PREPARE, or of what was prepared by the protocol. */
export function preparedQuery(text: string): unknown {
  const tree = parseTrusted(text);
  return asKind(tree, 'PrepareStmt')?.['query'] ?? tree;
}

/** The query behind the text that declared a cursor, or that a portal of the protocol was bound to. */
export function cursorQuery(text: string): unknown {
  const tree = parseTrusted(text);
  return asKind(tree, 'DeclareCursorStmt')?.['query'] ?? tree;
}

/** Statements that are queries. Only such a one is followed: what is prepared cannot point on to what is prepared without end. */
export const queryKinds: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

const doubts = {
  Prepared: (name: string) => `no query is known to be prepared as "${name}"`,
  Cursor: (name: string) => `no cursor "${name}" with a query is known`,
};

function follow(query: unknown, type: keyof typeof doubts, name: string, reader: Reader): void {
  const kind = unwrap(query)?.[0] ?? '';
  if (queryKinds.has(kind)) reader.statement(query);
  else reader.deeds.addDoubted('unknown', type, name, doubts[type](name));
}
