/**
 * Recorded text is hostile: an agent or a table's content may hold escape sequences that repaint the terminal, set its title
 * or fill its clipboard (OSC 52), and bidirectional controls that show text in another order than it has (CVE-2021-42574).
 * Every such character is shown instead of sent.
 */

/** Controls, formats, surrogates, line and paragraph separators, and what fills no cell; but for the emoji style of a character. */
const unseen = /(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** One line: line feeds and tabs are shown like any other control. */
export function visibleLine(text: string): string {
  return text.replaceAll(unseen, shown);
}

/** Lines as they are; tabs become spaces. A CR before an LF is dropped, any other is shown. */
export function visibleLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => visibleLine(line.replaceAll('\t', '    ')));
}

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x0a) return '↵';
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `\\u{${code.toString(16)}}`;
}

/** A value as JSON on one line. What a terminal could obey or hide, and JSON need not escape, is escaped: it parses to the same. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(unseen, (character) =>
    Array.from({ length: character.length }, (_, place) => `\\u${character.charCodeAt(place).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** How many cells of a terminal a text that is visible takes, as nearly as can be told without the terminal's font. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += /\p{M}/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/** East Asian wide and full-width forms (UAX 11), and what is drawn as a picture by itself. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** A text of at most `limit` cells; what is left out is counted: `beginning…(+120 chars)`. */
export function shorten(text: string, limit: number): string {
  if (widthOf(text) <= limit) return text;
  const characters = Array.from(text);
  let kept = 0;
  let width = 0;
  const longest = `…(+${characters.length} chars)`.length;
  const room = Math.max(1, limit - longest);
  for (const character of characters) {
    width += widthOf(character);
    if (width > room) break;
    kept += 1;
  }
  return `${characters.slice(0, kept).join('')}…(+${characters.length - kept} chars)`;
}

/** A count with its noun: `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
