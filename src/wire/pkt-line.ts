import { MalformedBytes } from './byte-reader.ts';

/*
 * pkt-line (git's gitprotocol-common(5)): four hexadecimal digits say how long a line is, themselves included. Lengths 0 to 2 are no
 * lines but marks: flush, delimiter and the end of a response (gitprotocol-v2(5)).
 */

/** The longest line with its length: LARGE_PACKET_MAX of git's pkt-line.h. */
export const longestPktLine = 65_520;
const lengthBytes = 4;

const marks = ['flush', 'delimiter', 'end'] as const;

export type PktLine = { readonly kind: (typeof marks)[number] } | { readonly kind: 'line'; readonly bytes: Buffer };

export const flush: Buffer = Buffer.from('0000');

/** Cuts a stream into lines as it comes; holds at most one line that is not whole. */
export class PktLineReader {
  #held: Buffer = Buffer.alloc(0);

  /** The lines that are whole now. Throws where what came is no line; nothing can be read after it. */
  *feed(bytes: Buffer): Generator<PktLine> {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (let line = this.#next(); line !== null; line = this.#next()) yield line;
  }

  /** What came behind the lines that were taken: all of it, where the caller stopped reading after one. */
  rest(): Buffer {
    return this.#held;
  }

  /** Drops what is held, for a reader that goes on somewhere else. */
  drop(): void {
    this.#held = Buffer.alloc(0);
  }

  #next(): PktLine | null {
    const held = this.#held;
    if (held.length < lengthBytes) return null;
    const length = lengthAt(held);
    const mark = marks[length];
    if (mark !== undefined) {
      this.#held = held.subarray(lengthBytes);
      return { kind: mark };
    }
    if (length < lengthBytes || length > longestPktLine) throw new MalformedBytes(`a line of ${length} bytes`);
    if (held.length < length) return null;
    this.#held = held.subarray(length);
    return { kind: 'line', bytes: held.subarray(lengthBytes, length) };
  }
}

/** The lines of bytes that must be whole. */
export function pktLinesOf(bytes: Buffer): PktLine[] {
  const reader = new PktLineReader();
  const lines = [...reader.feed(bytes)];
  if (reader.rest().length > 0) throw new MalformedBytes(`${reader.rest().length} bytes that are no whole line`);
  return lines;
}

export function encodePktLine(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = bytes.length + lengthBytes;
  if (length > longestPktLine) throw new RangeError(`a line of ${length} bytes`);
  return Buffer.concat([Buffer.from(length.toString(16).padStart(lengthBytes, '0'), 'latin1'), bytes]);
}

/** A line's text without the line feed that it may end with. */
export function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\n$/, '');
}

/** Content as lines of one band (side-band-64k of gitprotocol-pack(5)): 1 carries data, 2 words for people, 3 the last words. */
export function onBand(band: 1 | 2 | 3, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const most = longestPktLine - lengthBytes - 1;
  const lines: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += most)
    lines.push(encodePktLine(Buffer.concat([Buffer.from([band]), bytes.subarray(at, at + most)])));
  return Buffer.concat(lines);
}

/** Only hexadecimal digits count: `parseInt` alone would take "0x1f" and " 1f". */
function lengthAt(bytes: Buffer): number {
  const digits = bytes.toString('latin1', 0, lengthBytes);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new MalformedBytes('what stands where a line should begin is no length');
  return Number.parseInt(digits, 16);
}
