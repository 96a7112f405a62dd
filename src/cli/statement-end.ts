/**
 * Whether a text typed so far ends with a semicolon that ends a statement: not one in a quoted text or name, a dollar quote or
 * a comment. Only decides when to send; what the text means is for the gateway and the target.
 */
export function isStatementEnd(text: string): boolean {
  let ended = false;
  for (let at = 0; at < text.length; ) {
    const next = skip(text, at);
    if (next === null) return false;
    const piece = text.slice(at, next);
    if (!/^(\s+|--[^\n]*\n?|\/\*[^]*)$/.test(piece)) ended = piece === ';';
    at = next;
  }
  return ended;
}

/** Where the token that begins here ends; null where it is not closed yet. */
function skip(text: string, at: number): number | null {
  const rest = text.slice(at, at + 66);
  if (rest.startsWith('--')) return lineEnd(text, at);
  if (rest.startsWith('/*')) return commentEnd(text, at);
  const escaped = /^[eE]'/.test(rest) && !/[\w$]/.test(text[at - 1] ?? ' ');
  if (escaped) return quoteEnd(text, at + 1, true);
  if (rest.startsWith("'") || rest.startsWith('"')) return quoteEnd(text, at, false);
  const tag = /[\w$]/.test(text[at - 1] ?? ' ') ? null : /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]{0,62})?\$/.exec(rest)?.[0];
  if (tag) {
    const close = text.indexOf(tag, at + tag.length);
    return close < 0 ? null : close + tag.length;
  }
  return at + (/^\s+/.exec(rest)?.[0].length ?? 1);
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** PostgreSQL's comments nest. */
function commentEnd(text: string, at: number): number | null {
  let depth = 0;
  for (let place = at; place < text.length; ) {
    const two = text.slice(place, place + 2);
    if (two === '/*') depth += 1;
    else if (two === '*/') depth -= 1;
    place += two === '/*' || two === '*/' ? 2 : 1;
    if (depth === 0) return place;
  }
  return null;
}

function quoteEnd(text: string, at: number, escapes: boolean): number | null {
  const quote = text[at];
  for (let place = at + 1; place < text.length; place += 1) {
    if (escapes && text[place] === '\\') place += 1;
    else if (text[place] === quote && text[place + 1] === quote) place += 1;
    else if (text[place] === quote) return place + 1;
  }
  return null;
}
