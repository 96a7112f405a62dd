import { ByteReader } from '../../wire/byte-reader.ts';

/** Reads what stands within a value: its bytes, and the OID of its type. */
type Read = (bytes: Buffer, type: number) => string;

/** What the server's own `array_out` writes: `{1,NULL,"a b"}`. Throws where it is no array (`array_send`). */
export function readArray(bytes: Buffer, read: Read): string {
  const reader = new ByteReader(bytes);
  const count = reader.uint32();
  if (count > 6) throw new RangeError('too many dimensions');
  reader.uint32();
  const type = reader.uint32();
  const dimensions = Array.from({ length: count }, () => ({ length: reader.uint32(), from: reader.int32() }));
  // Each element takes four bytes at least: no length is believed that what is there could not hold, and none is nothing.
  const elements = dimensions.reduce((product, { length }) => product * length, 1);
  if (count > 0 && (elements === 0 || elements > reader.left / 4)) throw new RangeError('another number of elements');
  const text = count === 0 ? '{}' : arrayLevel(reader, dimensions, type, read);
  reader.finish();
  const plain = dimensions.every(({ from }) => from === 1);
  return plain ? text : `${dimensions.map(({ length, from }) => `[${from}:${from + length - 1}]`).join('')}=${text}`;
}

function arrayLevel(reader: ByteReader, [dimension, ...inner]: readonly { readonly length: number }[], type: number, read: Read): string {
  const texts: string[] = [];
  for (let left = dimension?.length ?? 0; left > 0; left -= 1)
    texts.push(inner.length > 0 ? arrayLevel(reader, inner, type, read) : (quotedOrNull(member(reader), type, read) ?? 'NULL'));
  return `{${texts.join(',')}}`;
}

/** `(1,,"a b")`, as `record_out` writes it. */
export function readRecord(bytes: Buffer, read: Read): string {
  const reader = new ByteReader(bytes);
  const texts = Array.from({ length: Math.min(reader.uint32(), 1_664) }, () => {
    const type = reader.uint32();
    const value = member(reader);
    if (value === null) return '';
    const text = read(value, type);
    return text === '' || /["\\(),\s]/.test(text) ? `"${text.replaceAll(/["\\]/g, (found) => found + found)}"` : text;
  });
  reader.finish();
  return `(${texts.join(',')})`;
}

const range = { empty: 1, fromIncluded: 2, toIncluded: 4, fromInfinite: 8, toInfinite: 16 } as const;

/** `[1,5)`, as `range_out` writes it. */
export function readRange(bytes: Buffer, type: number, read: Read): string {
  const reader = new ByteReader(bytes);
  const flags = reader.uint8();
  if ((flags & range.empty) !== 0) return 'empty';
  const bound = (infinite: number) => {
    const value = (flags & infinite) === 0 ? member(reader) : null;
    if (value === null) return '';
    const text = read(value, type);
    return /["\\()[\],\s]/.test(text) ? `"${text}"` : text;
  };
  const [from, to] = [bound(range.fromInfinite), bound(range.toInfinite)];
  return `${(flags & range.fromIncluded) === 0 ? '(' : '['}${from},${to}${(flags & range.toIncluded) === 0 ? ')' : ']'}`;
}

/** Null is the value NULL. */
function member(reader: ByteReader): Buffer | null {
  const length = reader.uint32();
  return length === 0xffff_ffff ? null : reader.bytes(length);
}

function quotedOrNull(value: Buffer | null, type: number, read: Read): string | null {
  if (value === null) return null;
  const text = read(value, type);
  const plain = text !== '' && !/["\\{},\s]/.test(text) && text.toLowerCase() !== 'null';
  return plain ? text : `"${text.replaceAll(/["\\]/g, (found) => `\\${found}`)}"`;
}
