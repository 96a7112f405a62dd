import { loadParser, type Parser } from './parser.ts';
import type { CutStatement, ThreadAnswer } from './cut.ts';
import { parseApart, parseAtOnce } from './parser-thread.ts';

/** One statement of a text, as PostgreSQL's own grammar reads it. */
export interface ParsedStatement {
  /** As it stands in the text, without what surrounds it. */
  readonly text: string;
  /** Where it stands in the text's UTF-8 bytes. */
  readonly from: number;
  readonly to: number;
  readonly tree: unknown;
}

/** The statements of a text; none for one that is empty or all comment. Or why it cannot be read: it is then unknown as a whole. */
export type Parsed = { readonly statements: readonly ParsedStatement[] } | Unreadable;

export interface Unreadable {
  /** Why it cannot be read, as a clause. */
  readonly unreadable: string;
  /** Whether that is PostgreSQL's own complaint: its grammar does not take the text. */
  readonly isMisspelt: boolean;
}

/** In UTF-16 units; a dump's `insert` of a thousand long rows fits. */
export const longestText = 1024 * 1024;

let parser: Parser | null = null;

/**
 * Reads a text into its statements; at once where it is short and the parser is loaded. What is forwarded must be these very
 * characters. `standardConformingStrings` is the session's setting when the text arrives.
 */
export function parseStatements(text: string, standardConformingStrings = true): Parsed | Promise<Parsed> {
  const refused = unreadable(text, standardConformingStrings);
  if (refused !== null) return { unreadable: refused, isMisspelt: false };
  if (parser !== null) return parseWith(parser, text);
  return loadParser().then((loaded) => {
    parser = loaded;
    return parseWith(loaded, text);
  });
}

function parseWith(parse: Parser, text: string): Parsed | Promise<Parsed> {
  if (text.length <= parseAtOnce) return parseBy(parse, text);
  return parseApart(text, true).then((answer) => fromThread(text, answer));
}

function unreadable(text: string, standardConformingStrings: boolean): string | null {
  if (text.length > longestText) return `longer than ${longestText} characters`;
  // The parser ends at a NUL, and reads a lone surrogate as another character: it would judge another text than is sent.
  if (text.includes('\0')) return 'a NUL in it';
  if (!text.isWellFormed()) return 'half a character in it';
  // The parser reads a backslash in a plain string as itself, while this session's server takes it for an escape.
  if (!standardConformingStrings && text.includes('\\')) return 'a backslash in it while standard_conforming_strings is off';
  return null;
}

function parseBy(parse: Parser, text: string): Parsed {
  if (text.trim() === '') return { statements: [] };
  try {
    return { statements: withText(text, parse(text)) };
  } catch (fault) {
    return fault instanceof Error && fault.name === 'SqlError' ? misspelt(fault.message) : tooDeep;
  }
}

const tooDeep: Unreadable = { unreadable: 'nested too deep, or too long in the reading', isMisspelt: false };
const misspelt = (complaint: string): Unreadable => ({ unreadable: complaint, isMisspelt: true });

function fromThread(text: string, answer: ThreadAnswer): Parsed {
  if (answer === null) return tooDeep;
  return 'complaint' in answer ? misspelt(answer.complaint) : { statements: withText(text, answer.statements) };
}

function withText(text: string, statements: readonly CutStatement[]): readonly ParsedStatement[] {
  if (statements.length === 1 && statements[0]?.from === 0 && isAscii(text))
    return [{ ...statements[0], text: text.slice(0, statements[0].to).trim() }];
  const bytes = Buffer.from(text, 'utf8');
  return statements.map((statement) => ({ ...statement, text: bytes.toString('utf8', statement.from, statement.to).trim() }));
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/**
 * The one statement of a text that no client has sent: a view's definition, or what a session prepared before. The parser
 * must be loaded, which it is where a statement is at hand. Null where it is not one statement.
 */
export function parseTrusted(text: string): unknown {
  if (parser === null || text.length > longestDefinition || unreadable(text, true) !== null) return null;
  const parsed = parseBy(parser, text);
  return 'statements' in parsed && parsed.statements.length === 1 ? parsed.statements[0]?.tree : null;
}

/** 64 levels of what exhausts the parser would fit; a target that is so hostile costs its own connection's answers. */
const longestDefinition = 64 * 1024;
