import type { CutStatement } from './cut.ts';
import { parseApart, parseAtOnce } from './parser-thread.ts';
import { loadParser, type Parser } from './parser.ts';

let parser: Parser | null = null;

/**
 * Cuts the text of a simple query into its statements. A text that PostgreSQL's grammar does not know stays whole: the
 * server decides on it as a whole too. Without a semicolon before its end there is one statement and nothing is parsed.
 */
export function splitStatements(text: string): readonly string[] | Promise<readonly string[]> {
  if (!/;\s*\S/.test(text)) return [text];
  if (text.length > parseAtOnce)
    return parseApart(text, false).then((answer) => wholeUnless(answer !== null && 'statements' in answer ? answer.statements : [], text));
  if (parser !== null) return cutBy(parser, text);
  return loadParser().then((loaded) => {
    parser = loaded;
    return cutBy(loaded, text);
  });
}

function cutBy(parse: Parser, text: string): readonly string[] {
  try {
    return wholeUnless(parse(text), text);
  } catch {
    return [text];
  }
}

function wholeUnless(statements: readonly CutStatement[], text: string): readonly string[] {
  if (statements.length === 0) return [text];
  const bytes = Buffer.from(text, 'utf8');
  return statements.map(({ from, to }) => bytes.toString('utf8', from, to).trim());
}
