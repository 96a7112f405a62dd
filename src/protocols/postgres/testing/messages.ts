/** A message as it stood on the wire; start-up and cancel have no type. */
export interface WireMessage {
  readonly type: string;
  readonly body: Buffer;
  readonly whole: Buffer;
}

/** Cuts a whole stream into messages, by the manual alone (chapter 54.7) and not by the code under test. */
export function cutMessages(stream: Buffer, untypedFirst = false): WireMessage[] {
  const found: WireMessage[] = [];
  let at = 0;
  if (untypedFirst && stream.length >= 4) {
    at = stream.readUInt32BE(0);
    found.push({ type: '', body: stream.subarray(4, at), whole: stream.subarray(0, at) });
  }
  while (at + 5 <= stream.length) {
    const end = at + 1 + stream.readUInt32BE(at + 1);
    found.push({ type: String.fromCharCode(stream[at] ?? 0), body: stream.subarray(at + 5, end), whole: stream.subarray(at, end) });
    at = end;
  }
  return found;
}

export function int16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeInt16BE(value, index * 2);
  return bytes;
}

export function int32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, index * 4);
  return bytes;
}
