import { parseStatements } from '../../sql/parse.ts';
import { textOf, unwrap } from '../../sql/tree.ts';

/** The field that has the name, by the kind of statement that gives it. */
const naming: { readonly [kind: string]: string } = { PrepareStmt: 'name', DeclareCursorStmt: 'portalname' };

/**
 * The one statement that made a name, of the whole text that it was sent with, which is what the server remembers. The whole text where
 * there is no such one, or where more than one could be it: of several statements nothing is understood.
 */
export function namedStatement(text: string, name: string): string {
  const parsed = parseStatements(text);
  if (parsed instanceof Promise || 'unreadable' in parsed || parsed.statements.length < 2) return text;
  const made = parsed.statements.filter(({ tree }) => {
    const [kind, fields] = unwrap(tree) ?? ['', {}];
    const field = naming[kind];
    return field !== undefined && textOf(fields[field]) === name;
  });
  const [first, second] = made;
  return first === undefined || second !== undefined ? text : first.text;
}
