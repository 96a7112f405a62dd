import { parseSync } from 'libpg-query';

/**
 * The statements of a text by PostgreSQL's own grammar. The parser counts in UTF-8 bytes. Throws where the text does not
 * parse. `loadModule` of libpg-query must have been awaited.
 */
export function cutStatements(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'utf8');
  const statements = parseSync(text).stmts ?? [];
  return statements.map((statement) => {
    const from = statement.stmt_location ?? 0;
    const length = statement.stmt_len ?? 0;
    return bytes.toString('utf8', from, length === 0 ? bytes.length : from + length).trim();
  });
}
