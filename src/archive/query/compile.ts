import { highestId, lowestId } from '../exchange-order.ts';
import { nearest } from '../../wire/nearest.ts';
import { amongExceptional, type Field, fields, synonyms } from './fields.ts';
import { patternOf } from './patterns.ts';
import { readCount, readDuration, readSize, readTime } from './scalars.ts';
import type { Query, QueryProblem, Span, Value } from './syntax.ts';
import { type Condition, phraseOf, saidBy, within } from './text.ts';

/** A query as the catalog is asked it: what the full-text index is asked first, if anything, and what else must hold. */
export interface Compiled {
  readonly match: string | null;
  readonly conditions: readonly Condition[];
}

/** Makes conditions of a query; or says what of it there is not. `now` is what `-24h` counts from. */
export function compileQuery(query: Query | null, now: number): Compiled | { readonly problem: QueryProblem } {
  try {
    const parts = query === null ? [] : query.kind === 'and' ? query.of : [query];
    const phrases: string[] = [];
    const conditions: Condition[] = [];
    for (const part of parts) {
      const phrase = phraseIn(part);
      if (phrase === null) conditions.push(conditionOf(part, now), ...boundsOf(part, now));
      else {
        phrases.push(phrase.match);
        conditions.push(phrase.said);
      }
    }
    return { match: phrases.length === 0 ? null : phrases.join(' AND '), conditions };
  } catch (fault) {
    if (fault instanceof Unknown) return { problem: fault.problem };
    throw fault;
  }
}

/** The full name of a field; null where there is none of that name. */
function fieldNamed(name: string): { readonly name: string; readonly field: Field } | null {
  const full = Object.hasOwn(synonyms, name) ? (synonyms[name] ?? name) : name;
  const field = Object.hasOwn(fields, full) ? fields[full] : undefined;
  return field === undefined ? null : { name: full, field };
}

class Unknown extends Error {
  readonly problem: QueryProblem;
  constructor(message: string, { from, until }: Span, instead: string | null = null) {
    super(message);
    this.problem = { message, from, until, instead };
  }
}

/** What the full-text index can be asked of a part that must hold, and what then must be so besides; null for a part that it knows nothing of. */
function phraseIn(part: Query): { readonly match: string; readonly said: Condition } | null {
  if (part.kind === 'text') return part.value.kind === 'pattern' ? null : phrased(textOf(part.value), null);
  if (part.kind !== 'filter' || part.values.length !== 1) return null;
  const [value] = part.values;
  const column = part.field === 'text' ? 'asked' : part.field === 'found' ? 'found' : null;
  return column === null || value === undefined || value.kind === 'pattern' ? null : phrased(textOf(value), column);
}

function phrased(text: string, column: 'asked' | 'found' | null): { readonly match: string; readonly said: Condition } | null {
  const match = phraseOf(text, column);
  return match === null ? null : { match, said: saidBy(text, column) };
}

function conditionOf(query: Query, now: number): Condition {
  switch (query.kind) {
    case 'and':
    case 'or':
      return joined(
        query.of.map((each) => conditionOf(each, now)),
        query.kind === 'and' ? ' AND ' : ' OR ',
      );
    case 'not': {
      const { sql, values } = conditionOf(query.of, now);
      // What is not known is not so: SQL's NULL would be neither.
      return { sql: `NOT ifnull(${sql}, 0)`, values };
    }
    case 'text':
      return query.value.kind === 'pattern' ? matches('x.text', query.value) : within(textOf(query.value), null);
    case 'filter':
      return filterOf(query, now);
    default:
      return query satisfies never;
  }
}

function filterOf(query: Query & { kind: 'filter' }, now: number): Condition {
  const named = fieldNamed(query.field);
  if (named === null) throw unknownField(query);
  const { field } = named;
  if (field.kind === 'enum' && query.values.every(isBarred)) return amongBarred(query.values);
  const { sql, values } = joined(
    query.values.map((value) => compared(named.name, field, value, now)),
    ' OR ',
  );
  return { sql: field.ofSession ? `s.key IN (SELECT s.key FROM sessions AS s WHERE ${sql})` : sql, values };
}

function compared(name: string, field: Field, value: Value, now: number): Condition {
  switch (field.kind) {
    case 'enum':
      return oneOf(name, field, value);
    case 'flag':
      return { sql: `(${chosen(name, field, value)})`, values: [] };
    case 'word':
      return named(field.sql, value);
    case 'words': {
      const { sql, values } = named('w.value', value);
      return { sql: `EXISTS (SELECT 1 FROM json_each(${field.sql}) AS w WHERE ${sql})`, values };
    }
    case 'asked':
    case 'found':
      return value.kind === 'pattern' ? matches(field.kind === 'asked' ? 'x.text' : 'x.found', value) : within(textOf(value), field.kind);
    case 'count':
      return measured(field.sql, value, readCount, 'a number, such as >1k');
    case 'size':
      return measured(field.sql, value, readSize, 'a size, such as >5MB');
    case 'duration':
      return measured(field.sql, value, readDuration, 'a length of time, such as >150ms');
    case 'time':
      return timed(field.sql, value, now);
    default:
      return field.kind satisfies never;
  }
}

