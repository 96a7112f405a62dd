import { searchable } from '../store.ts';

/** A condition on exchanges `x` and their sessions `s`, with what is bound to it. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** What the trigram index can look up; shorter text is looked for in the rows themselves. */
const indexedLength = 3;

type Column = 'asked' | 'found';

/** What the full-text index is asked for this text, in one of its columns or in both; null where it is too short for it. */
export function phraseOf(text: string, column: Column | null): string | null {
  if (Array.from(text).length < indexedLength) return null;
  // A quoted phrase has no operators; a quote in it is doubled.
  const phrase = `"${searchable(text).replaceAll('"', '""')}"`;
  return column === null ? phrase : `${column} : ${phrase}`;
}

/** The same as a condition. */
export function within(text: string, column: Column | null): Condition {
  const phrase = phraseOf(text, column);
  if (phrase !== null) return { sql: 'x.id IN (SELECT rowid FROM exchange_text WHERE exchange_text MATCH ?)', values: [phrase] };
  const parts = [...(column === 'found' ? [] : [holds('x.text'), bound]), ...(column === 'asked' ? [] : [holds('x.found')])];
  return { sql: `(${parts.join(' OR ')})`, values: parts.map(() => text) };
}

const holds = (sql: string) => `instr(lower(${sql}), lower(?)) > 0`;
const bound = `EXISTS (SELECT 1 FROM json_each(x.parameters) AS p WHERE ${holds('p.value')})`;
