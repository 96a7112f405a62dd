import { ChaperoneError } from '../core/errors.ts';

/** Where a page ended, by the key of its last row. Each listing has its own kind, so that one's cursor is not taken for another's. */
export type Cursor =
  | readonly ['s', id: string]
  | readonly ['x', startedAt: number, session: string, ordinal: number]
  | readonly ['o', ordinal: number]
  | readonly ['a', ledger: string, sequence: number]
  | readonly ['r', startedAt: number, key: number]
  | readonly ['t', startedAt: number, session: string, ordinal: number];

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor), 'utf8').toString('base64url');
}

/** Where the page of a session's exchanges begins that comes behind this one. */
export function afterOrdinal(ordinal: number): string {
  return encodeCursor(['o', ordinal]);
}

/** The keys in a cursor of this kind, or null for the first page. REQUEST_INVALID for anything else. */
export function decodeCursor(text: string | null, kind: Cursor[0]): (string | number)[] | null {
  if (text === null) return null;
  const values = parse(text);
  const shape = shapes[kind];
  const fits = Array.isArray(values) && values[0] === kind && values.length === shape.length + 1;
  if (!fits || !shape.every((type, at) => isOf(values[at + 1], type)))
    throw new ChaperoneError('REQUEST_INVALID', 'The cursor is not one that this listing gave. Leave it out to begin at the first page.');
  return values.slice(1) as (string | number)[];
}

type Shape = 'string' | 'number' | 'time';

const shapes: { readonly [Kind in Cursor[0]]: readonly Shape[] } = {
  s: ['string'],
  x: ['time', 'string', 'number'],
  o: ['number'],
  a: ['string', 'number'],
  r: ['time', 'number'],
  t: ['time', 'string', 'number'],
};

function isOf(value: unknown, type: Shape): boolean {
  if (type === 'string') return typeof value === 'string';
  return type === 'number' ? Number.isSafeInteger(value) : Number.isFinite(value);
}

function parse(text: string): unknown {
  if (text.length > 200) return null;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
