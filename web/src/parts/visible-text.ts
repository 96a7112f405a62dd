/**
 * Recorded text is hostile. It is only ever shown as text nodes; and what the eye would not see, or would see in another order than
 * it has (CVE-2021-42574), is cut out into pieces of its own, which are drawn as what they are.
 */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** Characters that do something instead of being seen: their picture, and what they are. */
  | Unseen;

interface Unseen {
  readonly kind: 'unseen';
  readonly picture: string;
  readonly name: string;
  readonly count: number;
}

/** Controls but for line feed and tab, formats, surrogates, separators, and what fills no cell; but for the emoji style of a character. */
const unseen = /(?![\ufe0f\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u;
const unseenRun = new RegExp(`(${unseen.source})+`, 'gu');

const names: Readonly<Record<number, string>> = {
  0x1b: 'escape',
  0x07: 'bell',
  0x0d: 'carriage return',
  0x61c: 'Arabic letter mark',
  0x200b: 'zero width space',
  0x200c: 'zero width non-joiner',
  0x200d: 'zero width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'end of directional formatting',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'end of isolate',
  0xfeff: 'byte order mark',
  0xfffd: 'not valid text',
};

export function hasUnseen(text: string): boolean {
  return unseen.test(text);
}

/** Each piece is a node of the page, and a text that is made of them must not hold it up. */
const mostPieces = 500;

/**
 * The pieces in order. Nothing is left out: the texts and the counts add up to what was given. Behind the first hundreds of pieces
 * come the pictures alone, within one text.
 */
export function piecesOf(text: string): readonly Piece[] {
  if (!hasUnseen(text)) return [{ kind: 'text', text }];
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(unseenRun)) {
    if (pieces.length >= mostPieces)
      return [...pieces, { kind: 'text', text: text.slice(from).replaceAll(unseenRun, (run) => picturesOf(groupsOf(run))) }];
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    const groups = groupsOf(match[0]);
    pieces.push(...groups.slice(0, mostPieces));
    if (groups.length > mostPieces) pieces.push({ kind: 'text', text: picturesOf(groups.slice(mostPieces)) });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

/** One group by its picture, and a run of several by how many characters it has: pictures are longer than what they stand for. */
function picturesOf(groups: readonly Unseen[]): string {
  const [only] = groups;
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  return groups.length === 1 && only !== undefined ? `⟦${only.picture}⟧` : `⟦×${count}⟧`;
}

/** Neighbours of one kind are one piece: a hidden sentence of a hundred tag characters is shown once, with its count and its words. */
function groupsOf(run: string): Unseen[] {
  const groups: { picture: string; name: string; count: number; tags: string }[] = [];
  for (const character of run) {
    const code = character.codePointAt(0) ?? 0;
    const { picture, name } = shownAs(code);
    const last = groups.at(-1);
    const tag = isTag(code) ? String.fromCodePoint(code - 0xe0000) : '';
    if (last?.picture === picture) {
      last.count += 1;
      last.tags += tag;
    } else groups.push({ picture, name, count: 1, tags: tag });
  }
  return groups.map(({ picture, name, count, tags }) => ({
    kind: 'unseen',
    picture: count === 1 ? picture : `${picture}×${count}`,
    name: tags === '' ? name : `${name}, which spell “${tags.replaceAll(/[^\x20-\x7e]/g, '·')}”`,
    count,
  }));
}

function shownAs(code: number): { readonly picture: string; readonly name: string } {
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = `${number} ${names[code] ?? kindOf(code)}`;
  if (code < 0x20) return { picture: String.fromCodePoint(0x2400 + code), name };
  if (code === 0x7f) return { picture: '␡', name };
  if (code === 0xfffd) return { picture: '\ufffd', name };
  if (isTag(code)) return { picture: 'TAG', name: 'hidden tag characters' };
  if (isSelector(code)) return { picture: 'VS', name: 'variation selectors' };
  return { picture: number, name };
}

function kindOf(code: number): string {
  if (code < 0xa0) return 'control';
  return code >= 0xd800 && code <= 0xdfff ? 'half of a character' : 'invisible';
}

function isTag(code: number): boolean {
  return code >= 0xe0000 && code <= 0xe007f;
}

function isSelector(code: number): boolean {
  return (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef);
}

/** At most this many characters, never half of one, and how many were left out. */
export function beginningOf(text: string, limit: number): { readonly text: string; readonly more: number } {
  if (text.length <= limit) return { text, more: 0 };
  const code = text.charCodeAt(limit - 1);
  const end = code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit;
  return { text: text.slice(0, end), more: text.length - end };
}
