import type { QueryFields } from '../api/types.ts';

export type QueryField = QueryFields['items'][number];

/** The field whose value is being written at the end of a text, and where that value began. */
export function fieldBefore(text: string): { readonly name: string; readonly from: number } | null {
  const match = /(?:^|[\s(])[-!]?([a-z_.]+):(?:\[(?:[^\]]*,\s*)?)?([\w-]*)$/i.exec(text);
  if (match === null) return null;
  return { name: (match[1] ?? '').toLowerCase(), from: text.length - (match[2] ?? '').length };
}

/** What a field, or another word for it, can be. */
export function valuesOf(fields: readonly QueryField[], name: string): readonly string[] {
  return fields.find((field) => field.name === name || field.synonyms.includes(name))?.values ?? [];
}

/** A query with one more filter; what is not a plain word is quoted. */
export function withFilter(query: string, field: string, value: string): string {
  const written = /^[\p{L}\p{N}_.@-]+$/u.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
  return `${query} ${field}:${written}`.trim();
}
