/**
 * How the journal stands on disk: `<state>/journal/<number, 12 digits>.segment`, each a 16-byte header (8 bytes magic, the
 * number as u64 big-endian) and then frames. Numbers rise by one and are never used twice. Segments of the first version have no
 * entries that repeat others.
 */
export const segmentHeaderBytes = 16;
const magic = Buffer.from('CHAPJRN2', 'latin1');
const firstMagic = Buffer.from('CHAPJRN1', 'latin1');

export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.segment`;
}

/** The number in a segment's file name, or null where the name is not a segment's. */
export function segmentNumber(fileName: string): number | null {
  const match = /^(\d{12})\.segment$/.exec(fileName);
  return match === null ? null : Number(match[1]);
}

export function encodeSegmentHeader(number: number): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  magic.copy(header);
  header.writeBigUInt64BE(BigInt(number), magic.length);
  return header;
}

/** Whether these bytes begin the segment of that number. */
export function isSegmentHeader(bytes: Buffer, number: number): boolean {
  if (bytes.length < segmentHeaderBytes || bytes.readBigUInt64BE(magic.length) !== BigInt(number)) return false;
  const found = bytes.subarray(0, magic.length);
  return found.equals(magic) || found.equals(firstMagic);
}
