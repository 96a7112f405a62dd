/** A header field as it came: its name in lower case, its value. */
type Field = readonly [name: string, value: string];

/** What breaks the syntax of HTTP/1.1, or could be read in two ways. */
export class MalformedReply extends Error {}

export interface ReplyHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
}

/** What is read of a reply, in order: `head` and `end` once each. A piece is good until the call returns (see lent-memory.ts). */
export interface ReplyTaker {
  head(head: ReplyHead): void;
  piece(bytes: Buffer): void;
  end(trailers: readonly Field[]): void;
}

/** Of all that stands before a body or behind it: a head, the lines between chunks, trailers. */
const headLimit = 128 * 1024;
const lineLimit = 16 * 1024;
const lineFeed = 0x0a;
const headEnd = Buffer.from('\r\n\r\n', 'latin1');

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?$/;
/** No control character in any line, and no line break but CRLF (RFC 9112 section 2.2). */
const plainLines = /^(?:[\t -~\x80-\xff]*\r\n)*$/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const decimal = /^\d{1,15}$/;
/** Extensions are read by nobody (RFC 9112 section 7.1.1). */
const chunkLine = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t -~\x80-\xff]*)?$/;
const bodiless: ReadonlySet<number> = new Set([204, 304]);

type State = 'head' | 'counted' | 'to the close' | 'chunk line' | 'chunk' | 'chunk end' | 'trailers' | 'over';

/**
 * Reads one reply after another from a connection of HTTP/1.1, by the letter of RFC 9112: what two readers could take for two things is
 * no reply (a length beside chunks, two lengths, a line that ends by LF alone, a folded line). Throws MalformedReply.
 */
export class ReplyReader {
  #state: State = 'over';
  #taker: ReplyTaker | null = null;
  #toHead = false;
  /** Bytes of the body or chunk that have not come yet. */
  #left = 0;
  #held: Buffer | null = null;
  /** Whether the connection can serve another request once this reply is whole. */
  #keeps = false;
  #headBytes = 0;

  /** Whether a reply is expected that is not whole. */
  get reading(): boolean {
    return this.#state !== 'over';
  }
  /** Whether the connection is good for another request. */
  get keeps(): boolean {
    return this.#keeps && this.#state === 'over' && this.#held === null;
  }

  /** The next reply is to a request that has just been sent; one to HEAD has no body, whatever it says. */
  expect(taker: ReplyTaker, toHead: boolean): void {
    this.#taker = taker;
    this.#toHead = toHead;
    this.#state = 'head';
    this.#keeps = false;
    this.#headBytes = 0;
  }

  read(bytes: Buffer): void {
    let rest: Buffer = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    while (rest.length > 0) {
      const next = this.#step(rest);
      // A few bytes mostly, and what they lie in is read into again.
      if (next === null) return void (this.#held = Buffer.from(rest));
      rest = next;
    }
  }

  /** The connection has ended. Throws where that leaves a reply in two. */
  close(): void {
    if (this.#state === 'to the close') this.#end([]);
    else if (this.#state !== 'over') throw new MalformedReply('the connection ended within the reply');
  }

  /** What is left behind the next thing; null where more must come first. */
  #step(bytes: Buffer): Buffer | null {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'counted':
      case 'chunk':
        return this.#counted(bytes);
      case 'to the close':
        this.#taker?.piece(bytes);
        return none;
      case 'chunk line':
        return this.#line(bytes, (line) => this.#chunkLine(line));
      case 'chunk end':
        return this.#line(bytes, (line) => this.#chunkEnd(line));
      case 'trailers':
        return this.#trailers(bytes);
      default:
        // What nobody asked for makes the connection useless, and is nobody's.
        this.#keeps = false;
        return none;
    }
  }

  #head(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(headEnd);
    this.#limit(end === -1 ? bytes.length : end, headLimit);
    if (end === -1) return null;
    this.#headBytes += end;
    this.#limit(this.#headBytes, headLimit);
    const text = bytes.toString('latin1', 0, end + 2);
    if (!plainLines.test(text)) throw new MalformedReply('a head with characters that may not stand there');
    const first = text.indexOf('\r\n');
    const [, minor, status = '', reason = ''] = statusLine.exec(text.slice(0, first)) ?? [];
    if (minor === undefined) throw new MalformedReply('a status line that is none');
    const head = { status: Number(status), reason, fields: fieldsIn(text, first + 2) };
    // A reply that is still to come is announced by none or several of these (RFC 9110 section 15.2).
    if (head.status >= 200 || head.status === 101) this.#begin(head, minor === '1');
    return bytes.subarray(end + 4);
  }

