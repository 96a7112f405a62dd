import { crc32 } from 'node:zlib';

/*
 * CRC-32 is linear: the checksum of two pieces is that of the first, moved on by the length of the second, combined with that of
 * the second. What is written again and again behind headers that differ is therefore summed once. The arithmetic is that of zlib's
 * `crc32_combine` (crc32.c), on the polynomial of RFC 1952 in its reflected form.
 */
const polynomial = 0xedb88320;
const highest = 0x8000_0000;

/** A frame's payload whose checksum is known. */
export class KnownPayload {
  readonly bytes: Uint8Array;
  readonly #sum: number;
  readonly #shift: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#sum = crc32(bytes);
    this.#shift = shiftBy(bytes.length);
  }

  /** The checksum of what has the checksum `before`, followed by this; as a signed number, which needs no memory of its own. */
  sumBehind(before: number): number {
    const shift = this.#shift;
    const moved =
      (shift[before & 0xff] ?? 0) ^
      (shift[256 + ((before >>> 8) & 0xff)] ?? 0) ^
      (shift[512 + ((before >>> 16) & 0xff)] ?? 0) ^
      (shift[768 + (before >>> 24)] ?? 0);
    return moved ^ this.#sum;
  }
}

export type Payload = Uint8Array | KnownPayload;

export function bytesOf(payload: Payload): Uint8Array {
  return payload instanceof KnownPayload ? payload.bytes : payload;
}

/** What four bytes make of a checksum, each by its place from the last on (Intel's slicing, by 4); the first 256 are one byte's. */
const slices = new Int32Array(1024);
for (let byte = 0; byte < 256; byte += 1) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = half(sum);
  slices[byte] = sum;
}
for (let index = 256; index < 1024; index += 1) {
  const before = slices[index - 256] ?? 0;
  slices[index] = (before >>> 8) ^ (slices[before & 0xff] ?? 0);
}

/** The checksum of a few bytes, as a signed number: below a hundred and forty the call into the library costs more than they do. */
export function sumOfFew(bytes: Uint8Array, from: number, to: number): number {
  let sum = -1;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    sum ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    sum =
      (slices[768 + (sum & 0xff)] ?? 0) ^
      (slices[512 + ((sum >>> 8) & 0xff)] ?? 0) ^
      (slices[256 + ((sum >>> 16) & 0xff)] ?? 0) ^
      (slices[sum >>> 24] ?? 0);
  }
  for (; at < to; at += 1) sum = (slices[(sum ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (sum >>> 8);
  return ~sum;
}

/** Payloads have few lengths; a table has 4 KiB. */
const rememberedShifts = 512;
const shifts = new Map<number, Uint32Array>();

/** What each byte of a checksum becomes when so many bytes follow. */
function shiftBy(length: number): Uint32Array {
  const known = shifts.get(length);
  if (known !== undefined) return known;
  const factor = powerOf(length);
  const ofBit = Array.from({ length: 32 }, (_, bit) => product(factor, 2 ** bit));
  const table = new Uint32Array(1024);
  for (let place = 0; place < 4; place += 1)
    for (let byte = 1; byte < 256; byte += 1) {
      const bit = 31 - Math.clz32(byte);
      table[place * 256 + byte] = (table[place * 256 + (byte ^ (1 << bit))] ?? 0) ^ (ofBit[place * 8 + bit] ?? 0);
    }
  if (shifts.size >= rememberedShifts) shifts.clear();
  shifts.set(length, table);
  return table;
}

/** x to the power of so many bytes' bits. */
function powerOf(length: number): number {
  let power = highest;
  // x, squared three times: a byte.
  let square = [0, 1, 2].reduce((value) => product(value, value), highest >>> 1);
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = product(square, power);
    square = product(square, square);
  }
  return power;
}

/** Of two polynomials, modulo the checksum's. The highest bit is the lowest power. */
function product(one: number, other: number): number {
  let sum = 0;
  let shifted = other;
  for (let bit = highest; bit > 0; bit = Math.floor(bit / 2)) {
    if ((one & bit) !== 0) sum ^= shifted;
    shifted = half(shifted);
  }
  return sum >>> 0;
}

function half(value: number): number {
  return value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
}
