/** One policy as it stands in its file. */
export interface PolicySource {
  readonly file: string;
  /** Where its first token stands, from 1. */
  readonly line: number;
  readonly text: string;
}

// A string with its escapes, a comment, white space, or one character of anything else. Linear: no two branches begin alike.
const token = /"(?:[^"\\]|\\[^])*"?|\/\/[^\n]*|\s+|[^]/g;

/**
 * A file's policies in their order. Cedar's own splitting sorts them and forgets where they stood. The end of a policy is the
 * only use of `;` in the language outside strings and comments; a wrong cut could only yield text that does not parse.
 */
export function splitPolicies(file: string, text: string): PolicySource[] {
  const policies: PolicySource[] = [];
  let start: number | null = null;
  let end = 0;
  let line = 1;
  let startLine = 1;
  for (const { 0: part, index } of text.matchAll(token)) {
    const blank = part.startsWith('//') || part.trim() === '';
    if (!blank && start === null) {
      start = index;
      startLine = line;
    }
    if (!blank) end = index + part.length;
    if (part === ';' && start !== null) {
      policies.push({ file, line: startLine, text: text.slice(start, end) });
      start = null;
    }
    line += newlines(part);
  }
  if (start !== null) policies.push({ file, line: startLine, text: text.slice(start, end) });
  return policies;
}

/** The line in the file of an offset into a policy's text. Cedar counts UTF-8 bytes. */
export function lineAt(policy: PolicySource, byteOffset: number): number {
  return policy.line + newlines(Buffer.from(policy.text).subarray(0, byteOffset).toString('latin1'));
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}