function oneOf(name: string, field: Field, value: Value): Condition {
  const word = chosen(name, field, value);
  return word === 'undecided' ? { sql: `${field.sql} IS NULL`, values: [] } : { sql: `${field.sql} = ?`, values: [word] };
}

/** One of the words that a field knows. */
function chosen(name: string, { values = {} }: Field, value: Value): string {
  const word = textOf(value).toLowerCase();
  const known = Object.keys(values);
  if (Object.hasOwn(values, word)) return values[word] ?? '';
  throw new Unknown(`"${word}" is nothing that ${name} can be; it is one of ${known.join(', ')}.`, value, nearest(word, known));
}

const barredVerdicts: readonly string[] = ['approved', 'refused', 'denied', 'expired'];

function isBarred(value: Value): boolean {
  return value.kind === 'word' && barredVerdicts.includes(value.text.toLowerCase());
}

function amongBarred(values: readonly Value[]): Condition {
  const words = values.map((value) => textOf(value).toLowerCase());
  return { sql: `(${amongExceptional} AND x.verdict IN (${words.map(() => '?').join()}))`, values: words };
}

function named(sql: string, value: Value): Condition {
  if (value.kind === 'pattern') return matches(sql, value);
  if (value.kind === 'word' && /^\*+$/.test(value.text)) return { sql: `${sql} IS NOT NULL`, values: [] };
  if (value.kind === 'word' && /[*?]/.test(value.text)) return matches(sql, value);
  return { sql: `${sql} = ? COLLATE NOCASE`, values: [textOf(value)] };
}

function matches(sql: string, value: Value): Condition {
  const source = patternOf(value);
  if (typeof source !== 'string') throw new Unknown(source.message, value);
  return { sql: `matches(?, ${sql})`, values: [source] };
}

type Read = (text: string) => number | null;

function measured(sql: string, value: Value, read: Read, expected: string): Condition {
  const number = (text: string) => {
    const found = read(text);
    if (found === null) throw new Unknown(`"${text}" is not ${expected}.`, value);
    return found;
  };
  if (value.kind === 'range') return { sql: `${sql} BETWEEN ? AND ?`, values: [number(value.low), number(value.high)] };
  if (value.kind === 'word' && value.text === '*') return { sql: `${sql} IS NOT NULL`, values: [] };
  return { sql: `${sql} ${value.kind === 'compare' ? value.sign : '='} ?`, values: [number(textOf(value))] };
}

function timed(sql: string, value: Value, now: number): Condition {
  const { since, until } = periodOf(value, now);
  const values = [...(since === null ? [] : [since]), ...(until === null ? [] : [until])];
  return { sql: `(${[...(since === null ? [] : [`${sql} >= ?`]), ...(until === null ? [] : [`${sql} < ?`])].join(' AND ')})`, values };
}

/** The time that a value allows, from its first moment to the first after it; null where it has no such bound. */
function periodOf(value: Value, now: number): { readonly since: number | null; readonly until: number | null } {
  const time = (text: string) => {
    const found = readTime(text, now);
    if (found === null) throw new Unknown(`"${text}" is not a time; write -24h, today, 2026-11-22 or 2026-11-22T10:00.`, value);
    return found;
  };
  if (value.kind === 'range') {
    const high = time(value.high);
    return { since: time(value.low).from, until: high.until ?? high.from };
  }
  const { from, until } = time(textOf(value));
  if (value.kind !== 'compare') return { since: from, until };
  switch (value.sign) {
    case '=':
      return { since: from, until };
    case '>':
      return { since: until ?? from, until: null };
    case '>=':
      return { since: from, until: null };
    case '<':
      return { since: null, until: from };
    case '<=':
      return { since: null, until: until ?? from };
    default:
      return value.sign satisfies never;
  }
}

/** Ids follow the time, so what bounds one bounds what is looked through. */
function boundsOf(part: Query, now: number): Condition[] {
  if (part.kind !== 'filter' || part.values.length !== 1 || fieldNamed(part.field)?.name !== 'at') return [];
  const [value] = part.values;
  if (value === undefined) return [];
  const { since, until } = periodOf(value, now);
  return [
    ...(since === null ? [] : [{ sql: 'x.id >= ?', values: [lowestId(since)] }]),
    ...(until === null ? [] : [{ sql: 'x.id <= ?', values: [highestId(until)] }]),
  ];
}

function joined(conditions: readonly Condition[], by: ' AND ' | ' OR '): Condition {
  return { sql: `(${conditions.map(({ sql }) => sql).join(by)})`, values: conditions.flatMap(({ values }) => values) };
}

function textOf(value: Value): string {
  if (value.kind === 'range') return `${value.low}..${value.high}`;
  return value.kind === 'pattern' ? value.source : value.text;
}

function unknownField({ field, from }: Query & { kind: 'filter' }): Unknown {
  const known = [...Object.keys(fields), ...Object.keys(synonyms)];
  const meant = nearest(field, known);
  const or = meant === null ? '' : ` Did you mean ${meant}?`;
  const message = `There is no field "${field}".${or} To look for the text itself, put it in quotes.`;
  return new Unknown(message, { from, until: from + field.length }, meant);
}
