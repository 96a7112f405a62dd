import type { JsonObject } from '../../core/json.ts';
import type { Field } from '../../core/web.ts';
import type { SavedState } from '../../core/saved-state.ts';
import type { FramePiece } from '../../wire/websocket.ts';

/*
 * What the record has of an exchange, each direction a sequence of frames: one letter, the length of what follows as u32
 * big-endian, and that. HTTP/1.1 and HTTP/2 look the same in it, and so do chunks of any size. The letters:
 *
 *     Q  request head: `METHOD TARGET` and a line for each field, `name: value`, in ISO 8859-1, lines ended by LF
 *     P  reply head: `STATUS REASON` and its fields likewise
 *     B  a piece of the body, without any content coding that the gateway took off
 *     T  trailers, a line each
 *     M  a WebSocket message's piece: opcode, whether it is the last (1 or 0), and the payload without its mask
 *     E  the end of the message: it is whole
 */
export const letter = { request: 0x51, reply: 0x50, body: 0x42, trailers: 0x54, message: 0x4d, end: 0x45 } as const;
export type Letter = (typeof letter)[keyof typeof letter];

const frameHeaderBytes = 5;
/** No more of a frame is saved where its reading breaks off. */
const longestSaved = 1024 * 1024;
const none = Buffer.alloc(0);
export const endFrame = frameOf(letter.end, none);

export function frameHeader(kind: Letter, length: number): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderBytes);
  header[0] = kind;
  header.writeUInt32BE(length, 1);
  return header;
}

export function frameOf(kind: Letter, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  frame[0] = kind;
  frame.writeUInt32BE(payload.length, 1);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

/** A head as it stands in the record: its first line and a line for each field. */
export function headFrame(kind: typeof letter.request | typeof letter.reply, line: string, fields: readonly Field[]): Buffer {
  let text = `${line}\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\n`;
  return textFrame(kind, text);
}

export function trailersFrame(fields: readonly Field[]): Buffer {
  return textFrame(letter.trailers, fields.map(([name, value]) => `${name}: ${value}\n`).join(''));
}

function textFrame(kind: Letter, text: string): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + text.length);
  frame[0] = kind;
  frame.writeUInt32BE(text.length, 1);
  frame.write(text, frameHeaderBytes, 'latin1');
  return frame;
}

/** What a head or trailers frame says: the lines before and behind the first LF. */
export function readHead(payload: Buffer): { readonly line: string; readonly fields: Field[] } {
  const text = payload.toString('latin1');
  const end = text.indexOf('\n');
  return end === -1 ? { line: text, fields: [] } : { line: text.slice(0, end), fields: fieldsIn(text, end + 1) };
}

export function readFields(payload: Buffer): Field[] {
  return fieldsIn(payload.toString('latin1'), 0);
}

/** The lines of a head from there on, as Node takes them: name, value, name, value. */
export function rawFields(text: string, from: number): string[] {
  const raw: string[] = [];
  for (let at = from; at < text.length; ) {
    const next = text.indexOf('\n', at);
    const end = next === -1 ? text.length : next;
    const colon = text.indexOf(': ', at);
    if (colon > at && colon < end) raw.push(text.slice(at, colon), text.slice(colon + 2, end));
    at = end + 1;
  }
  return raw;
}

function fieldsIn(text: string, from: number): Field[] {
  const raw = rawFields(text, from);
  const fields: Field[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) fields.push([raw[at] ?? '', raw[at + 1] ?? '']);
  return fields;
}

/**
 * Takes frames apart that come cut anywhere. Heads, trailers and messages are handed on whole; a body's pieces as they come.
 */
export class FrameReader {
  readonly #take: (kind: number, payload: Buffer) => void;
  #kind = 0;
  /** Bytes of the frame's payload that have not come yet. */
  #left = 0;
  #held: Buffer[] = [];
  /** What has come of a frame's header, where that is cut. */
  #header: Buffer | null = null;
  /** Whether a frame's payload is being read. */
  #within = false;

  constructor(take: (kind: number, payload: Buffer) => void) {
    this.#take = take;
  }

  /** How much of a frame it waits with. */
  get heldBytes(): number {
    return this.#held.reduce((sum, { length }) => sum + length, 0);
  }

  save(): JsonObject {
    const held = Buffer.concat(this.#held).toString('base64');
    const header = (this.#header ?? none).toString('base64');
    return { kind: this.#kind, left: this.#left, within: this.#within, held, header };
  }

  /** Goes on where another one saved. Throws RangeError on what that cannot have saved. */
  goOn(saved: SavedState): void {
    this.#kind = saved.count('kind', 0xff);
    this.#left = saved.count('left');
    this.#within = saved.flag('within');
    const held = saved.bytes('held', longestSaved);
    this.#held = held.length === 0 ? [] : [held];
    const header = saved.bytes('header', frameHeaderBytes - 1);
    this.#header = header.length === 0 ? null : header;
  }

  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length || (this.#within && this.#left === 0)) {
      if (!this.#within) {
        const from = this.#begin(bytes, at);
        if (from === -1) return;
        at = from;
      }
      const end = Math.min(bytes.length, at + this.#left);
      const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
      this.#left -= end - at;
      at = end;
      this.#accept(piece);
      if (this.#left > 0) return;
    }
  }

  /** Reads a frame's header, and says where its payload begins; -1 where the header goes on in what is still to come. */
  #begin(bytes: Buffer, at: number): number {
    const before = this.#header;
    if (before === null && bytes.length - at >= frameHeaderBytes) {
      this.#kind = bytes[at] ?? 0;
      this.#left = bytes.readUInt32BE(at + 1);
      this.#within = true;
      return at + frameHeaderBytes;
    }
    const wanted = frameHeaderBytes - (before?.length ?? 0);
    const header = Buffer.concat([before ?? none, bytes.subarray(at, at + wanted)]);
    this.#header = header.length < frameHeaderBytes ? header : null;
    if (this.#header !== null) return -1;
    this.#kind = header[0] ?? 0;
    this.#left = header.readUInt32BE(1);
    this.#within = true;
    return at + wanted;
  }

  #accept(piece: Buffer): void {
    const whole = this.#left === 0;
    if (whole) this.#within = false;
    if (this.#kind === letter.body) {
      if (piece.length > 0) this.#take(this.#kind, piece);
      return;
    }
    if (whole && this.#held.length === 0) return this.#take(this.#kind, piece);
    this.#held.push(Buffer.from(piece));
    if (!whole) return;
    const payload = Buffer.concat(this.#held);
    this.#held = [];
    this.#take(this.#kind, payload);
  }
}

/** A message's piece as the record has it: its kind, whether it is the last, its payload. */
export function messageFrame({ opcode: kind, last, payload }: FramePiece): Buffer {
  return frameOf(letter.message, Buffer.concat([Buffer.from([kind, last ? 1 : 0]), payload]));
}

export function readMessage(payload: Buffer): FramePiece {
  return { opcode: payload[0] ?? 0, last: payload[1] === 1, payload: payload.subarray(2) };
}
