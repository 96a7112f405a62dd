import type { Connection } from '../api/types.ts';
import { words } from '../text.ts';
import { type Fields, isFields, isList, type Value } from './shape.ts';

/** A setting that somebody else changed, as people read it; null where nothing is said. */
export interface Difference {
  readonly place: string;
  readonly was: string | null;
  readonly now: string | null;
  /** What stands in the form where that is neither. */
  readonly mine: string | null;
}

/** What became of a connection since the form began with it. Of a secret it is told that it is another one, and nothing of it. */
export function differences(base: Connection, now: Connection, mine: Fields): readonly Difference[] {
  const [old, current, own] = [base.written ?? {}, now.written ?? {}, mine].map((fields) => leavesOf(fields));
  const places = [...new Set([...(old?.keys() ?? []), ...(current?.keys() ?? [])])];
  const plain = places.flatMap((place): Difference[] => {
    const [was, is, my] = [old, current, own].map((leaves) => leaves?.get(place) ?? null);
    return was === is
      ? []
      : [{ place, was: was ?? null, now: is ?? null, mine: my === was || my === is ? null : (my ?? words.connection.nothing) }];
  });
  return [...plain, ...secretDifferences(base, now, own ?? new Map<string, string>())];
}

function secretDifferences(base: Connection, now: Connection, own: ReadonlyMap<string, string>): readonly Difference[] {
  const fields = [...new Set([...base.secrets, ...now.secrets].map(({ field }) => field))];
  return fields.flatMap((place): Difference[] => {
    const [was, is] = [base, now].map(({ secrets }) => secrets.find(({ field }) => field === place));
    if (was?.at === is?.at) return [];
    const told = (secret: typeof was) => (secret === undefined ? null : words.connection.secretBy(secret.by));
    return [{ place, was: told(was), now: told(is), mine: own.has(place) ? words.connection.secretMine : null }];
  });
}

/** Every setting by its place; lists as one. */
function leavesOf(value: Value, place = ''): Map<string, string> {
  if (!isFields(value)) return new Map(value === undefined ? [] : [[place, textOf(value)]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leavesOf(inner, place === '' ? key : `${place}.${key}`)]));
}

/**
 * What two people made of the same beginning: mine where I changed it, theirs everywhere else. Where the one made another thing of it
 * altogether, mine stays whole, and the gateway says what does not go together.
 */
export function merged(base: Value, mine: Value, theirs: Value): Value {
  if (isSame(mine, base)) return theirs;
  if (!isFields(mine) || !isFields(theirs) || isOther(mine, theirs)) return mine;
  const before = isFields(base) ? base : {};
  const entries = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].flatMap((key) => {
    const value = merged(before[key], mine[key], theirs[key]);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

function isSame(one: Value, other: Value): boolean {
  return (one === undefined) === (other === undefined) && textOf(one) === textOf(other);
}

/** The settings of two protocols have nothing to do with each other. */
function isOther(mine: Fields, theirs: Fields): boolean {
  return mine['protocol'] !== theirs['protocol'];
}

/** The same text for the same value, in whatever order its keys stand. */
function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (isList(value)) return value.map(textOf).join(', ');
  if (!isFields(value)) return String(value);
  const pairs = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{ ${pairs.map(([key, inner]) => `${key}: ${textOf(inner)}`).join(', ')} }`;
}
