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
