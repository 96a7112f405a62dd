import type { Direction } from '../../core/entry.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';
import type { Decoder } from '../../core/protocol.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { SavedState } from '../../core/saved-state.ts';
import { BinaryPatches } from './binary-patch.ts';
import { frameKinds, type FramePiece, FrameReader } from './framing.ts';

const mediaTypes = {
  [frameKinds.head]: 'application/vnd.chaperone.head+json',
  [frameKinds.summary]: 'application/vnd.chaperone.push+json',
  [frameKinds.commit]: 'application/vnd.chaperone.commit+json',
  [frameKinds.change]: 'application/vnd.chaperone.ref-change+json',
} as const;

/**
 * Reads the recorded bytes of one session: heads and findings as documents, patches as text, git's own wire format as bytes. So is the
 * content of binary files in a patch: nobody reads or searches it, but a mailbox needs it. Throws RangeError on a state that it cannot have
 * saved.
 */
export function createDecoder(saved?: Json): Decoder {
  return new SessionDecoder(saved === undefined ? new Map() : restored(saved));
}

/** To be raised whenever what is saved changes its form or its meaning. */
const version = 1;
/** Where more than this is half read, nothing is saved: a place with less comes soon. */
const mostHeld = 512 * 1024;
const mostReadings = 4_096;
const directions = ['request', 'reply'] as const;

function restored(json: Json): Map<string, Reading> {
  const saved = new SavedState(json);
  if (saved.count('version') !== version) throw new RangeError('This was saved by another version of the decoder.');
  const readings = new Map<string, Reading>();
  for (const reading of saved.list('readings', mostReadings)) {
    const state = new SavedState(reading);
    readings.set(`${state.count('exchange')} ${state.word('direction', directions)}`, Reading.from(state));
  }
  return readings;
}

class SessionDecoder implements Decoder {
  readonly #readings: Map<string, Reading>;

  constructor(readings: Map<string, Reading>) {
    this.#readings = readings;
  }

  save(open: readonly number[]): Json | null {
    const readings: Json[] = [];
    let held = 0;
    for (const exchange of new Set([0, ...open]))
      for (const direction of directions) {
        const reading = this.#readings.get(`${exchange} ${direction}`);
        if (reading === undefined) continue;
        held += reading.heldBytes;
        if (held > mostHeld) return null;
        readings.push({ exchange, direction, ...reading.save() });
      }
    return { version, readings };
  }

  bytes(exchange: number, direction: Direction, bytes: Uint8Array): readonly Part[] {
    return this.#readingOf(exchange, direction).feed(Buffer.from(bytes));
  }

  withheld(exchange: number, direction: Direction): void {
    this.#readingOf(exchange, direction).drop();
  }

  #readingOf(exchange: number, direction: Direction): Reading {
    const key = `${exchange} ${direction}`;
    const known = this.#readings.get(key);
    if (known !== undefined) return known;
    const made = new Reading();
    this.#readings.set(key, made);
    // Requests of one session may be under way side by side; what lies this far back has been answered.
    if (this.#readings.size > mostReadings) this.#readings.delete(this.#readings.keys().next().value ?? '');
    return made;
  }
}

/** One exchange's bytes in one direction. */
class Reading {
  readonly #frames = new FrameReader();
  #broken = false;
  #textual = false;
  #half: Buffer = Buffer.alloc(0);
  #patch = new BinaryPatches();

  static from(saved: SavedState): Reading {
    const reading = new Reading();
    reading.#frames.goOn(saved.within('frames'));
    reading.#broken = saved.flag('broken');
    reading.#textual = saved.flag('textual');
    reading.#half = saved.bytes('half', 3);
    reading.#patch.goOn(saved.within('patch'));
    return reading;
  }

  /** How much it waits with. */
  get heldBytes(): number {
    return this.#frames.heldBytes;
  }

