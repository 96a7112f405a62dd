import { ByteReader } from '../../wire/byte-reader.ts';
import { readArray, readRange, readRecord } from './structured-values.ts';
import { elementTypes } from './value-kinds.ts';

const day = 86_400_000;
/** PostgreSQL counts dates and times from 2000-01-01. */
const epoch = Date.UTC(2000, 0, 1);
const BINARY = 1;

/** Binary formats by type OID (src/backend/utils/adt, `*_send`); what is not here is shown as hexadecimal bytes. */
const binaryReaders: Readonly<Record<number, (bytes: Buffer) => string>> = {
  16: (bytes) => (bytes[0] === 1 ? 't' : 'f'),
  17: hex,
  18: text,
  19: text,
  20: (bytes) => bytes.readBigInt64BE(0).toString(),
  21: (bytes) => String(bytes.readInt16BE(0)),
  23: (bytes) => String(bytes.readInt32BE(0)),
  25: text,
  26: (bytes) => String(bytes.readUInt32BE(0)),
  28: (bytes) => String(bytes.readUInt32BE(0)),
  114: text,
  142: text,
  650: network,
  700: (bytes) => String(Math.fround(bytes.readFloatBE(0))),
  701: (bytes) => String(bytes.readDoubleBE(0)),
  705: text,
  829: (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
  869: network,
  1042: text,
  1043: text,
  1082: (bytes) => infinite(bytes.readInt32BE(0), 0x7fff_ffff) ?? new Date(epoch + bytes.readInt32BE(0) * day).toISOString().slice(0, 10),
  1083: (bytes) => timeOfDay(bytes.readBigInt64BE(0)),
  1114: (bytes) => timestamp(bytes.readBigInt64BE(0)),
  1184: (bytes) => timestamp(bytes.readBigInt64BE(0), '+00'),
  1186: interval,
  1266: (bytes) => timeOfDay(bytes.readBigInt64BE(0)) + zone(bytes.readInt32BE(8)),
  1700: numeric,
  2950: uuid,
  3802: (bytes) => text(bytes.subarray(1)),
  4072: (bytes) => text(bytes.subarray(1)),
  5069: (bytes) => bytes.readBigUInt64BE(0).toString(),
};

/** The types of the bounds of PostgreSQL's own ranges. */
const boundTypes: Readonly<Record<number, number>> = { 3904: 23, 3906: 1700, 3908: 1114, 3910: 1184, 3912: 1082, 3926: 20 };

/** A value as text: text format as it stands, binary format by its type; hexadecimal where the type is not known. */
export function readValue(bytes: Buffer, format: number, type: number): string {
  return format === BINARY ? readBinary(bytes, type) : text(bytes);
}

/** Deeper nesting is shown as hexadecimal digits: each level doubles the quotation marks of the one within. */
const deepest = 3;
const record = 2249;

function readBinary(bytes: Buffer, type: number, depth = 0): string {
  try {
    if (depth > deepest) return hex(bytes);
    const within = (value: Buffer, inner: number) => readBinary(value, inner, depth + 1);
    if (type in elementTypes) return readArray(bytes, within);
    if (type === record) return readRecord(bytes, within);
    const bound = boundTypes[type];
    return bound === undefined ? (binaryReaders[type] ?? hex)(bytes) : readRange(bytes, bound, within);
  } catch {
    // A value that is not what its type says is shown as what it is.
    return hex(bytes);
  }
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8');
}
function hex(bytes: Buffer): string {
  return `\\x${bytes.toString('hex')}`;
}
/** Family, bits of the network, whether it is a cidr, length, address (`network_send`); 2 is IPv4, 3 IPv6. */
function network(bytes: Buffer): string {
  const [family, bits, isCidr, length] = bytes;
  const address = bytes.subarray(4);
  if (length !== address.length || (length !== 4 && length !== 16)) return hex(bytes);
  const plain =
    family === 2
      ? address.join('.')
      : new URL(`http://[${address.toString('hex').replaceAll(/(.{4})(?!$)/g, '$1:')}]`).hostname.slice(1, -1);
  return isCidr === 0 && bits === length * 8 ? plain : `${plain}/${bits}`;
}
/** Microseconds, days and months, as `intervalstyle` `postgres` writes them. */
function interval(bytes: Buffer): string {
  const [micros, days, months] = [bytes.readBigInt64BE(0), bytes.readInt32BE(8), bytes.readInt32BE(12)];
  const named = [
    [Math.trunc(months / 12), 'year'],
    [months % 12, 'mon'],
    [days, 'day'],
  ] as const;
  let negative = false;
  const parts = named.flatMap(([count, name]) => {
    if (count === 0) return [];
    const sign = negative && count > 0 ? '+' : '';
    negative = count < 0;
    return [`${sign}${count} ${name}${count === 1 ? '' : 's'}`];
  });
  if (micros !== 0n || parts.length === 0) {
    const size = micros < 0n ? -micros : micros;
    const seconds = size / 1_000_000n;
    const two = (count: bigint) => String(count).padStart(2, '0');
    const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction(size)}`;
    parts.push(`${micros < 0n ? '-' : negative ? '+' : ''}${clock}`);
  }
  return parts.join(' ');
}
/** Seconds west of Greenwich, as `+02`, `-03:30`. */
function zone(west: number): string {
  const east = Math.abs(west);
  const two = (count: number) => String(Math.trunc(count)).padStart(2, '0');
  const minutes = east % 3600 === 0 ? '' : `:${two((east / 60) % 60)}`;
  return `${west > 0 ? '-' : '+'}${two(east / 3600)}${minutes}${east % 60 === 0 ? '' : `:${two(east % 60)}`}`;
}
function uuid(bytes: Buffer): string {
  if (bytes.length !== 16) return hex(bytes);
  const digits = bytes.toString('hex');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}
function infinite(value: number | bigint, greatest: number | bigint): string | null {
  if (value === greatest) return 'infinity';
  return value === -BigInt(greatest) - 1n || value === -Number(greatest) - 1 ? '-infinity' : null;
}
function timeOfDay(micros: bigint): string {
  const clock = new Date(Number(micros / 1000n)).toISOString().slice(11, 19);
  return clock + fraction(micros);
}
function timestamp(micros: bigint, zone = ''): string {
  const unbounded = infinite(micros, 0x7fff_ffff_ffff_ffffn);
  if (unbounded !== null) return unbounded;
  const seconds = micros >= 0n ? micros / 1_000_000n : -((-micros + 999_999n) / 1_000_000n);
  const moment = new Date(epoch + Number(seconds) * 1000).toISOString();
  return moment.slice(0, 19).replace('T', ' ') + fraction(micros - seconds * 1_000_000n) + zone;
}
function fraction(micros: bigint): string {
  const rest = String(micros % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return rest === '' ? '' : `.${rest}`;
}

/** Base-10,000 digits with a weight, a sign and a display scale. */
function numeric(bytes: Buffer): string {
  const reader = new ByteReader(bytes);
  const [count, weight, sign, scale] = [reader.uint16(), reader.int16(), reader.uint16(), reader.uint16()];
  if (sign === 0xc000) return 'NaN';
  if (sign === 0xd000) return 'Infinity';
  if (sign === 0xf000) return '-Infinity';
  const digits = Array.from({ length: count }, () => reader.uint16());
  const group = (index: number) => String(digits[index] ?? 0).padStart(4, '0');
  let whole = '';
  for (let index = 0; index <= weight; index += 1) whole += group(index);
  let decimals = '';
  for (let index = weight + 1; decimals.length < scale; index += 1) decimals += index < 0 ? '0000' : group(index);
  const integer = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === 0x4000 ? '-' : ''}${integer}${scale > 0 ? `.${decimals.slice(0, scale)}` : ''}`;
}
