import type { ArchiveStream } from './stream.ts';

/** Frames are handed on together up to this size; a larger one goes alone, so that no block grows by more than one. */
const runBytes = 64 * 1024;

/** Hands a piece's frames to the recordings they belong to; those of one stream that follow each other go as one. */
export class FrameRun {
  readonly #bytes: Buffer;
  #stream: ArchiveStream | null = null;
  #from = 0;
  #to = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes the frame that stands there. */
  add(stream: ArchiveStream, from: number, to: number): void {
    if (stream !== this.#stream || from !== this.#to || to - this.#from > runBytes) {
      this.end();
      this.#stream = stream;
      this.#from = from;
    }
    this.#to = to;
  }

  /** To be called after the last frame. */
  end(): void {
    this.#stream?.pending.push(this.#bytes.subarray(this.#from, this.#to));
    this.#stream = null;
  }
}
