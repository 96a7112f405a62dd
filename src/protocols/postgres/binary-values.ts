import { readValue } from './values.ts';
import { elementTypes } from './value-kinds.ts';

/** A type's binary form: from bytes to text, and back. Null where a text is none of its values. */
export interface BinaryForm {
  read(bytes: Buffer): string;
  write(text: string): Buffer | null;
}

const BINARY = 1;
const day = 86_400_000;
const epoch = Date.UTC(2000, 0, 1);
const micros = 1000n;

/** What can be masked in its binary form, by OIDs of pg_type (src/backend/utils/adt, `*_send`); anything else becomes NULL. */
const writers: { readonly [oid: number]: (text: string) => Buffer | null } = {
  16: (text) => Buffer.from([text === 't' ? 1 : 0]),
  17: (text) => (/^\\x[0-9a-f]*$/i.test(text) ? Buffer.from(text.slice(2), 'hex') : null),
  19: utf8,
  20: (text) => sized(8, (bytes) => bytes.writeBigInt64BE(BigInt(text))),
  21: (text) => sized(2, (bytes) => bytes.writeInt16BE(whole(text))),
  23: (text) => sized(4, (bytes) => bytes.writeInt32BE(whole(text))),
  25: utf8,
  26: (text) => sized(4, (bytes) => bytes.writeUInt32BE(whole(text))),
  114: utf8,
  142: utf8,
  650: (text) => address(text, 1),
  700: (text) => sized(4, (bytes) => bytes.writeFloatBE(Number(text))),
  701: (text) => sized(8, (bytes) => bytes.writeDoubleBE(Number(text))),
  705: utf8,
  829: (text) => hexOf(text, 6),
  869: (text) => address(text, 0),
  1042: utf8,
  1043: utf8,
  1082: (text) => sized(4, (bytes) => bytes.writeInt32BE(Math.floor((timeOf(`${text}T00:00:00Z`) - epoch) / day))),
  1083: (text) => sized(8, (bytes) => bytes.writeBigInt64BE(clock(text))),
  1114: (text) => sized(8, (bytes) => bytes.writeBigInt64BE(moment(text))),
  1184: (text) => sized(8, (bytes) => bytes.writeBigInt64BE(moment(text.replace(/\+00$/, '')))),
  1186: (text) => (text === '00:00:00' ? Buffer.alloc(16) : null),
  1266: (text) => sized(12, (bytes) => bytes.writeBigInt64BE(clock(text.replace(/\+00$/, '')))),
  1700: numeric,
  2950: (text) => hexOf(text, 16),
  3802: (text) => Buffer.concat([Buffer.from([1]), Buffer.from(text, 'utf8')]),
};

/** Null where the type is not among those that can be masked. */
export function binaryForm(type: number): BinaryForm | null {
  const element = elementTypes[type];
  if (element !== undefined) return arrayForm(element);
  const write = writers[type];
  return write === undefined ? null : { read: readers[type] ?? ((bytes) => readValue(bytes, BINARY, type)), write: guarded(write) };
}

