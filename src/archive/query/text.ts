import { saysPhrase, searchable } from '../text-index.ts';

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

/** What else must hold of an exchange whose row of the index has the phrase. */
export function saidBy(text: string, column: Column | null): Condition {
  return { sql: saysPhrase, values: [text, column ?? ''] };
}

/** The same as a condition. */
export function within(text: string, column: Column | null): Condition {
  const phrase = phraseOf(text, column);
  if (phrase !== null) {
    const said = saidBy(text, column);
    const sql = `(x.home IN (SELECT rowid FROM exchange_text WHERE exchange_text MATCH ?) AND ${said.sql})`;
    return { sql, values: [phrase, ...said.values] };
  }
  const parts = [...(column === 'found' ? [] : [holds('x.text'), bound]), ...(column === 'asked' ? [] : [holds('x.found')])];
  return { sql: `(${parts.join(' OR ')})`, values: parts.map(() => text) };
}

const holds = (sql: string) => `instr(lower(${sql}), lower(?)) > 0`;
const bound = `EXISTS (SELECT 1 FROM json_each(x.parameters) AS p WHERE ${holds('p.value')})`;
