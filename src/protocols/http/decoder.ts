import type { Direction } from '../../core/entry.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';
import type { Decoder } from '../../core/protocol.ts';
import type { Field } from '../../core/web.ts';
import { SavedState } from '../../core/saved-state.ts';
import { BodyReader } from './body-reader.ts';
import { FrameReader, letter, readFields, readHead } from './framing.ts';
import { Handshake } from './terminal-handshake.ts';
import { TerminalReader } from './terminal-reader.ts';
import { messageParts } from './web-message.ts';

/** To be raised whenever what is saved changes its form or its meaning. */
const version = 2;
/** Where more than this is half read, nothing is saved: a place with less comes soon. */
const mostHeld = 512 * 1024;
const mostStreams = 16_384;
const directions = ['request', 'reply'] as const;

/** Reads one session's recorded frames into parts. Throws RangeError on a state that it cannot have saved. */
export function createDecoder(saved?: Json): Decoder {
  const handshakes: Handshakes = new Map();
  const streams = saved === undefined ? new Map<string, MessageReader>() : restored(saved, handshakes);
  return {
    bytes: (exchange, direction, bytes) => {
      const key = `${exchange} ${direction}`;
      let reader = streams.get(key);
      if (reader === undefined) streams.set(key, (reader = new MessageReader(exchange, direction, handshakes)));
      const parts = reader.read(bytes);
      // A session may have more exchanges than should be remembered.
      if (reader.ended) streams.delete(key);
      if (reader.ended && directions.every((each) => !streams.has(`${exchange} ${each}`))) handshakes.delete(exchange);
      return parts;
    },
    withheld: (exchange, direction) => streams.get(`${exchange} ${direction}`)?.stop(),
    save: (open) => {
      const exchanges = [...new Set([0, ...open])];
      const readers = exchanges.flatMap((exchange) => directions.flatMap((direction) => streams.get(`${exchange} ${direction}`) ?? []));
      if (readers.reduce((sum, { heldBytes }) => sum + heldBytes, 0) > mostHeld) return null;
      const all: Json[] = [];
      for (const reader of readers) {
        const state = reader.save();
        if (state === null) return null;
        all.push(state);
      }
      const shaken = exchanges.flatMap((exchange) => {
        const handshake = handshakes.get(exchange);
        return handshake === undefined ? [] : [{ exchange, ...handshake.save() }];
      });
      return { version, streams: all, handshakes: shaken };
    },
  };
}

/** Of the WebSockets that go on, by exchange. */
type Handshakes = Map<number, Handshake>;

function restored(json: Json, handshakes: Handshakes): Map<string, MessageReader> {
  const saved = new SavedState(json);
  if (saved.count('version') !== version) throw new RangeError('This was saved by another version of the decoder.');
  for (const handshake of saved.list('handshakes', mostStreams)) {
    const state = new SavedState(handshake);
    handshakes.set(state.count('exchange'), Handshake.from(state));
  }
  const streams = new Map<string, MessageReader>();
  for (const stream of saved.list('streams', mostStreams)) {
    const state = new SavedState(stream);
    const reader = MessageReader.from(state, handshakes);
    streams.set(`${reader.exchange} ${reader.direction}`, reader);
  }
  return streams;
}

/** One direction of one exchange. */
class MessageReader {
  readonly exchange: number;
  readonly direction: Direction;
  readonly #handshakes: Handshakes;
  #frames = this.#newFrames();
  #parts: Part[] = [];
  #body: BodyReader | null = null;
  #terminal: TerminalReader | null = null;
  #stopped = false;
  /** Whether the message is whole: nothing comes behind it. */
  ended = false;

  constructor(exchange: number, direction: Direction, handshakes: Handshakes) {
    this.exchange = exchange;
    this.direction = direction;
    this.#handshakes = handshakes;
  }

  static from(saved: SavedState, handshakes: Handshakes): MessageReader {
    const reader = new MessageReader(saved.count('exchange'), saved.word('direction', directions), handshakes);
    reader.#stopped = saved.flag('stopped');
    reader.#frames.goOn(saved.within('frames'));
    reader.#body = saved.maybe('body', (name) => BodyReader.from(saved.within(name)));
    reader.#terminal = saved.maybe('terminal', (name) => {
      const handshake = handshakes.get(reader.exchange);
      if (handshake === undefined) throw new RangeError('A terminal without its handshake cannot have been saved.');
      return TerminalReader.from(saved.within(name), handshake, reader.direction);
    });
    return reader;
  }

  /** How much it waits with. */
  get heldBytes(): number {
    return this.#frames.heldBytes + (this.#body?.heldBytes ?? 0) + (this.#terminal?.heldBytes ?? 0);
  }

  /** Null where another one could not go on here. */
  save(): JsonObject | null {
    const body = this.#body?.save() ?? null;
    if (body === null && this.#body !== null) return null;
    const { exchange, direction } = this;
    const terminal = this.#terminal?.save() ?? null;
    return { exchange, direction, stopped: this.#stopped, frames: this.#frames.save(), body, terminal };
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
    this.#terminal = null;
  }

  #newFrames(): FrameReader {
    return new FrameReader((kind, payload) => this.#take(kind, payload));
  }

  #take(kind: number, payload: Buffer): void {
    if (kind === letter.request || kind === letter.reply) this.#head(payload);
    else if (kind === letter.body) this.#parts.push(...(this.#body ??= BodyReader.of([])).piece(payload));
    else if (kind === letter.message) this.#parts.push(...this.#message(payload));
    else if (kind === letter.trailers) this.#trailers(payload);
    else if (kind === letter.end) {
      this.#parts.push(...(this.#body?.end() ?? []), ...(this.#terminal?.end() ?? []));
      this.#body = null;
      this.#terminal = null;
      this.ended = true;
    }
  }

  #head(payload: Buffer): void {
    const { line, fields } = readHead(payload);
    const space = line.indexOf(' ');
    const [first, rest] = [line.slice(0, space), line.slice(space + 1)];
    const headers = listed(fields);
    const detail: JsonObject =
      this.direction === 'request' ? { method: first, target: rest, headers } : { status: Number(first) || 0, reason: rest, headers };
    this.#parts.push({ shape: 'mark', name: this.direction === 'request' ? 'request' : 'reply', detail });
    this.#body = BodyReader.of(fields);
    this.#shakeHands(first, rest, fields);
  }

  /** What a WebSocket's handshake says of its messages, which come behind both its sides. */
  #shakeHands(first: string, rest: string, fields: readonly Field[]): void {
    const isRequest = this.direction === 'request';
    if (isRequest && fields.some(([name]) => name === 'sec-websocket-version')) this.#handshakes.set(this.exchange, Handshake.asked(rest));
    if (isRequest) return;
    if (first === '101')
      this.#handshakes.get(this.exchange)?.answered(fields.find(([name]) => name === 'sec-websocket-protocol')?.[1] ?? '');
    else this.#handshakes.delete(this.exchange);
  }

  #message(payload: Buffer): Part[] {
    const handshake = this.#handshakes.get(this.exchange);
    if (handshake === undefined || handshake.dialect === null) return messageParts(payload);
    return (this.#terminal ??= new TerminalReader(handshake, this.direction)).piece(payload);
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
