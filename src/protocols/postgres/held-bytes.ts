/** How much of a row that must be masked is held, in bytes: it can be masked only when it is whole. */
export const maskedRowLimit = 64 * 1024 * 1024;

/** A row that must be masked is longer than what is held of one. */
export class TooLongToMask extends Error {
  constructor(bytes: number) {
    super(`A row of ${bytes} bytes has values that must be masked, and only rows up to ${maskedRowLimit} bytes are.`);
  }
}

/** A copy has values that must be masked, and options by which Chaperone cannot find them. The target has done nothing wrong. */
export class UnreadableCopy extends Error {
  constructor() {
    super('The copy has columns that must be masked, and options that Chaperone does not read.');
  }
}

/** What was left of a row, and what comes behind it. */
export function joined(held: Buffer | null, bytes: Buffer): Buffer {
  if (held === null) return bytes;
  const length = held.length + bytes.length;
  if (length > maskedRowLimit) throw new TooLongToMask(length);
  return Buffer.concat([held, bytes], length);
}
