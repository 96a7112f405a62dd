import type { Entry } from '../../core/entry.ts';
import { type FrameHead, frameHeaderBytes, readFrame, saidBefore, writeFrame, writeFrameHeader } from '../../core/frame.ts';
import { bytesOf, type KnownPayload, type Payload } from '../../core/known-payload.ts';
import type { Said } from '../../core/said.ts';

const chunkBytes = 1024 * 1024;
/** Below this a copy costs less than an iovec of its own. */
const copiedBelow = 4096;
/** What a burst needed beyond these chunks is given back to the collector. */
const chunksKept = 8;
/** Of so many entries at most the list of what they repeat is kept for the next batch. */
const repetitionsKept = 16_384;

/**
 * The frames of one turn of the event loop, laid out for one `writev`: headers and small payloads in reused chunks, large
 * payloads by reference.
 */
export class Batch {
  entries = 0;
  bytes = 0;
  readonly #chunks: Buffer[] = [Buffer.allocUnsafeSlow(chunkBytes)];
  #chunk: Buffer = this.#chunks[0] ?? Buffer.allocUnsafeSlow(chunkBytes);
  #chunkIndex = 0;
  #used = 0;
  #runFrom = 0;
  #vectors: Uint8Array[] = [];
  /** What entries said that name a place in its stead, in their order; as many of the list as were counted. */
  #repeated: KnownPayload[] = [];
  #repetitions = 0;

  add(head: FrameHead, payload: Payload): void {
    const bytes = bytesOf(payload);
    const copied = bytes.length < copiedBelow;
    if (this.#used + frameHeaderBytes + (copied ? bytes.length : 0) > chunkBytes) this.#nextChunk();
    if (copied) this.#used = writeFrame(this.#chunk, this.#used, head, payload);
    else {
      writeFrameHeader(this.#chunk, this.#used, head, bytes);
      this.#used += frameHeaderBytes;
      this.#closeRun();
      this.#vectors.push(bytes);
    }
    this.bytes += frameHeaderBytes + bytes.length;
    this.entries += 1;
  }

  /** An entry that says what stands at its place already. */
  repeat(head: FrameHead, payload: KnownPayload): void {
    this.add(head, saidBefore);
    this.#repeated[this.#repetitions] = payload;
    this.#repetitions += 1;
  }

  /** The frames in order, as what `writev` takes; valid until `clear`. */
  vectors(): Uint8Array[] {
    this.#closeRun();
    return this.#vectors;
  }

  /** The entries again: a batch that could not be written says what was in it. */
  decode(): Entry[] {
    const whole = Buffer.concat(this.vectors());
    const entries: Entry[] = [];
    const repeated = this.#repeated.slice(0, this.#repetitions).values();
    const said: Said = { put: () => {}, at: () => bodyOf(repeated.next().value) };
    for (let read = readFrame(whole, 0, said); read.kind === 'entry'; read = readFrame(whole, read.next, said)) entries.push(read.entry);
    return entries;
  }

  clear(): void {
    this.entries = 0;
    this.bytes = 0;
    this.#vectors = [];
    // Used again as it is: a list that grows anew in each batch is copied as often as it doubles.
    if (this.#repetitions > repetitionsKept) this.#repeated = [];
    this.#repetitions = 0;
    this.#chunks.length = Math.min(this.#chunks.length, chunksKept);
    this.#chunkIndex = 0;
    this.#chunk = this.#chunks[0] ?? this.#chunk;
    this.#used = 0;
    this.#runFrom = 0;
  }

  #nextChunk(): void {
    this.#closeRun();
    this.#chunkIndex += 1;
    this.#chunk = this.#chunks[this.#chunkIndex] ?? Buffer.allocUnsafeSlow(chunkBytes);
    this.#chunks[this.#chunkIndex] = this.#chunk;
    this.#used = 0;
    this.#runFrom = 0;
  }

  #closeRun(): void {
    if (this.#used > this.#runFrom) this.#vectors.push(this.#chunk.subarray(this.#runFrom, this.#used));
    this.#runFrom = this.#used;
  }
}

function bodyOf(payload: KnownPayload | undefined): object | null {
  return payload === undefined ? null : (JSON.parse(Buffer.from(payload.bytes).toString('utf8')) as object);
}
