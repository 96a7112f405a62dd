/**
 * What an agent wrote is hostile to whoever reads it: bidirectional controls show a statement in another order than it has
 * (CVE-2021-42574), and what cannot be seen hides a part of it. Every such character is shown as its number; line feeds and tabs stay.
 */
const unseen = /(?!\n|\t|\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

export function visible(text: string): string {
  return text.replaceAll(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text.replaceAll(/\s*[\r\n\t]+\s*/g, ' '));
}

/** At most `limit` UTF-16 units of a text; what is left out is counted: `beginning…(+120 characters)`. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, Math.max(0, limit - ending(text.length).length)).replace(/[\ud800-\udbff]$/, '');
  return kept + ending(text.length - kept.length);
}

function ending(left: number): string {
  return `…(+${left} characters)`;
}

/** The beginning of a text without a half of a pair at its end; whoever shows it must say how long the whole is. */
export function beginning(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, limit).replace(/[\ud800-\udbff]$/, '');
}
