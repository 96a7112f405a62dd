import type { Direction } from '../../core/entry.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';
import type { Decoder } from '../../core/protocol.ts';
import type { Field } from '../../core/web.ts';
import { SavedState } from '../../core/saved-state.ts';
import { BodyReader, bytesPart, textPart } from './body-reader.ts';
import { FrameReader, letter, readFields, readHead } from './framing.ts';

/** To be raised whenever what is saved changes its form or its meaning. */
const version = 1;
/** Where more than this is half read, nothing is saved: a place with less comes soon. */
const mostHeld = 512 * 1024;
const mostStreams = 16_384;
const directions = ['request', 'reply'] as const;

/** Reads one session's recorded frames into parts. Throws RangeError on a state that it cannot have saved. */
export function createDecoder(saved?: Json): Decoder {
  const streams = saved === undefined ? new Map<string, MessageReader>() : restored(saved);
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
    save: (open) => {
      const readers: [exchange: number, reader: MessageReader][] = [];
      for (const exchange of new Set([0, ...open]))
        for (const direction of directions) {
          const reader = streams.get(`${exchange} ${direction}`);
          if (reader !== undefined) readers.push([exchange, reader]);
        }
      if (readers.reduce((sum, [, { heldBytes }]) => sum + heldBytes, 0) > mostHeld) return null;
      const all: Json[] = [];
      for (const [exchange, reader] of readers) {
        const state = reader.save();
        if (state === null) return null;
        all.push({ exchange, ...state });
      }
      return { version, streams: all };
    },
  };
}

function restored(json: Json): Map<string, MessageReader> {
  const saved = new SavedState(json);
  if (saved.count('version') !== version) throw new RangeError('This was saved by another version of the decoder.');
  const streams = new Map<string, MessageReader>();
  for (const stream of saved.list('streams', mostStreams)) {
    const state = new SavedState(stream);
    const direction = state.word('direction', directions);
    streams.set(`${state.count('exchange')} ${direction}`, MessageReader.from(state, direction));
  }
  return streams;
}

/** One direction of one exchange. */
class MessageReader {
  readonly #direction: Direction;
  #frames = this.#newFrames();
  #parts: Part[] = [];
  #body: BodyReader | null = null;
  #stopped = false;
  /** Whether the message is whole: nothing comes behind it. */
  ended = false;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  static from(saved: SavedState, direction: Direction): MessageReader {
    const reader = new MessageReader(direction);
    reader.#stopped = saved.flag('stopped');
    reader.#frames.goOn(saved.within('frames'));
    reader.#body = saved.maybe('body', (name) => BodyReader.from(saved.within(name)));
    return reader;
  }

  /** How much it waits with. */
  get heldBytes(): number {
    return this.#frames.heldBytes + (this.#body?.heldBytes ?? 0);
  }

  /** Null where another one could not go on here. */
  save(): JsonObject | null {
    const body = this.#body?.save() ?? null;
    if (body === null && this.#body !== null) return null;
    return { direction: this.#direction, stopped: this.#stopped, frames: this.#frames.save(), body };
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
    this.#frames = this.#newFrames();
    this.#body = null;
  }

  #newFrames(): FrameReader {
    return new FrameReader((kind, payload) => this.#take(kind, payload));
  }

  #take(kind: number, payload: Buffer): void {
    if (kind === letter.request || kind === letter.reply) this.#head(payload);
    else if (kind === letter.body) this.#parts.push(...(this.#body ??= BodyReader.of([])).piece(payload));
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
    this.#body = BodyReader.of(fields);
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

const opcodes: { readonly [opcode: number]: string } = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/** A WebSocket message's piece (RFC 6455 section 5.2). */
function messageParts(payload: Buffer): Part[] {
  const [opcode = 0, last = 1] = payload;
  const content = payload.subarray(2);
  const mark: Part = { shape: 'mark', name: 'message', detail: { kind: opcodes[opcode] ?? String(opcode), last: last === 1 } };
  if (content.length === 0) return [mark];
  return [mark, ...(opcode === 1 ? textPart(content.toString('utf8')) : [bytesPart(content)])];
}