/** What values.ts shows as hexadecimal digits, in the form in which masking looks at it. */
const readers: { readonly [oid: number]: (bytes: Buffer) => string } = {
  650: readAddress,
  705: (bytes) => bytes.toString('utf8'),
  829: (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
  869: readAddress,
  1186: () => '00:00:00',
  1266: (bytes) => `${readValue(bytes.subarray(0, 8), BINARY, 1083)}+00`,
};

function guarded(write: (text: string) => Buffer | null): (text: string) => Buffer | null {
  return (text) => {
    try {
      return write(text);
    } catch {
      // What does not fit the type is not sent.
      return null;
    }
  };
}

/** An array is searched element by element, and emptied as a whole: what stays of it would have to be told from what was found. */
function arrayForm(element: number): BinaryForm {
  const form = binaryForm(element);
  return {
    read: (bytes) =>
      `{${elementsOf(bytes)
        .map((value) => (value === null ? 'NULL' : (form?.read(value) ?? value.toString('utf8'))))
        .join()}}`,
    write: (text) => {
      if (text !== '{}') return null;
      const empty = Buffer.alloc(12);
      empty.writeUInt32BE(element, 8);
      return empty;
    },
  };
}

function elementsOf(bytes: Buffer): readonly (Buffer | null)[] {
  const dimensions = bytes.readInt32BE(0);
  const elements: (Buffer | null)[] = [];
  for (let at = 12 + 8 * dimensions; at + 4 <= bytes.length; ) {
    const length = bytes.readInt32BE(at);
    at += 4;
    elements.push(length < 0 ? null : bytes.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return elements;
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
function sized(count: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(count);
  write(bytes);
  return bytes;
}
function whole(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new RangeError('not a whole number');
  return Number(text);
}
function hexOf(text: string, count: number): Buffer | null {
  const bytes = Buffer.from(text.replaceAll(/[-:]/g, ''), 'hex');
  return bytes.length === count ? bytes : null;
}
function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new RangeError('not a time');
  return time;
}
function moment(text: string): bigint {
  return BigInt(timeOf(`${text.replace(' ', 'T')}Z`) - epoch) * micros;
}
function clock(text: string): bigint {
  return BigInt(timeOf(`2000-01-01T${text}Z`) - epoch) * micros;
}

const IPV4 = 2;
const IPV6 = 3;

/** Family, bits, whether it is a cidr, length, address (`network_send`). */
function address(text: string, isCidr: number): Buffer | null {
  const plain = text.replace(/\/\d{1,3}$/, '');
  const parts = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(plain) ? plain.split('.').map(Number) : null;
  if (parts?.some((part) => part > 255)) return null;
  const bytes = parts === null ? ipv6(plain) : Buffer.from(parts);
  return Buffer.concat([Buffer.from([bytes.length === 4 ? IPV4 : IPV6, bytes.length * 8, isCidr, bytes.length]), bytes]);
}

function ipv6(text: string): Buffer {
  const groups = (side: string) => (side === '' ? [] : side.split(':'));
  const [left = '', right] = text.split('::');
  const [before, after] = [groups(left), groups(right ?? '')];
  const all = right === undefined ? before : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  if (all.length !== 8 || !all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) throw new RangeError('not an address in groups alone');
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function readAddress(bytes: Buffer): string {
  const value = bytes.subarray(4);
  if (bytes[0] === IPV4) return value.join('.');
  return (value.toString('hex').match(/.{4}/g) ?? []).map((group) => group.replace(/^0+(?=.)/, '')).join(':');
}

/** Base-10,000 digits with a weight, a sign and a display scale. */
function numeric(text: string): Buffer | null {
  const match = /^(-?)(\d{1,200})(?:\.(\d{1,200}))?$/.exec(text);
  if (match === null) return null;
  const [, minus = '', integer = '', fraction = ''] = match;
  const left = integer.replace(/^0+/, '');
  const before = left.padStart(Math.ceil(left.length / 4) * 4, '0');
  const after = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  let digits = ((before + after).match(/.{4}/g) ?? []).map(Number);
  let weight = before.length / 4 - 1;
  while (digits[0] === 0) {
    digits = digits.slice(1);
    weight -= 1;
  }
  while (digits.at(-1) === 0) digits = digits.slice(0, -1);
  const zero = digits.length === 0;
  const bytes = Buffer.alloc(8 + digits.length * 2);
  bytes.writeUInt16BE(digits.length, 0);
  bytes.writeInt16BE(zero ? 0 : weight, 2);
  bytes.writeUInt16BE(minus === '-' && !zero ? 0x4000 : 0, 4);
  bytes.writeUInt16BE(fraction.length, 6);
  for (const [index, digit] of digits.entries()) bytes.writeUInt16BE(digit, 8 + index * 2);
  return bytes;
}
