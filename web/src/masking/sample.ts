import type { MaskingSample } from '../api/types.ts';

export type SampleKind = MaskingSample['kind'];
type RowSample = Extract<MaskingSample, { readonly kind: 'row' }>;
export type SampleColumn = RowSample['columns'][number] & { readonly key: number };
type ValueKind = SampleColumn['kind'];
type Origin = SampleColumn['origin'];

/** A record has every kind or does not compile. */
const kinds: Readonly<Record<ValueKind, true>> = {
  text: true,
  integer: true,
  numeric: true,
  float: true,
  boolean: true,
  uuid: true,
  date: true,
  time: true,
  timestamp: true,
  interval: true,
  json: true,
  bytes: true,
  inet: true,
  mac: true,
  array: true,
  other: true,
};
export const valueKinds = Object.keys(kinds) as readonly ValueKind[];
export const origins: readonly Origin[] = ['column', 'computed', 'none', 'unknown'];

/** What one types, before it is sent. */
export interface SampleDraft {
  readonly kind: SampleKind;
  readonly text: string;
  /** `schema.table`, put before the names of columns that say nothing else. */
  readonly table: string;
  readonly columns: readonly SampleColumn[];
}

let lastKey = 0;

export function newColumn(name = '', value: string | null = '', kind: ValueKind = 'text'): SampleColumn {
  lastKey += 1;
  return { key: lastKey, name, value, kind, origin: 'column', source: '' };
}

/** Where a column comes from: what was typed, or its name in the table. */
export function sourceOf({ name, source, origin }: SampleColumn, table: string): string {
  if (origin === 'none' || origin === 'unknown') return '';
  return source !== '' ? source : table === '' ? name : `${table}.${quoted(name)}`;
}

/** As SQL writes a name that is not plain. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

export function sampleOf({ kind, text, table, columns }: SampleDraft): MaskingSample {
  if (kind !== 'row') return { kind, text };
  return {
    kind,
    columns: columns.map((column) => {
      const { name, value, kind: valueKind, origin } = column;
      return { name, value, kind: valueKind, origin, source: sourceOf(column, table) };
    }),
  };
}

const mostColumns = 200;

/** A row that was pasted: a JSON object, or a line of names and one of values with tabs between. Null where it is neither. */
export function readRow(text: string): readonly SampleColumn[] | null {
  const pairs = ofObject(text) ?? ofLines(text);
  return pairs === null || pairs.length === 0 || pairs.length > mostColumns ? null : pairs;
}

function ofObject(text: string): readonly SampleColumn[] | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    const read: unknown = JSON.parse(text);
    return Object.entries(read as object).map(([name, value]: [string, unknown]) => columnOf(name, value));
  } catch {
    return null;
  }
}

function columnOf(name: string, value: unknown): SampleColumn {
  switch (typeof value) {
    case 'string':
      return newColumn(name, value);
    case 'number':
      return newColumn(name, String(value), Number.isInteger(value) ? 'integer' : 'numeric');
    case 'boolean':
      return newColumn(name, value ? 't' : 'f', 'boolean');
    default:
      return value === null ? newColumn(name, null) : newColumn(name, JSON.stringify(value), 'json');
  }
}

function ofLines(text: string): readonly SampleColumn[] | null {
  const [names, values, ...rest] = text.split(/\r?\n/).filter((line) => line !== '');
  if (names === undefined || values === undefined || rest.length > 0) return null;
  const [heads, cells] = [names.split('\t'), values.split('\t')];
  if (heads.length !== cells.length) return null;
  return heads.map((name, place) => newColumn(name, cells[place] ?? ''));
}
