import type { Direction, Entry, EntryBody } from '../core/entry.ts';
import { messageOf } from '../core/errors.ts';
import type { Part } from '../core/part.ts';
import type { Decoder } from '../core/protocol.ts';
import type { OpenedEntry } from './originals.ts';
import { timestamp } from './timestamp.ts';

/** An entry as it is shown: its bytes decoded into parts. One line of NDJSON. */
export type RecordingLine = { readonly sequence: number; readonly at: string; readonly exchange: number } & (
  | Exclude<EntryBody, { kind: 'bytes' | 'sealed' }>
  /** That an original is kept here; not how long it is. */
  | { readonly kind: 'sealed'; readonly direction: Direction }
  | {
      readonly kind: 'bytes';
      readonly direction: Direction;
      readonly count: number;
      readonly parts: readonly Part[];
      readonly original?: true;
    }
);

/** What of a recording is wanted; all of it where nothing is said. */
export interface Excerpt {
  /** The first sequence. */
  readonly from?: number;
  /** How many lines at most. */
  readonly limit?: number;
  /** The lines of this exchange alone. */
  readonly exchange?: number;
}

/** Decodes entries into lines. Where a decoder fails, the rest is shown as bytes. */
export async function* decodeRecording(
  entries: AsyncIterable<OpenedEntry>,
  decoder: Decoder | null,
  { from = 0, limit = Number.POSITIVE_INFINITY, exchange }: Excerpt = {},
): AsyncGenerator<RecordingLine> {
  const view = new DecodedView(decoder);
  let given = 0;
  for await (const entry of entries) {
    const isWanted = exchange === undefined || entry.exchange === exchange;
    if (!isWanted || entry.sequence < from) {
      view.pass(entry, isWanted);
      continue;
    }
    yield view.line(entry);
    given += 1;
    if (given >= limit || (exchange !== undefined && entry.kind === 'outcome')) return;
  }
}

/** The same of a session that may still go on; null says that there is no more for now. */
export async function* decodeLive(entries: AsyncIterable<Entry | null>, decoder: Decoder | null): AsyncGenerator<RecordingLine | null> {
  const view = new DecodedView(decoder);
  for await (const entry of entries) yield entry === null ? null : view.line(entry);
}

/**
 * What a later exchange may need of an earlier one stands where the earlier one begins: what was asked, and what its answer is
 * made of. The rest of an answer that nobody looks at is not decoded.
 */
const skimmedBytes = 64 * 1024;

class DecodedView {
  #decoder: Decoder | null;
  /** How much of each exchange that is only skimmed was decoded, by exchange and direction. */
  readonly #skimmed = new Map<string, number>();

  constructor(decoder: Decoder | null) {
    this.#decoder = decoder;
  }

  line(entry: OpenedEntry): RecordingLine {
    const { session: _session, at, ...rest } = entry;
    if (rest.kind === 'sealed') {
      const { sequence, exchange, kind, direction } = rest;
      return { sequence, at: timestamp(at), exchange, kind, direction };
    }
    if (rest.kind !== 'bytes') {
      if (rest.kind === 'withheld' || rest.kind === 'gap') this.#drop(rest.exchange, rest.direction);
      return { ...rest, at: timestamp(at) };
    }
    const { sequence, exchange, kind, direction, bytes } = rest;
    const parts = this.#parts(exchange, direction, bytes);
    const line = { sequence, at: timestamp(at), exchange, kind, direction, count: bytes.length, parts };
    return rest.original ? { ...line, original: true } : line;
  }

  /** Takes an entry that is not shown; wholly where others of its exchange will be. */
  pass(entry: Entry, wholly: boolean): void {
    if (entry.kind === 'bytes') {
      if (wholly || this.#isNeeded(entry.exchange, entry.direction, entry.bytes.length))
        this.#parts(entry.exchange, entry.direction, entry.bytes);
    } else if (entry.kind === 'withheld' || entry.kind === 'gap') this.#drop(entry.exchange, entry.direction);
    else if (entry.kind === 'outcome') for (const direction of ['request', 'reply']) this.#skimmed.delete(`${entry.exchange} ${direction}`);
  }

  #isNeeded(exchange: number, direction: Direction, length: number): boolean {
    const place = `${exchange} ${direction}`;
    const before = this.#skimmed.get(place) ?? 0;
    if (before > skimmedBytes) return false;
    this.#skimmed.set(place, before + length);
    if (before + length <= skimmedBytes || before === 0) return true;
    this.#drop(exchange, direction);
    return false;
  }

  #parts(exchange: number, direction: Direction, bytes: Uint8Array): readonly Part[] {
    if (this.#decoder === null) return [raw(bytes)];
    try {
      return this.#decoder.bytes(exchange, direction, bytes);
    } catch (fault) {
      this.#decoder = null;
      return [{ shape: 'mark', name: 'undecodable', detail: { reason: messageOf(fault) } }, raw(bytes)];
    }
  }

  #drop(exchange: number, direction: Direction): void {
    try {
      this.#decoder?.withheld(exchange, direction);
    } catch {
      // What follows is shown as bytes.
      this.#decoder = null;
    }
  }
}

function raw(bytes: Uint8Array): Part {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  return { shape: 'bytes', count: bytes.length, base64 };
}
