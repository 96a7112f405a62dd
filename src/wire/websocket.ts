import { createHash, randomFillSync } from 'node:crypto';

/** The stream is not what RFC 6455 says it is. */
export class MalformedFrame extends Error {}

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** How much of one frame is handed on at once; a longer one goes on in pieces, as a message may (section 5.4). */
const longestPiece = 64 * 1024;
const longestControl = 125;

/** A frame of a WebSocket, or a piece of one. */
export interface FramePiece {
  /** A message's kind in its first piece, and `continuation` in the others. */
  readonly opcode: number;
  readonly last: boolean;
  /** Without its mask. */
  readonly payload: Buffer;
}

/** Takes a WebSocket's stream apart, without extensions. `masked` says whose it is: a client masks all, a server nothing (section 5.1). */
export class WebSocketReader {
  readonly #masked: boolean;
  #held: Buffer = Buffer.alloc(0);
  #frame: { readonly last: boolean; readonly control: boolean; left: number; opcode: number; mask: Buffer; at: number } | null = null;
  #inMessage = false;

  constructor(masked: boolean) {
    this.#masked = masked;
  }

  /** The pieces that these bytes complete. Throws MalformedFrame. */
  read(bytes: Buffer): FramePiece[] {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const pieces: FramePiece[] = [];
    for (;;) {
      if (this.#frame === null && !this.#head()) return pieces;
      const piece = this.#piece();
      if (piece === null) return pieces;
      pieces.push(piece);
    }
  }

  #head(): boolean {
    const held = this.#held;
    if (held.length < 2) return false;
    const [first = 0, second = 0] = held;
    if (second >> 7 !== (this.#masked ? 1 : 0)) throw new MalformedFrame('a frame whose mask does not belong to who sent it');
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length = 2 + extended + (this.#masked ? 4 : 0);
    if (held.length < length) return false;
    if ((first & 0x70) !== 0) throw new MalformedFrame('a frame with reserved bits, which only extensions give a meaning to');
    const size = extended === 0 ? short : extended === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    const code = first & 0x0f;
    const last = first >> 7 === 1;
    this.#check(code, last, size);
    const mask = this.#masked ? Buffer.from(held.subarray(length - 4, length)) : Buffer.alloc(0);
    this.#frame = { last, control: code >= opcode.close, left: size, opcode: code, mask, at: 0 };
    this.#held = held.subarray(length);
    return true;
  }

  #check(code: number, last: boolean, size: number): void {
    if (!Number.isSafeInteger(size)) throw new MalformedFrame('a frame of impossible length');
    if (code >= opcode.close) {
      if (code > opcode.pong) throw new MalformedFrame('a frame of no known kind');
      if (!last || size > longestControl) throw new MalformedFrame('a control frame that is in pieces or too long');
      return;
    }
    if (code > opcode.binary) throw new MalformedFrame('a frame of no known kind');
    if ((code === opcode.continuation) !== this.#inMessage) throw new MalformedFrame('a frame out of its message’s order');
    this.#inMessage = !last;
  }

  #piece(): FramePiece | null {
    const frame = this.#frame;
    if (frame === null) return null;
    const size = Math.min(frame.left, longestPiece);
    // A control frame goes whole; of a message's frame what is there goes on.
    if (this.#held.length === 0 && size > 0) return null;
    if (frame.control && this.#held.length < size) return null;
    const payload = this.#unmasked(this.#held.subarray(0, size), frame);
    this.#held = this.#held.subarray(payload.length);
    frame.left -= payload.length;
    const piece = { opcode: frame.opcode, last: frame.last && frame.left === 0, payload };
    frame.opcode = opcode.continuation;
    if (frame.left === 0) this.#frame = null;
    return piece;
  }

  #unmasked(bytes: Buffer, frame: { readonly mask: Buffer; at: number }): Buffer {
    if (!this.#masked) return bytes;
    const plain = Buffer.allocUnsafe(bytes.length);
    for (let index = 0; index < bytes.length; index += 1) plain[index] = (bytes[index] ?? 0) ^ (frame.mask[(frame.at + index) & 3] ?? 0);
    frame.at += bytes.length;
    return plain;
  }
}

/** One frame. What goes to a server is masked with bytes that nobody can foresee (section 10.3). */
export function encodeFrame({ opcode: code, last, payload }: FramePiece, masked: boolean): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended + (masked ? 4 : 0));
  header[0] = (last ? 0x80 : 0) | code;
  header[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([header, payload]);
  const mask = randomFillSync(header.subarray(header.length - 4));
  const hidden = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index += 1) hidden[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return Buffer.concat([header, hidden]);
}

/** A Close frame's payload: why it ends (section 7.4), cut to what a control frame holds. */
export function closePayload(code: number, reason: string): Buffer {
  const words = Buffer.from(reason, 'utf8');
  let length = Math.min(words.length, longestControl - 2);
  while (length > 0 && length < words.length && ((words[length] ?? 0) & 0xc0) === 0x80) length -= 1;
  const payload = Buffer.alloc(2 + length);
  payload.writeUInt16BE(code, 0);
  words.copy(payload, 2, 0, length);
  return payload;
}

/** What a server must answer to a client's key (section 1.3). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'latin1').digest('base64');
}
