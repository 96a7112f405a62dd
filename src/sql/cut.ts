import { parseSync } from 'libpg-query';

/** A statement of a text: where it stands in the text's UTF-8 bytes, and what the parser made of it. */
export interface CutStatement {
  readonly from: number;
  readonly to: number;
  readonly tree: unknown;
}

/** What the thread has found: statements, the parser's complaint, or null where it had to be given up. */
export type ThreadAnswer = { readonly statements: readonly CutStatement[] } | { readonly complaint: string } | null;

/**
 * The statements of a text by PostgreSQL's own grammar. The parser counts in UTF-8 bytes. Throws where the text does not
 * parse. `loadModule` of libpg-query must have been awaited.
 */
export function cutStatements(text: string): readonly CutStatement[] {
  const end = Buffer.byteLength(text, 'utf8');
  return (parseSync(text).stmts ?? []).map(({ stmt_location: from = 0, stmt_len: length = 0, stmt }) => ({
    from,
    to: length === 0 ? end : from + length,
    tree: stmt,
  }));
}