  #begin(head: ReplyHead, persistent: boolean): void {
    if (head.status === 101) throw new MalformedReply('a change of protocols that nobody asked for');
    const { length, chunked, closes } = framingOf(head.fields);
    if (chunked && (length !== null || !persistent)) throw new MalformedReply('a body that ends in two ways');
    this.#keeps = persistent && !closes;
    const empty = this.#toHead || bodiless.has(head.status) || length === 0;
    this.#taker?.head(head);
    if (empty) return this.#end([]);
    if (length !== null) {
      this.#state = 'counted';
      this.#left = length;
    } else if (chunked) this.#state = 'chunk line';
    else {
      this.#state = 'to the close';
      this.#keeps = false;
    }
  }

  #counted(bytes: Buffer): Buffer {
    const piece = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= piece.length;
    this.#taker?.piece(piece);
    if (this.#left === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk end';
      else this.#end([]);
    }
    return bytes.subarray(piece.length);
  }

  #line(bytes: Buffer, take: (line: string) => void): Buffer | null {
    const end = bytes.indexOf(lineFeed);
    this.#limit(end === -1 ? bytes.length : end, lineLimit);
    if (end === -1) return null;
    if (bytes[end - 1] !== 0x0d) throw new MalformedReply('a line that does not end by CRLF');
    take(bytes.toString('latin1', 0, end - 1));
    return bytes.subarray(end + 1);
  }

  #chunkLine(line: string): void {
    const [, size] = chunkLine.exec(line) ?? [];
    if (size === undefined) throw new MalformedReply('a chunk without its size');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
  }

  #chunkEnd(line: string): void {
    if (line !== '') throw new MalformedReply('a chunk that is longer than it says');
    this.#state = 'chunk line';
  }

  #trailers(bytes: Buffer): Buffer | null {
    const bare = bytes[0] === 0x0d && bytes[1] === lineFeed;
    const end = bare ? 0 : bytes.indexOf(headEnd);
    this.#limit(end === -1 ? bytes.length : end, headLimit);
    if (end === -1 || bytes.length < 2) return null;
    const text = bare ? '' : bytes.toString('latin1', 0, end + 2);
    if (!plainLines.test(text)) throw new MalformedReply('trailers with characters that may not stand there');
    this.#end(fieldsIn(text, 0));
    return bytes.subarray(bare ? 2 : end + 4);
  }

  #end(trailers: readonly Field[]): void {
    this.#state = 'over';
    const taker = this.#taker;
    this.#taker = null;
    taker?.end(trailers);
  }

  #limit(length: number, most: number): void {
    if (length > most) throw new MalformedReply(`a head or line that is longer than ${most} bytes`);
  }
}

const none = Buffer.alloc(0);

/** The lines of a text that are all ended by CRLF. */
function fieldsIn(text: string, from: number): Field[] {
  const fields: Field[] = [];
  for (let at = from; at < text.length; ) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > end) throw new MalformedReply('a header line without a colon');
    fields.push([nameOf(text.slice(at, colon)), trimmed(text, colon + 1, end)]);
    at = end + 2;
  }
  return fields;
}

/** Replies have few names: one that is known is neither checked nor written small again, and is the same string each time. */
const names = new Map<string, string>();
const mostNames = 1_000;
const longestName = 64;

function nameOf(written: string): string {
  const known = names.get(written);
  if (known !== undefined) return known;
  // A line that begins with a space is none either: folding is long gone (RFC 9112 section 5.2).
  if (!token.test(written)) throw new MalformedReply('a header without a name');
  const name = written.toLowerCase();
  if (names.size < mostNames && written.length <= longestName) names.set(written, names.get(name) ?? name);
  return name;
}

/** Without the spaces and tabs around it. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** How a body ends (RFC 9112 section 6), and whether the connection does with it. */
function framingOf(fields: readonly Field[]): { readonly length: number | null; readonly chunked: boolean; readonly closes: boolean } {
  let length: number | null = null;
  let [chunked, closes] = [false, false];
  for (const [name, value] of fields)
    if (name === 'content-length') {
      if (length !== null || !decimal.test(value)) throw new MalformedReply('a length that is none, or more than one');
      length = Number(value);
    } else if (name === 'transfer-encoding') {
      if (chunked || value.toLowerCase() !== 'chunked') throw new MalformedReply('a transfer coding other than chunked');
      chunked = true;
    } else if (name === 'connection') closes ||= /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(value);
  return { length, chunked, closes };
}
