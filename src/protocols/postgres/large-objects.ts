import type { Effect } from '../../core/action.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import type { ByteReader } from '../../wire/byte-reader.ts';

type ArgumentType = 'oid' | 'int4' | 'int8' | 'bytea';

/** A function that clients call by FunctionCall, as PostgreSQL's pg_proc has it. */
export interface LargeObjectFunction {
  readonly name: string;
  readonly takes: readonly ArgumentType[];
  readonly gives: ArgumentType;
  readonly effect: Effect;
}

/**
 * What the lo_… functions of libpq and the LargeObject of JDBC call: built-in functions, whose OIDs are the same in every server.
 * A call names its function by OID alone, and what any other OID stands for only the target knows: none but these pass.
 */
export const largeObjectFunctions: ReadonlyMap<number, LargeObjectFunction> = new Map([
  [715, { name: 'lo_create', takes: ['oid'], gives: 'oid', effect: 'write' }],
  [952, { name: 'lo_open', takes: ['oid', 'int4'], gives: 'int4', effect: 'read' }],
  [953, { name: 'lo_close', takes: ['int4'], gives: 'int4', effect: 'read' }],
  [954, { name: 'loread', takes: ['int4', 'int4'], gives: 'bytea', effect: 'read' }],
  [955, { name: 'lowrite', takes: ['int4', 'bytea'], gives: 'int4', effect: 'write' }],
  [956, { name: 'lo_lseek', takes: ['int4', 'int4', 'int4'], gives: 'int4', effect: 'read' }],
  [957, { name: 'lo_creat', takes: ['int4'], gives: 'oid', effect: 'write' }],
  [958, { name: 'lo_tell', takes: ['int4'], gives: 'int4', effect: 'read' }],
  [964, { name: 'lo_unlink', takes: ['oid'], gives: 'int4', effect: 'write' }],
  [1004, { name: 'lo_truncate', takes: ['int4', 'int4'], gives: 'int4', effect: 'write' }],
  [3170, { name: 'lo_lseek64', takes: ['int4', 'int8', 'int4'], gives: 'int8', effect: 'read' }],
  [3171, { name: 'lo_tell64', takes: ['int4'], gives: 'int8', effect: 'read' }],
  [3172, { name: 'lo_truncate64', takes: ['int4', 'int8'], gives: 'int4', effect: 'write' }],
]);

/** One FunctionCall: what is called, with what, as a person reads it. */
export interface Call {
  readonly function: LargeObjectFunction;
  readonly text: string;
  readonly effect: Effect;
  /** The large object's OID; null where the call names what it has opened before. */
  readonly object: string | null;
  /** What is to be written; null where nothing is. */
  readonly content: Buffer | null;
  /** Whether the result comes as text. */
  readonly givesText: boolean;
}

/** INV_WRITE (libpq-fs.h): the one mode of lo_open with which lowrite works. */
const openToWrite = 0x2_0000;
const BINARY = 1;

/** Reads the body of a FunctionCall. Throws MalformedBytes where it is none. */
export function readCall(reader: ByteReader): Call | Refusal {
  const oid = reader.uint32();
  const called = largeObjectFunctions.get(oid);
  if (called === undefined) return unknownFunction(oid);
  const formats = listOf(reader, () => reader.uint16());
  const { takes } = called;
  const count = reader.uint16();
  const binary = formats.length > 0 && formats.every((format) => format === BINARY) && (formats.length === 1 || formats.length === count);
  if (!binary || count !== takes.length) return otherArguments(called);
  const values: (number | bigint | Buffer)[] = [];
  for (const type of takes) {
    const value = readArgument(reader.int32(), type, reader);
    if (value === null) return otherArguments(called);
    values.push(value);
  }
  const resultFormat = reader.uint16();
  reader.finish();
  if (resultFormat > BINARY) return otherArguments(called);
  const words = values.map((value) => (Buffer.isBuffer(value) ? `${value.length} bytes` : String(value)));
  return {
    function: called,
    text: `${called.name}(${words.join(', ')})`,
    effect: called.name === 'lo_open' && (Number(values[1]) & openToWrite) !== 0 ? 'write' : called.effect,
    object: takes[0] === 'oid' ? String(values[0]) : null,
    content: values.find((value) => Buffer.isBuffer(value)) ?? null,
    givesText: resultFormat !== BINARY,
  };
}

/** Null where the argument is NULL, or of another length than its type. */
function readArgument(length: number, type: ArgumentType, reader: ByteReader): number | bigint | Buffer | null {
  if (length < 0) return null;
  const bytes = reader.bytes(length);
  if (type === 'bytea') return bytes;
  if (length !== (type === 'int8' ? 8 : 4)) return null;
  if (type === 'int8') return bytes.readBigInt64BE(0);
  return type === 'oid' ? bytes.readUInt32BE(0) : bytes.readInt32BE(0);
}

function listOf<Item>(reader: ByteReader, read: () => Item): Item[] {
  return Array.from({ length: reader.uint16() }, read);
}

function unknownFunction(oid: number): Refusal {
  return refuse(
    'PROTOCOL_REFUSED',
    `FunctionCall of function ${oid} does not pass: it has no statement to judge, and only the functions of large objects need none.`,
    'Write SELECT function(…).',
  );
}

function otherArguments({ name, takes }: LargeObjectFunction): Refusal {
  return refuse(
    'PROTOCOL_REFUSED',
    `FunctionCall of ${name} with other arguments than (${takes.join(', ')}), each in binary, does not pass.`,
    `Call it so, as libpq does, or write SELECT ${name}(…).`,
  );
}
