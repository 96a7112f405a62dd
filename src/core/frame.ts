import { crc32 } from 'node:zlib';
import type { Direction, Entry, EntryBody } from './entry.ts';
import { bytesOf, KnownPayload, type Payload, sumOfFew } from './known-payload.ts';
import { ownBytes } from './own-bytes.ts';
import type { Said } from './said.ts';

/**
 * How an entry stands in the journal and in a recording. All numbers big-endian:
 *   u32 length of all that follows the checksum · u32 CRC-32 of the same · 16 bytes session · u32 sequence ·
 *   u32 exchange · f64 at · u8 kind · u8 direction · u16 place · payload (`bytes`: as they crossed; `sealed`: as
 *   core/originals.ts says; all else: JSON)
 * A place other than 0 is where the session keeps this payload; without a payload, what it keeps there is this entry's.
 */
export const frameHeaderBytes = 44;
const checkedFrom = 8;

/** A frame's payload is one socket read or one JSON document; anything longer is damage. */
export const maxPayloadBytes = 16 * 1024 * 1024;

/** The wire number of a kind is its place here plus one: only ever append. */
const kinds = [
  'session',
  'exchange',
  'decision',
  'bytes',
  'withheld',
  'outcome',
  'gap',
  'end',
  'audit',
  'masked',
  'key',
  'sealed',
] as const satisfies readonly EntryBody['kind'][];
const directions = ['request', 'reply'] as const satisfies readonly Direction[];

const kindNumbers = Object.fromEntries(kinds.map((kind, index) => [kind, index + 1])) as Readonly<Record<Entry['kind'], number>>;
const sessionLength = 16;

export interface FrameHead {
  readonly session: Uint8Array;
  readonly sequence: number;
  readonly exchange: number;
  readonly at: number;
  readonly kind: Entry['kind'];
  readonly direction: Direction | null;
  /** 0 where the payload is not kept for later entries, and does not come from an earlier one. */
  readonly place: number;
}

/** The payload of an entry that says what stands at its place. */
export const saidBefore = new Uint8Array(0);

/** Writes the 44 header bytes of a frame with this payload to `out` at `offset`; the payload must follow them. */
export function writeFrameHeader(out: Buffer, offset: number, head: FrameHead, payload: Uint8Array): void {
  writeUnchecked(out, offset, head, payload.length);
  const checked = out.subarray(offset + checkedFrom, offset + frameHeaderBytes);
  out.writeUInt32BE(crc32(payload, crc32(checked)), offset + 4);
}

/** Writes a whole frame to `out` at `offset`, and returns where it ends. One checksum over what lies together costs half of two. */
export function writeFrame(out: Buffer, offset: number, head: FrameHead, payload: Payload): number {
  const bytes = bytesOf(payload);
  writeUnchecked(out, offset, head, bytes.length);
  out.set(bytes, offset + frameHeaderBytes);
  const end = offset + frameHeaderBytes + bytes.length;
  if (payload instanceof KnownPayload) {
    putUint32(out, offset + 4, payload.sumBehind(sumOfFew(out, offset + checkedFrom, offset + frameHeaderBytes)));
    return end;
  }
  const sum = bytes.length <= fewBytes ? sumOfFew(out, offset + checkedFrom, end) : crc32(out.subarray(offset + checkedFrom, end));
  putUint32(out, offset + 4, sum);
  return end;
}

/** With so many behind the header, a call into the library costs as much as summing them here (measured: 270 ns). */
const fewBytes = 100;

function writeUnchecked(out: Buffer, offset: number, head: FrameHead, length: number): void {
  putUint32(out, offset, frameHeaderBytes - checkedFrom + length);
  const { session } = head;
  // Byte by byte: a call into the runtime for 16 bytes costs more than they do, here and in the numbers.
  for (let index = 0; index < sessionLength; index += 1) out[offset + 8 + index] = session[index] ?? 0;
  putUint32(out, offset + 24, head.sequence);
  putUint32(out, offset + 28, head.exchange);
  if (head.at !== written) readMoment(head.at);
  putUint32(out, offset + 32, firstHalf);
  putUint32(out, offset + 36, secondHalf);
  out[offset + 40] = kindNumbers[head.kind];
  out[offset + 41] = head.direction === null ? 0 : directions.indexOf(head.direction) + 1;
  out[offset + 42] = head.place >>> 8;
  out[offset + 43] = head.place;
}

/** The moment that was written last: all entries of a batch have the same, and a number that is handed to the runtime is garbage at once. */
let written = Number.NaN;
let firstHalf = 0;
let secondHalf = 0;
const moment = new DataView(new ArrayBuffer(8));

function readMoment(at: number): void {
  moment.setFloat64(0, at);
  firstHalf = moment.getInt32(0);
  secondHalf = moment.getInt32(4);
  written = at;
}

function putUint32(out: Buffer, offset: number, value: number): void {
  out[offset] = value >>> 24;
  out[offset + 1] = value >>> 16;
  out[offset + 2] = value >>> 8;
  out[offset + 3] = value;
}

/** One frame, whole. */
export function encodeFrame(entry: Entry): Buffer {
  const payload = payloadOf(entry);
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  const direction = 'direction' in entry ? entry.direction : null;
  const { sequence, exchange, at, kind } = entry;
  writeFrame(frame, 0, { session: sessionBytes(entry.session), sequence, exchange, at, kind, direction, place: 0 }, payload);
  return frame;
}

