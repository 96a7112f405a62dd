import type { ParsedStatement } from './parse.ts';
import type { Setting } from './setting.ts';
import { asKind, listOf, partsOf } from './tree.ts';

/** What pg_dump says to keep itself from code in views and foreign tables; where a server lacks the setting, nothing is set. */
const restriction =
  /^SELECT set_config\(name, '(?:view|view, foreign-table)', false\) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind';?$/;

/**
 * A setting whose name a column gives may be any; but pg_dump's own text, where its names can mean PostgreSQL's alone, sets
 * this one, and only ever forbids the session more.
 */
export function isDumpRestriction(statement: ParsedStatement, setting: Setting): boolean {
  // The text of a statement that does nothing of the kind is not looked at.
  if (!callsSetConfig(statement.tree) || !restriction.test(statement.text)) return false;
  const { searchPath, temporary } = setting;
  return searchPath.length === 1 && searchPath[0] === 'pg_catalog' && temporary?.size === 0;
}

function callsSetConfig(tree: unknown): boolean {
  const [target] = listOf(asKind(tree, 'SelectStmt')?.['targetList']);
  const call = asKind(asKind(target, 'ResTarget')?.['val'], 'FuncCall');
  return partsOf(call?.['funcname']).at(-1) === 'set_config';
}
