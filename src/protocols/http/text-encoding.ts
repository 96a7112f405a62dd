import { Withheld } from './body-mask.ts';

/** A text from its bytes, without a byte order mark at its beginning where `stripped`. What is no text in its charset is withheld. */
export function decodedText(bytes: Buffer, charset: string, what: string, stripped = false): string {
  const text = textIn(charset, bytes, stripped);
  if (text === null) throw new Withheld(`${what} that is no text in ${charset}`);
  return text;
}

/** The same; null where it is no text. Where there is a NUL, it is another charset, or none: nothing could be found in it. */
export function textIn(charset: string, bytes: Buffer, stripped = false): string | null {
  try {
    const text = new TextDecoder(charset, { fatal: true, ignoreBOM: !stripped }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

const oneByteEach = /^(ibm866|iso-8859-.*|koi8-.|macintosh|windows-.*|x-mac-cyrillic)$/;

/** The bytes of a text in its charset; null where there are none that every reader takes for it. */
export function encodedText(text: string, charset: string): Buffer | null {
  const { encoding } = new TextDecoder(charset);
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8');
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
  if (/^[\t\n\r\x20-\x7e]*$/.test(text)) return Buffer.from(text, 'latin1');
  return oneByteEach.test(encoding) ? inOneByteEach(text, encoding) : null;
}

function inOneByteEach(text: string, encoding: string): Buffer | null {
  const decoder = new TextDecoder(encoding);
  const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte] as const));
  const encoded = Array.from(text, (character) => bytes.get(character));
  return encoded.every((byte) => byte !== undefined) ? Buffer.from(encoded) : null;
}
