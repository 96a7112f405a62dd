import type { Stated } from '../../core/stated.ts';

const by = 'with a comment before it, -- reason: …';

/** The first comment, where it stands before everything else. Comments within one another are PostgreSQL's own; none is needed here. */
const before = /^\s*(?:--[ \t]*reason:([^\r\n]*)|\/\*\s*reason:([^]*?)\*\/)/i;
/** Of a comment behind everything else, in which sqlcommenter and its like put what they know by keys. */
const keyed = /(?:^|,)\s*reason='((?:[^'\\]|\\.)*)'/;
/** What stands further from the end is not looked for: a text may have a mebibyte. */
const longestBehind = 8 * 1024;

/**
 * Why the client says that it asks: in a comment at the beginning of the statement, or of the text that it came in; or at the statement's end. Nothing
 * hangs on whether it is one to PostgreSQL: people read it as what somebody says.
 */
export function statedIn(statement: string, text: string | null): Stated {
  return { text: atBeginning(statement) ?? atEnd(statement) ?? (text === null ? null : atBeginning(text)), by };
}

function atBeginning(text: string): string | null {
  const [, line, block] = before.exec(text) ?? [];
  return given(line ?? block);
}

function atEnd(text: string): string | null {
  const end = text.slice(-longestBehind).trimEnd().replace(/;$/, '').trimEnd();
  if (!end.endsWith('*/')) return null;
  const [, coded] = keyed.exec(end.slice(end.lastIndexOf('/*') + 2, -2)) ?? [];
  if (coded === undefined) return null;
  const value = coded.replaceAll(/\\(.)/g, '$1');
  try {
    return given(decodeURIComponent(value));
  } catch (fault) {
    // It is not coded as sqlcommenter does it, and is read as it stands.
    if (fault instanceof URIError) return given(value);
    throw fault;
  }
}

/** On one line. Split, because a pattern that looks for space on both sides takes its time over a mebibyte of it. */
function given(words: string | undefined): string | null {
  const lines = words?.split(/[\r\n]/).map((line) => line.trim()) ?? [];
  return lines.filter((line) => line !== '').join(' ') || null;
}
