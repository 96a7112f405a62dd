import { isUtf8 } from 'node:buffer';
import { type ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';

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

/**
 * The name of a statement or portal, as the target tells it apart from others. One beyond ASCII does not pass: which name it
 * is depends on the encoding of the moment.
 */
export function readName(reader: ByteReader): string {
  const name = reader.cstring('latin1');
  for (let at = 0; at < name.length; at += 1)
    if (name.charCodeAt(at) > 0x7f) throw new MalformedBytes('the name of a statement or portal has characters beyond ASCII');
  return name.length > nameLimit ? name.slice(0, nameLimit) : name;
}