/** What stands at an offset: an entry, the clean end, a frame cut short, or damage. */
export type FrameRead =
  | { readonly kind: 'entry'; readonly entry: Entry; readonly next: number }
  | { readonly kind: 'end' }
  /** The frame goes on after the buffer's end; with a whole file in hand, that is a torn tail. */
  | { readonly kind: 'torn' }
  | { readonly kind: 'corrupt'; readonly reason: string };

/** `said` is the same for all frames of a segment, or of a recording, which are read from the first one on. */
export function readFrame(buffer: Buffer, offset: number, said: Said): FrameRead {
  if (offset === buffer.length) return { kind: 'end' };
  if (buffer.length - offset < frameHeaderBytes) return { kind: 'torn' };
  const length = buffer.readUInt32BE(offset);
  if (length < frameHeaderBytes - checkedFrom || length > maxPayloadBytes + frameHeaderBytes)
    return { kind: 'corrupt', reason: `length ${length}` };
  const next = offset + checkedFrom + length;
  if (next > buffer.length) return { kind: 'torn' };
  if (crc32(buffer.subarray(offset + checkedFrom, next)) !== buffer.readUInt32BE(offset + 4))
    return { kind: 'corrupt', reason: 'checksum' };
  const entry = parseEntry(buffer, offset, next, said);
  return entry === null ? { kind: 'corrupt', reason: 'unknown kind or payload' } : { kind: 'entry', entry, next };
}

function parseEntry(buffer: Buffer, offset: number, next: number, said: Said): Entry | null {
  const kind = kinds[(buffer[offset + 40] ?? 0) - 1];
  const direction = directions[(buffer[offset + 41] ?? 0) - 1] ?? null;
  if (kind === undefined) return null;
  const session = sessionAt(buffer, offset + 8);
  const sequence = buffer.readUInt32BE(offset + 24);
  const exchange = buffer.readUInt32BE(offset + 28);
  const at = buffer.readDoubleBE(offset + 32);
  if (kind === 'bytes' || kind === 'sealed') {
    const bytes = buffer.subarray(offset + frameHeaderBytes, next);
    return direction === null ? null : { session, sequence, at, exchange, kind, direction, bytes };
  }
  const from = offset + frameHeaderBytes;
  const place = buffer.readUInt16BE(offset + 42);
  const body = place > 0 && from === next ? said.at(session, place, kind) : bodyAt(buffer, from, next);
  if (body === null) return null;
  if (place > 0 && from < next) said.put(session, place, kind, body);
  const head = { session, sequence, at, exchange, kind };
  // The checksum vouches that this is what encodeFrame wrote from a value of this type.
  return (direction === null ? { ...head, ...body } : { ...head, direction, ...body }) as Entry;
}

/**
 * What was read last, by a few of its bytes. Most entries of a session say what another one has said before (under a load of
 * prepared statements all but one in a thousand), and comparing bytes costs a tenth of parsing them.
 */
const rememberedPlaces = 512;
const rememberedBytes = 4096;
const bodies: { readonly bytes: Buffer; readonly body: object }[] = [];
const sessions: { readonly bytes: Buffer; readonly text: string }[] = [];

function bodyAt(buffer: Buffer, from: number, to: number): object | null {
  const place = (sample(buffer, from, to) + (to - from)) % rememberedPlaces;
  const known = bodies[place];
  if (known !== undefined && known.bytes.length === to - from && known.bytes.compare(buffer, from, to) === 0) return known.body;
  try {
    const body = JSON.parse(buffer.toString('utf8', from, to)) as object;
    if (to - from <= rememberedBytes) bodies[place] = { bytes: ownBytes(buffer.subarray(from, to)), body };
    return body;
  } catch {
    return null;
  }
}

/** A number that differs for most payloads that differ. */
function sample(buffer: Buffer, from: number, to: number): number {
  let sum = 0;
  const step = Math.max(1, (to - from) >> 4);
  for (let at = from; at < to; at += step) sum = (sum * 31 + (buffer[at] ?? 0)) & 0xffffff;
  return sum;
}

function sessionAt(buffer: Buffer, offset: number): string {
  const place = ((buffer[offset + 14] ?? 0) * 256 + (buffer[offset + 15] ?? 0)) % rememberedPlaces;
  const known = sessions[place];
  if (known !== undefined && known.bytes.compare(buffer, offset, offset + 16) === 0) return known.text;
  const bytes = ownBytes(buffer.subarray(offset, offset + 16));
  const text = sessionText(bytes);
  sessions[place] = { bytes, text };
  return text;
}

function payloadOf(entry: Entry): Uint8Array {
  if (entry.kind === 'bytes' || entry.kind === 'sealed') return entry.bytes;
  const { session: _session, sequence: _sequence, at: _at, exchange: _exchange, kind: _kind, ...body } = entry;
  return Buffer.from(JSON.stringify(body), 'utf8');
}

/** A UUID's 16 bytes. */
export function sessionBytes(id: string): Uint8Array {
  const bytes = ownBytes(Buffer.from(id.replaceAll('-', ''), 'hex'));
  if (bytes.length !== 16) throw new RangeError(`not a UUID: ${id}`);
  return bytes;
}

function sessionText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
