import { ByteReader } from '../../wire/byte-reader.ts';

/** A column as the target announces it. */
export interface DescribedColumn {
  readonly name: string;
  /** The OID of the table or view whose column it is as it stands; 0 where it is of none. */
  readonly table: number;
  readonly type: number;
  readonly format: number;
}

/** Reads the body of a RowDescription. Throws MalformedBytes where it is none. */
export function readColumns(body: Buffer): readonly DescribedColumn[] {
  const reader = new ByteReader(body);
  const count = reader.uint16();
  const columns: DescribedColumn[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = reader.cstring();
    const table = reader.uint32();
    reader.bytes(2);
    const type = reader.uint32();
    reader.bytes(6);
    columns.push({ name, table, type, format: reader.uint16() });
  }
  return columns;
}

/** The formats in which a Bind wants its result; what is malformed is for the target to refuse. */
export function resultFormats(buffer: Buffer, from: number, to: number): readonly number[] {
  const reader = new ByteReader(buffer, from + 5, to);
  reader.cstring();
  reader.cstring();
  reader.bytes(2 * reader.uint16());
  for (let left = reader.uint16(); left > 0; left -= 1) reader.bytes(Math.max(0, reader.int32()));
  const count = reader.uint16();
  const formats = Array.from({ length: count }, () => reader.uint16());
  // None is text throughout.
  return count === 0 ? [0] : formats;
}
