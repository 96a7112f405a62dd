import { commands } from './commands.ts';
import type { Deed } from './deeds.ts';
import { isDumpRestriction } from './dump.ts';
import { define, definitions } from './definitions.ts';
import type { ParsedStatement } from './parse.ts';
import { queryKinds } from './indirect.ts';
import { NestsTooDeep, outermost, Reader } from './reader.ts';
import { limits } from './restricts.ts';
import type { Context } from './setting.ts';
import type { SettingChange } from './settings.ts';
import { type Fields, unwrap } from './tree.ts';
import { visitors } from './visitors.ts';

/** What a statement does, as far as its text and the target's catalog tell. Whatever is not understood is an `unknown` deed. */
export interface StatementMeaning {
  readonly deeds: readonly [Deed, ...Deed[]];
  readonly facts: StatementFacts;
  /** Settings that it changes, which may change what later statements mean. */
  readonly sets: readonly SettingChange[];
  readonly leaves: Leavings;
}

export interface StatementFacts {
  /** Every UPDATE, DELETE and TRUNCATE in it keeps rows out by a condition; true where there is none. */
  readonly hasWhere: boolean;
  readonly returning: boolean;
  /** A LIMIT or FETCH bounds its rows. */
  readonly limited: boolean;
  readonly transactionControl: boolean;
  /** Something that it names is not in the snapshot. */
  readonly unresolved: boolean;
  /** It writes to a table with triggers. */
  readonly triggers: boolean;
  /** It goes on to what depends on its objects, which it does not name. */
  readonly cascades: boolean;
  /** Every function that it may call, `schema.name`, sorted. */
  readonly functions: readonly string[];
}

/** What it leaves in the session: see {@link Setting}. */
export interface Leavings {
  readonly prepared: string | null;
  readonly cursor: string | null;
  readonly temporary: readonly string[];
}

/** Reads what a statement does. Pure; the parser is loaded where there is a parsed statement. */
export function statementMeaning(statement: ParsedStatement, context: Context): StatementMeaning {
  const reader = new Reader(context, visitors, readStatement);
  try {
    if (isDumpRestriction(statement, context.setting)) reader.deeds.add('set', 'read', 'Setting', 'restrict_nonsystem_relation_kind');
    else reader.statement(statement.tree);
  } catch (fault) {
    if (!(fault instanceof NestsTooDeep || fault instanceof RangeError)) throw fault;
    reader.misunderstood('nested too deep');
  }
  return meaningOf(reader, unwrap(statement.tree));
}

function readStatement(tree: unknown, reader: Reader): void {
  const node = unwrap(tree);
  if (node === null) return reader.misunderstood('a statement of no kind');
  const [kind, fields] = node;
  const command = commands.get(kind);
  const definition = definitions.get(kind);
  if (command !== undefined) command(fields, reader);
  else if (definition !== undefined) define(kind, definition, fields, reader);
  else if (!queryKinds.has(kind)) reader.misunderstood(kind);
  else {
    reader.visitKind(kind, fields, outermost);
    if (kind === 'SelectStmt' && reader.deeds.list.length === 0) reader.deeds.add('select', 'read');
  }
}

function meaningOf(reader: Reader, node: readonly [string, Fields] | null): StatementMeaning {
  const [first, ...rest] = reader.deeds.list;
  const deeds: readonly [Deed, ...Deed[]] = first === undefined ? [{ verb: 'unknown', effect: 'unknown', object: null }] : [first, ...rest];
  const { returning, transactionControl, unresolved, triggers, cascades } = reader;
  return {
    deeds,
    facts: {
      hasWhere: reader.restricted,
      returning,
      limited: node !== null && node[0] === 'SelectStmt' && limits(node[1]['limitCount']),
      transactionControl,
      unresolved,
      triggers,
      cascades,
      functions: [...reader.functions].toSorted(),
    },
    sets: reader.sets,
    leaves: { prepared: reader.prepared, cursor: reader.cursor, temporary: [...reader.temporary] },
  };
}
