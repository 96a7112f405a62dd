/** A token of a GraphQL document (specification of October 2021, section 2.1), as far as the shape of operations needs it. */
export interface Token {
  readonly kind: 'name' | 'punctuator' | 'value';
  readonly text: string;
}

/** The text is no GraphQL document, or is one that is not understood. */
export class NotGraphQl extends Error {}

const mostTokens = 100_000;

/** What stands between tokens: white space, commas, comments, a byte order mark. */
const ignored = /(?:[ \t\n\r,\uFEFF]+|#[^\n\r]*)+/y;
const token =
  /(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<punctuator>\.\.\.|[!$&()[\]{}:=@|])|(?<value>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])|"(?!"")(?:[^"\\\n\r]|\\.)*"|"""(?:[^"\\]|\\[^]|"(?!""))*""")/y;

/** Cuts a document into its tokens. Throws NotGraphQl at the first sign that is none. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    ignored.lastIndex = at;
    at += ignored.exec(text)?.[0].length ?? 0;
    if (at >= text.length) return tokens;
    token.lastIndex = at;
    const groups = token.exec(text)?.groups;
    if (groups === undefined) throw new NotGraphQl(`no token at character ${at + 1}`);
    const kind = groups['name'] !== undefined ? 'name' : groups['punctuator'] !== undefined ? 'punctuator' : 'value';
    const found = groups[kind] ?? '';
    tokens.push({ kind, text: found });
    at += found.length;
    if (tokens.length > mostTokens) throw new NotGraphQl(`more than ${mostTokens} tokens`);
  }
}
