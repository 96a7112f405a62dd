import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Direction } from '../../core/entry.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';
import type { Decoder } from '../../core/protocol.ts';
import type { Field } from '../../core/web.ts';
import { FrameReader, letter, readFields, readHead } from './framing.ts';
import { type Coding, codingOf } from './headers.ts';
import { type BodyKind, bodyKindOf, charsetOf, mediaTypeOf } from './media.ts';

/** A longer document is shown as the text that it is, and what is coded is not taken apart. */
const longestDocument = 4 * 1024 * 1024;

/** Reads one session's recorded frames into parts. */
export function createDecoder(): Decoder {
  const streams = new Map<string, MessageReader>();
  return {
    bytes: (exchange, direction, bytes) => {
      const key = `${exchange} ${direction}`;
      let reader = streams.get(key);
      if (reader === undefined) streams.set(key, (reader = new MessageReader(direction)));
      const parts = reader.read(bytes);
      // A session may have more exchanges than should be remembered.
      if (reader.ended) streams.delete(key);
      return parts;
    },
    withheld: (exchange, direction) => streams.get(`${exchange} ${direction}`)?.stop(),
  };
}

/** One direction of one exchange. */
class MessageReader {
  readonly #direction: Direction;
  readonly #frames = new FrameReader((kind, payload) => this.#take(kind, payload));
  #parts: Part[] = [];
  #body: BodyReader | null = null;
  #stopped = false;
  /** Whether the message is whole: nothing comes behind it. */
  ended = false;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  read(bytes: Uint8Array): Part[] {
    if (this.#stopped) return [];
    this.#frames.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  stop(): void {
    this.#stopped = true;
    this.#body = null;
  }

  #take(kind: number, payload: Buffer): void {
    if (kind === letter.request || kind === letter.reply) this.#head(payload);
    else if (kind === letter.body) this.#parts.push(...(this.#body ??= new BodyReader([])).piece(payload));
    else if (kind === letter.message) this.#parts.push(...messageParts(payload));
    else if (kind === letter.trailers) this.#trailers(payload);
    else if (kind === letter.end) {
      this.#parts.push(...(this.#body?.end() ?? []));
      this.#body = null;
      this.ended = true;
    }
  }

  #head(payload: Buffer): void {
    const { line, fields } = readHead(payload);
    const space = line.indexOf(' ');
    const [first, rest] = [line.slice(0, space), line.slice(space + 1)];
    const headers = listed(fields);
    const detail: JsonObject =
      this.#direction === 'request' ? { method: first, target: rest, headers } : { status: Number(first) || 0, reason: rest, headers };
    this.#parts.push({ shape: 'mark', name: this.#direction === 'request' ? 'request' : 'reply', detail });
    this.#body = new BodyReader(fields);
  }

  /** They come behind the body, whose last part then comes first. */
  #trailers(payload: Buffer): void {
    this.#parts.push(...(this.#body?.end() ?? []));
    this.#body = null;
    this.#parts.push({ shape: 'mark', name: 'trailers', detail: { headers: listed(readFields(payload)) } });
  }
}

function listed(fields: readonly Field[]): Json {
  return fields.map(([name, value]) => [name, value]);
}

/** A body, whose pieces are shown as they come where nothing needs the whole. */
class BodyReader {
  #kind: BodyKind;
  readonly #mediaType: string;
  readonly #coding: Coding | 'unknown' | null;
  readonly #text: TextDecoder;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(fields: readonly Field[]) {
    const contentType = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
    this.#mediaType = mediaTypeOf(contentType);
    this.#coding = codingOf(fields);
    this.#kind = this.#coding === 'unknown' ? 'bytes' : bodyKindOf(this.#mediaType);
    this.#text = new TextDecoder(charsetOf(contentType));
  }

  piece(bytes: Buffer): Part[] {
    if (this.#kind === 'json' || this.#coding !== null) return this.#hold(bytes);
    return this.#kind === 'text' ? textPart(this.#text.decode(bytes, { stream: true })) : [bytesPart(bytes)];
  }

  end(): Part[] {
    const held = Buffer.concat(this.#held.splice(0));
    if (held.length === 0) return this.#kind === 'text' ? textPart(this.#text.decode()) : [];
    const plain = this.#coding === null || this.#coding === 'unknown' ? held : decoded(held, this.#coding);
    if (plain === null || this.#kind === 'bytes') return [bytesPart(plain ?? held)];
    const text = this.#text.decode(plain);
    if (this.#kind === 'text') return textPart(text);
    try {
      return [{ shape: 'document', mediaType: this.#mediaType, value: JSON.parse(text) as Json }];
    } catch {
      return textPart(text); // It only says that it is JSON.
    }
  }

  #hold(bytes: Buffer): Part[] {
    this.#held.push(Buffer.from(bytes));
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= longestDocument) return [];
    const held = Buffer.concat(this.#held.splice(0));
    if (this.#coding === null) {
      this.#kind = 'text';
      return textPart(this.#text.decode(held, { stream: true }));
    }
    this.#kind = 'bytes';
    return [bytesPart(held)];
  }
}

function decoded(bytes: Buffer, coding: Coding): Buffer | null {
  const decode = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync, zstd: zstdDecompressSync }[coding];
  try {
    return decode(bytes, { maxOutputLength: 4 * longestDocument });
  } catch {
    return null; // Broken, or far longer than it looked.
  }
}

const opcodes: { readonly [opcode: number]: string } = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/** A WebSocket message's piece (RFC 6455 section 5.2). */
function messageParts(payload: Buffer): Part[] {
  const [opcode = 0, last = 1] = payload;
  const content = payload.subarray(2);
  const mark: Part = { shape: 'mark', name: 'message', detail: { kind: opcodes[opcode] ?? String(opcode), last: last === 1 } };
  if (content.length === 0) return [mark];
  return [mark, ...(opcode === 1 ? textPart(content.toString('utf8')) : [bytesPart(content)])];
}

function textPart(text: string): Part[] {
  return text === '' ? [] : [{ shape: 'text', text }];
}

function bytesPart(bytes: Buffer): Part {
  return { shape: 'bytes', count: bytes.length, base64: bytes.toString('base64') };
}
