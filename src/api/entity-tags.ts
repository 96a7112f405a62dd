/** A version as HTTP has it (RFC 9110 section 8.8.3). */
export function etagOf(version: string): string {
  return `"${version}"`;
}

/**
 * The versions that `If-Match` names; null where it is not there. The route's schema holds that it is one. A weak tag is none of them:
 * `If-Match` compares strongly (RFC 9110 section 13.1.1).
 */
export function versionsIn(header: string | undefined): readonly string[] | '*' | null {
  if (header === undefined) return null;
  if (header === '*') return '*';
  return header.split(/, */).flatMap((tag) => /^"(.*)"$/.exec(tag.trim())?.[1] ?? []);
}
