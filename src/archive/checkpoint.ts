import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { EntryBody } from '../core/entry.ts';
import type { Json } from '../core/json.ts';
import { SaidSoFar, type Said } from '../core/said.ts';

/** A place between two blocks of a recording at which a reader can begin, with what it must know of all that stands before. */
export interface Checkpoint {
  /** The first entry behind it. */
  readonly sequence: number;
  /** The last exchange that has begun before it. */
  readonly exchange: number;
  /** Where the block behind it begins in the file, in bytes. */
  readonly offset: number;
  /** What `readState` reads. */
  readonly state: Uint8Array;
}

/** What is read of a session so far. */
interface Decoded {
  readonly id: string;
  readonly lastSequence: number;
  /** What its decoder must know to go on, and the last exchange that has begun; null where nobody can begin here. */
  readonly decoded: { readonly state: Json; readonly exchange: number } | null;
}

interface State {
  readonly said: readonly (readonly [place: number, kind: EntryBody['kind'], body: object])[];
  readonly decoder: Json;
}

/**
 * A reader that wants what stands in the middle reads about so many bytes of entries before it: some 20 ms. A state takes at most a
 * part of what it stands for.
 */
const betweenBytes = 2 * 1024 * 1024;
const largestShare = 32;
const mostStateBytes = 1024 * 1024;

/** When a recording that grows is due for its next checkpoint, and what it is made of. */
export class Checkpoints {
  #since = 0;
  #due = betweenBytes;
  #made: Checkpoint[] = [];

  /** So many bytes of entries were written. */
  wrote(bytes: number): boolean {
    this.#since += bytes;
    return this.#since >= this.#due;
  }

  /**
   * Makes one behind all that was written: `offset` is the length of the file, `said` what its entries have said. Where nobody can begin,
   * it stays due.
   */
  make(session: Decoded, said: SaidSoFar, offset: number): void {
    const decoded = session.decoded;
    if (decoded === null) return;
    this.#since = 0;
    this.#due = betweenBytes;
    const places = said.placesOf(session.id).map(([place, { kind, body }]) => [place, kind, body] as const);
    const text = Buffer.from(JSON.stringify({ said: places, decoder: decoded.state } satisfies State));
    if (text.length > mostStateBytes) return;
    const state = zstdCompressSync(text);
    this.#due = Math.max(betweenBytes, state.length * largestShare);
    this.#made.push({ sequence: session.lastSequence + 1, exchange: decoded.exchange, offset, state });
  }

  /** Those that were made since this was last called. */
  take(): readonly Checkpoint[] {
    const made = this.#made;
    if (made.length > 0) this.#made = [];
    return made;
  }
}

/** What stands in a checkpoint of this session. Throws where that is not to be read. */
export function readState(session: string, state: Uint8Array): { readonly said: Said; readonly decoder: Json } {
  const text = zstdDecompressSync(state, { maxOutputLength: mostStateBytes }).toString('utf8');
  // The archive alone writes these.
  const { said: places, decoder } = JSON.parse(text) as State;
  const said = new SaidSoFar();
  for (const [place, kind, body] of places) said.put(session, place, kind, body);
  return { said, decoder };
}
