/** A request target in the one form that is judged, recorded and sent. */
export interface CanonicalTarget {
  /** Begins with a slash; percent signs only where they must be. */
  readonly path: string;
  /** Without the question mark; null where there was none. */
  readonly query: string | null;
}

const longestPath = 8 * 1024;
const longestQuery = 64 * 1024;

/** What RFC 3986 section 2.3 says means the same with and without its percent sign. */
const unreserved = /^[A-Za-z0-9._~-]$/;
/** What may stand in a segment as it is (pchar, section 3.3), but `;`. */
const plain = /^[A-Za-z0-9._~!$&'()*+,=:@-]$/;

/**
 * Brings a path into its one form, or says what makes it ambiguous. Servers differ in what they decode, when, and how often, and a
 * policy that sees another path than the target is none (oauth2-proxy GHSA-7rh7, Pomerium CVE-2021-39206, agentgateway GHSA-v2x6).
 * So nothing is resolved here: what two servers could read as two paths is refused.
 */
export function canonicalTarget(target: string, encodedSlashes: 'refuse' | 'keep'): CanonicalTarget | string {
  const mark = target.indexOf('?');
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  if (rawPath.length > longestPath) return `the path is longer than ${longestPath} characters`;
  const segments = rawPath.split('/');
  const written: string[] = [];
  // The first one is what stands before the first slash: nothing.
  for (const [index, segment] of segments.entries()) {
    if (index === 0) continue;
    if (segment === '' && index < segments.length - 1) return 'an empty segment (//) in the path';
    const canonical = canonicalSegment(segment, encodedSlashes);
    if (canonical.problem !== null) return canonical.problem;
    written.push(canonical.text);
  }
  const query = mark === -1 ? null : canonicalQuery(target.slice(mark + 1));
  if (query !== null && query.length > longestQuery) return `the query is longer than ${longestQuery} characters`;
  return { path: `/${written.join('/')}`, query };
}

type Segment = { readonly problem: null; readonly text: string } | { readonly problem: string; readonly text?: undefined };

function canonicalSegment(segment: string, encodedSlashes: 'refuse' | 'keep'): Segment {
  let text = '';
  let decoded = '';
  for (let at = 0; at < segment.length; at += 1) {
    const sign = segment.charAt(at);
    if (sign === ';') return { problem: 'a semicolon in the path, which some servers take for the end of a segment' };
    if (sign !== '%') {
      decoded += sign;
      text += plain.test(sign) ? sign : encoded(sign.charCodeAt(0));
      continue;
    }
    const hex = segment.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return { problem: 'a percent sign without two hexadecimal digits in the path' };
    const code = Number.parseInt(hex, 16);
    const problem = encodedProblem(code, encodedSlashes);
    if (problem !== null) return { problem };
    const meant = String.fromCharCode(code);
    decoded += meant;
    text += unreserved.test(meant) ? meant : encoded(code);
    at += 2;
  }
  // With the slashes that stand for themselves taken for real ones, too, none may lead upwards.
  if (decoded.split('/').some((part) => part === '.' || part === '..')) return { problem: 'a dot segment (. or ..) in the path' };
  if (/%[0-9A-Fa-f]{2}/.test(decoded)) return { problem: 'something encoded twice (%25…) in the path' };
  return { problem: null, text };
}

function encodedProblem(code: number, encodedSlashes: 'refuse' | 'keep'): string | null {
  const sign = String.fromCharCode(code);
  if (sign === '/') return encodedSlashes === 'keep' ? null : 'an encoded slash (%2F) in the path';
  if (sign === '\\') return 'an encoded backslash (%5C) in the path';
  if (sign === ';') return 'an encoded semicolon (%3B) in the path';
  return code < 0x20 || code === 0x7f ? 'an encoded control character in the path' : null;
}

/** A query passes as it came, but for what may not stand in one; what separates and what is encoded stays the target's affair. */
function canonicalQuery(query: string): string {
  return query.replaceAll(/[^A-Za-z0-9._~!$&'()*+,;=:@/?%[\]-]/g, (sign) => encoded(sign.charCodeAt(0)));
}

function encoded(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** The names of a query's parameters, decoded, each once, in their order. Both `&` and `;` separate, since servers differ. */
export function queryNames(query: string | null): string[] {
  if (query === null) return [];
  const names = query.split(/[&;]/).map((pair) => decodedName(pair.split('=', 1)[0] ?? ''));
  return [...new Set(names.filter((name) => name !== ''))];
}

/** A query without the parameters of one name, in whatever spelling; null where nothing is left. */
export function withoutParameter(query: string | null, name: string): string | null {
  if (query === null) return null;
  const wanted = name.toLowerCase();
  const kept = query.split(/[&;]/).filter((pair) => decodedName(pair.split('=', 1)[0] ?? '').toLowerCase() !== wanted);
  return kept.length === 0 ? null : kept.join('&');
}

function decodedName(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced; // No UTF-8: then its bytes are its name.
  }
}
