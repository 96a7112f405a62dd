import { isUtf8 } from 'node:buffer';
import { MalformedBytes } from '../../wire/byte-reader.ts';

/**
 * A statement's text from its bytes with their closing NUL. PostgreSQL reads to the first NUL; bytes behind one would pass
 * unread. What is not UTF-8 is shown byte by byte: all encodings that pass leave ASCII as it is.
 */
export function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  if (end !== bytes.length - 1) throw new MalformedBytes('a statement must end with its first NUL');
  const text = bytes.subarray(0, end);
  return text.toString(isUtf8(text) ? 'utf8' : 'latin1');
}

/** NAMEDATALEN - 1: PostgreSQL tells the names of statements and portals apart by so many of their bytes. */
const nameLimit = 63;

/** Where the name of a statement or portal ends: its NUL. One beyond ASCII does not pass: which name it is depends on the encoding of the moment. */
export function nameEnd(buffer: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    const byte = buffer[at] ?? 0;
    if (byte === 0) return at;
    if (byte > 0x7f) throw new MalformedBytes('the name of a statement or portal has characters beyond ASCII');
  }
  throw new MalformedBytes('the name of a statement or portal has no end');
}

/** The name that stands there, as the target tells it apart from others. */
export function nameIn(buffer: Buffer, from: number, end: number): string {
  return from === end ? '' : buffer.toString('latin1', from, Math.min(end, from + nameLimit));
}
