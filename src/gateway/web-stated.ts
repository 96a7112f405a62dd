import { isUtf8 } from 'node:buffer';

/** For clients whose headers take no more than Latin-1, the form that RFC 8187 has for parameters: `UTF-8''r%C3%A9vis%C3%A9`. */
const extended = /^utf-8'[a-z0-9-]*'(.*)$/i;

/** What `Chaperone-Reason` says, or null. `value` has a character for each byte, as Node hands in headers. */
export function statedBy(value: string | undefined): string | null {
  if (value === undefined) return null;
  const bytes = Buffer.from(value, 'latin1');
  const words = isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
  const [, coded] = extended.exec(words) ?? [];
  return (coded === undefined ? words : decoded(coded)).trim() || null;
}

function decoded(coded: string): string {
  try {
    return decodeURIComponent(coded);
  } catch (fault) {
    // Whoever reads it sees what was sent.
    if (fault instanceof URIError) return coded;
    throw fault;
  }
}
