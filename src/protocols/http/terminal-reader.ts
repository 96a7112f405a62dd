import { isUtf8 } from 'node:buffer';
import type { Direction } from '../../core/entry.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';
import type { SavedState } from '../../core/saved-state.ts';
import { opcode } from '../../wire/websocket.ts';
import { bytesPart, textPart } from './shown-parts.ts';
import type { Stream } from './terminal-dialects.ts';
import type { Handshake } from './terminal-handshake.ts';
import { messageParts } from './web-message.ts';

/** A message that must be read as a whole is not read as a terminal's if it is longer. */
const longestWhole = 256 * 1024;
/** No character of UTF-8 has more bytes before its last one. */
const longestTail = 3;
const streams = ['stdin', 'stdout', 'stderr'] as const satisfies readonly Stream[];
/** What of a message has been said by its beginning. */
const within = [...streams, 'whole', 'strange', 'nothing'] as const;
const none = Buffer.alloc(0);

/** One direction of a terminal's WebSocket. What is none of the terminal's is shown as the message that it is. */
export class TerminalReader {
  readonly #handshake: Handshake;
  readonly #direction: Direction;
  #within: (typeof within)[number] = 'nothing';
  /** Of a message that is read as a whole. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #heldKind = 0;
  /** The beginning of a character whose rest has not come, by stream. */
  readonly #tails: Record<Stream, Buffer> = { stdin: none, stdout: none, stderr: none };
  /** Which of plain streams was last heard of. */
  #last: Stream | null = null;

  constructor(handshake: Handshake, direction: Direction) {
    this.#handshake = handshake;
    this.#direction = direction;
  }

  /** Throws RangeError on what `save` cannot have made. */
  static from(saved: SavedState, handshake: Handshake, direction: Direction): TerminalReader {
    const reader = new TerminalReader(handshake, direction);
    reader.#within = saved.word('within', within);
    const held = saved.bytes('held', longestWhole);
    if (held.length > 0) reader.#held.push(held);
    reader.#heldBytes = held.length;
    reader.#heldKind = saved.count('heldKind', 0xff);
    for (const stream of streams) reader.#tails[stream] = saved.bytes(stream, longestTail);
    reader.#last = saved.maybe('last', (name) => saved.word(name, streams));
    return reader;
  }

  /** How many bytes it waits with. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  save(): JsonObject {
    const held = Buffer.concat(this.#held).toString('base64');
    const tails = Object.fromEntries(streams.map((stream) => [stream, this.#tails[stream].toString('base64')]));
    return { within: this.#within, held, heldKind: this.#heldKind, ...tails, last: this.#last };
  }

  /** A piece of a message, as the record has it. */
  piece(payload: Buffer): Part[] {
    const [kind = 0, last = 1] = payload;
    const content = payload.subarray(2);
    const begins = kind === opcode.text || kind === opcode.binary;
    // A control frame may come between the pieces of a message.
    if (kind >= opcode.close || (!begins && this.#within === 'nothing')) return messageParts(payload);
    const unfinished = begins && this.#within === 'whole' ? this.#giveUp(false) : [];
    const from = begins ? this.#begin(kind, content) : 0;
    const parts = this.#take(payload, content.subarray(from), last === 1);
    if (last === 1) this.#within = 'nothing';
    return [...unfinished, ...parts];
  }

  /** Where nothing more comes: what was left unfinished. */
  end(): Part[] {
    const parts = this.#within === 'whole' ? this.#giveUp(false) : [];
    this.#within = 'nothing';
    return [...parts, ...streams.flatMap((stream) => this.#rest(stream))];
  }

  /** Says where what it says begins. */
  #begin(kind: number, content: Buffer): number {
    this.#heldKind = kind;
    const saying = content.length === 0 ? null : (this.#handshake.dialect?.begun(this.#direction, content) ?? null);
    if (saying?.kind === 'stream') {
      this.#within = saying.stream;
      return saying.from;
    }
    this.#within = saying?.kind ?? 'strange';
    return 0;
  }

  #take(payload: Buffer, content: Buffer, last: boolean): Part[] {
    if (this.#within === 'strange' || this.#within === 'nothing') return messageParts(payload);
    if (this.#within !== 'whole') return this.#written(this.#within, content);
    this.#held.push(Buffer.from(content));
    this.#heldBytes += content.length;
    if (this.#heldBytes > longestWhole) {
      this.#within = 'strange';
      return this.#giveUp(last);
    }
    if (!last) return [];
    const message = Buffer.concat(this.#held);
    const read = this.#handshake.dialect?.whole(this.#direction, message) ?? null;
    if (read === null) return this.#giveUp(true);
    this.#letGo();
    return 'stream' in read ? this.#written(read.stream, read.bytes) : [...read];
  }

  /** Shows what is held as the message that it is. */
  #giveUp(last: boolean): Part[] {
    const message = Buffer.concat([Buffer.from([this.#heldKind, last ? 1 : 0]), ...this.#held]);
    this.#letGo();
    return messageParts(message);
  }

  #letGo(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #written(stream: Stream, content: Buffer): Part[] {
    if (content.length === 0) return [];
    const bytes = Buffer.concat([this.#tails[stream], content]);
    const end = wholeCharacters(bytes);
    if (!this.#handshake.isTerminal) return this.#streamed(stream, bytes, end);
    this.#tails[stream] = Buffer.from(bytes.subarray(end));
    return terminalPart(stream, bytes.toString('utf8', 0, end));
  }

  /** Without a terminal a command's streams may be anything: an archive is copied as one. */
  #streamed(stream: Stream, bytes: Buffer, end: number): Part[] {
    const text = bytes.subarray(0, end);
    const isText = isUtf8(text) && !text.includes(0);
    this.#tails[stream] = isText ? Buffer.from(bytes.subarray(end)) : none;
    const mark: Part[] = this.#last === stream ? [] : [{ shape: 'mark', name: 'stream', detail: { name: stream } }];
    this.#last = stream;
    return [...mark, ...(isText ? textPart(text.toString('utf8')) : [bytesPart(bytes)])];
  }

  #rest(stream: Stream): Part[] {
    const tail = this.#tails[stream];
    this.#tails[stream] = none;
    if (tail.length === 0) return [];
    return this.#handshake.isTerminal ? terminalPart(stream, tail.toString('utf8')) : [bytesPart(tail)];
  }
}

function terminalPart(stream: Stream, text: string): Part[] {
  return text === '' ? [] : [{ shape: 'terminal', event: stream === 'stdin' ? 'input' : 'output', text }];
}

/** How many of the bytes come before a character whose last bytes are still to come. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(longestTail, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return byte < 0xf8 && length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