  save(): JsonObject {
    const half = this.#half.toString('base64');
    return { frames: this.#frames.save(), broken: this.#broken, textual: this.#textual, half, patch: this.#patch.save() };
  }

  feed(bytes: Buffer): readonly Part[] {
    if (this.#broken) return [opaque(bytes)];
    const parts: Part[] = [];
    try {
      for (const piece of this.#frames.feed(bytes)) parts.push(...this.#partsOf(piece));
    } catch (fault) {
      if (!(fault instanceof MalformedBytes)) throw fault;
      this.#broken = true;
      this.#frames.drop();
      parts.push(mark('malformed', { reason: fault.message }));
    }
    return parts;
  }

  drop(): void {
    this.#frames.drop();
    this.#half = Buffer.alloc(0);
    this.#patch = new BinaryPatches();
  }

  #partsOf({ kind, bytes }: FramePiece): Part[] {
    switch (kind) {
      case frameKinds.patch:
        return [...this.#patch.feed(bytes)].flatMap(({ binary, bytes: stretch }) => (binary ? [opaque(stretch)] : this.#text(stretch)));
      case frameKinds.body:
        return this.#textual ? this.#text(bytes) : [opaque(bytes)];
      case frameKinds.head:
        return [this.#head(bytes)];
      case frameKinds.own:
        return [ownWord(bytes)];
      default:
        this.#patch = new BinaryPatches();
        return [document(mediaTypes[kind], bytes)];
    }
  }

  /** Bodies are git's own, but for words and documents, whose type the head says. */
  #head(bytes: Buffer): Part {
    const part = document(mediaTypes[frameKinds.head], bytes);
    if (part.shape !== 'document' || !isHead(part.value)) return part;
    const { method, path, status, headers } = part.value;
    this.#textual = isTextual(headers);
    // The marks of every reader of HTTP.
    if (method !== undefined) return mark('request', { method, target: path ?? '', headers });
    return mark('reply', { status: status ?? 0, reason: '', headers });
  }

  /** Text whose last character may be cut by the end of an entry. */
  #text(bytes: Buffer): Part[] {
    const all = this.#half.length === 0 ? bytes : Buffer.concat([this.#half, bytes]);
    const end = wholeCharacters(all);
    this.#half = Buffer.from(all.subarray(end));
    return end === 0 ? [] : [{ shape: 'text', text: all.toString('utf8', 0, end) }];
  }
}

interface Head {
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly headers: readonly Json[];
}

function isHead(value: Json): value is Json & Head {
  if (typeof value !== 'object' || value === null || !('headers' in value) || !Array.isArray(value.headers)) return false;
  return ('method' in value && typeof value.method === 'string') || ('status' in value && typeof value.status === 'number');
}

function isTextual(fields: readonly Json[]): boolean {
  return fields.some(
    (field) => Array.isArray(field) && field[0] === 'content-type' && /^(text\/|application\/([a-z.-]+\+)?json)/.test(String(field[1])),
  );
}

/** Up to where the bytes are whole characters of UTF-8: a sequence has at most four bytes, and its first says how many. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** What the gateway asked of the target by itself, or what came back: one line for each, which belong together by their number. */
function ownWord(bytes: Buffer): Part {
  const part = document('application/json', bytes);
  if (part.shape !== 'document' || !isObject(part.value)) return part;
  const { headers: _headers, purpose, ...detail } = part.value;
  const what = 'method' in detail ? 'request' : 'reply';
  return mark(typeof purpose === 'string' ? `own ${what} (${purpose})` : `own ${what}`, detail);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function document(mediaType: string, bytes: Buffer): Part {
  try {
    return { shape: 'document', mediaType, value: JSON.parse(bytes.toString('utf8')) as Json };
  } catch {
    return mark('malformed', { reason: 'a frame that holds no JSON' });
  }
}

function opaque(bytes: Buffer): Part {
  return { shape: 'bytes', count: bytes.length, base64: bytes.toString('base64') };
}

function mark(name: string, detail: JsonObject): Part {
  return { shape: 'mark', name, detail };
}
