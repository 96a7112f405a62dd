import { words } from '../text.ts';

interface QueryField {
  readonly name: keyof typeof words.query.fields;
  /** Where there are no other values than these. */
  readonly values: readonly string[];
}

const known: readonly QueryField[] = [
  { name: 'verdict', values: ['permitted', 'approved', 'refused', 'denied', 'expired'] },
  { name: 'effect', values: ['read', 'write', 'schema', 'admin', 'unknown'] },
  { name: 'status', values: ['ok', 'error', 'skipped', 'refused', 'cut', 'active'] },
  { name: 'connection', values: [] },
  { name: 'action', values: [] },
  { name: 'object', values: [] },
];

/** What can stand before a colon. */
export const fields = known.map(({ name }) => ({ name, says: words.query.fields[name] }));

export function valuesOf(field: string): readonly string[] {
  return known.find(({ name }) => name === field)?.values ?? [];
}

/** The field whose value is being written at the end of a text, and where that value began. */
export function fieldBefore(text: string): { readonly name: string; readonly from: number } | null {
  const match = /(?:^|[\s(])[-!]?([a-z_.]+):(?:\[(?:[^\]]*,\s*)?)?([\w-]*)$/i.exec(text);
  if (match === null) return null;
  return { name: (match[1] ?? '').toLowerCase(), from: text.length - (match[2] ?? '').length };
}
