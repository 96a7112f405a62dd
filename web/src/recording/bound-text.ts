/** A statement in pieces: its own text, and the values that were bound to its numbered places. */
export type TextPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'place'; readonly name: string; readonly value: string | null };

/** Quoted texts and names, comments and dollar quotes, in which `$1` is no place; then the places themselves. */
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|(\$[A-Za-z_]*\$)[^]*?\1|\$(\d{1,5})(?![\w$])/g;

/** Longer statements are shown as they are, with the values listed below. */
const longest = 64 * 1024;

/** Puts bound values where they belong. Only for eyes: what was judged and sent are the bytes. */
export function withValues(text: string, values: readonly (string | null)[]): readonly TextPiece[] {
  if (values.length === 0 || text.length > longest) return [{ kind: 'text', text }];
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(tokens)) {
    const value = match[2] === undefined ? undefined : values[Number(match[2]) - 1];
    if (value === undefined) continue;
    pieces.push({ kind: 'text', text: text.slice(from, match.index) }, { kind: 'place', name: match[0], value });
    from = match.index + match[0].length;
  }
  pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}
