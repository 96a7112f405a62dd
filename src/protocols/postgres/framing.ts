import { MalformedBytes } from '../../wire/byte-reader.ts';
import { type MessageRule, rulesByByte } from './messages.ts';

/** A message that is longer than its type may be. */
export class OverLimit extends MalformedBytes {}

/** Takes a whole message, or a piece of a large one: `buffer[from, to)`. */
export interface MessageSink {
  /** One whole message, header included. Returns whether to go on; false keeps what follows for `resume`. */
  message(type: number, buffer: Buffer, from: number, to: number): boolean;
  /** Whether a message that would stream, because of its length, must be held whole instead. */
  holds?(type: number, total: number): boolean;
  /** A message will come in pieces. Returns whether to go on; false keeps it for `resume`. Absent: always. */
  begins?(type: number): boolean;
  /** A piece of a message that streams: passed on as it comes, `first` and `last` mark its ends. */
  piece(type: number, buffer: Buffer, from: number, to: number, first: boolean, last: boolean): void;
}

const headerBytes = 5;
/** Messages of types that stream are held up to this length, so that a target that dies leaves no half message at the client. */
const pieceFrom = 256 * 1024;

/**
 * Cuts a stream into messages. A message is held until it is whole, unless its type streams and it is long: then it is
 * passed on in pieces, so that a row of 1 GiB costs no more memory than a socket read. Throws MalformedBytes on a type that the table
 * does not know, and on a length that is under 4 or over the type's limit (pgx CVE-2024-27304, PgBouncer CVE-2026-6664).
 */
export class Framing {
  readonly #rules: readonly (MessageRule | undefined)[];
  readonly #sink: MessageSink;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The held message's whole length; 0 while its header is not whole. */
  #expected = 0;
  #streaming: { type: number; left: number } | null = null;
  #stalled: Buffer[] = [];
  #stopped = false;

  constructor(table: Readonly<Record<string, MessageRule>>, sink: MessageSink) {
    this.#rules = rulesByByte(table);
    this.#sink = sink;
  }

  /** Whether bytes of an unfinished message are held or were already passed on. */
  get midMessage(): boolean {
    return this.#heldBytes > 0 || this.#streaming !== null;
  }
  /** Whether the peer of this stream has been given a message's beginning without its end. */
  get midPiece(): boolean {
    return this.#streaming !== null;
  }

  feed(chunk: Buffer): void {
    if (this.#stopped) this.#stalled.push(chunk);
    else this.#consume(chunk);
  }

  /** What was fed since `message` returned false. */
  get stalledBytes(): number {
    return this.#stalled.length === 0 ? 0 : this.#stalled.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Goes on after `message` had returned false. */
  resume(): void {
    this.#stopped = false;
    const waiting = this.#stalled;
    this.#stalled = [];
    for (const chunk of waiting) this.feed(chunk);
  }

  #consume(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#streaming) at = this.#stream(chunk, at);
      else if (this.#heldBytes > 0) at = this.#complete(chunk, at);
      else at = this.#scan(chunk, at);
    }
    if (at < chunk.length) this.#stalled.unshift(chunk.subarray(at));
  }

  /** Messages that lie whole in the chunk: no copy. */
  #scan(chunk: Buffer, start: number): number {
    let at = start;
    const end = chunk.length;
    while (end - at >= headerBytes) {
      const total = this.#totalLength(chunk, at);
      const next = at + total;
      if (next > end) {
        if (this.#streams(chunk[at], total)) return this.#begins(chunk[at]) ? this.#beginStream(chunk, at, total) : at;
        this.#expected = total;
        break;
      }
      const goOn = this.#sink.message(chunk[at] ?? 0, chunk, at, next);
      at = next;
      if (!goOn) {
        this.#stopped = true;
        return at;
      }
    }
    if (at < end) this.#keep(chunk.subarray(at));
    return end;
  }

  /** Completes the one held message with the chunk's first bytes, so that only these are copied. */
  #complete(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#heldBytes < headerBytes) {
      const wanted = Math.min(headerBytes - this.#heldBytes, chunk.length - at);
      this.#keep(chunk.subarray(at, at + wanted));
      at += wanted;
      if (this.#heldBytes < headerBytes) return at;
    }
    if (this.#expected === 0) {
      const head = Buffer.concat(this.#held);
      const total = this.#totalLength(head, 0);
      this.#dropHeld();
      if (this.#streams(head[0], total)) {
        if (!this.#begins(head[0])) {
          this.#stalled.unshift(head, chunk.subarray(at));
          return chunk.length;
        }
        this.#beginStream(head, 0, total);
        return at;
      }
      this.#expected = total;
      this.#keep(head);
    }
    const missing = this.#expected - this.#heldBytes;
    if (missing > chunk.length - at) {
      this.#keep(chunk.subarray(at));
      return chunk.length;
    }
    const whole = Buffer.concat([...this.#held, chunk.subarray(at, at + missing)]);
    this.#dropHeld();
    if (!this.#sink.message(whole[0] ?? 0, whole, 0, whole.length)) this.#stopped = true;
    return at + missing;
  }

  #begins(type = 0): boolean {
    this.#stopped = this.#sink.begins?.(type) === false;
    return !this.#stopped;
  }

  #beginStream(chunk: Buffer, at: number, total: number): number {
    const type = chunk[at] ?? 0;
    this.#streaming = { type, left: total - (chunk.length - at) };
    this.#sink.piece(type, chunk, at, chunk.length, true, false);
    return chunk.length;
  }

  #stream(chunk: Buffer, at: number): number {
    const streaming = this.#streaming;
    if (streaming === null) return at;
    const take = Math.min(streaming.left, chunk.length - at);
    streaming.left -= take;
    const last = streaming.left === 0;
    if (last) this.#streaming = null;
    this.#sink.piece(streaming.type, chunk, at, at + take, false, last);
    return at + take;
  }

  #totalLength(buffer: Buffer, at: number): number {
    const type = buffer[at] ?? 0;
    const rule = this.#rules[type];
    if (rule === undefined) throw new MalformedBytes(`message type 0x${type.toString(16).padStart(2, '0')} is unknown`);
    const total = buffer.readUInt32BE(at + 1) + 1;
    if (total < headerBytes) throw new MalformedBytes(`${rule.name} says it is ${total - 1} bytes long`);
    if (total > rule.limit) throw new OverLimit(`${rule.name} of ${total} bytes is over the limit of ${rule.limit}`);
    return total;
  }

  /** Whether a message of this type and length is passed on in pieces instead of being held. */
  #streams(type: number | undefined, total: number): boolean {
    return total > pieceFrom && this.#rules[type ?? 0]?.streams === true && this.#sink.holds?.(type ?? 0, total) !== true;
  }
  #keep(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }
  #dropHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#expected = 0;
  }
}
