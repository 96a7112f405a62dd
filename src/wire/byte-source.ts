import type { Duplex } from 'node:stream';

/** The peer closed, or was silent too long, before it had sent what was waited for. */
export class SourceEnded extends Error {}

/**
 * Reads a socket by exact counts while a handshake lasts, and then hands over what it has read too much.
 * Holds at most what one `take` asks for plus one socket read.
 */
export class ByteSource {
  readonly #stream: Duplex;
  #buffered: Buffer = Buffer.alloc(0);
  #waiting: { count: number; resolve: (bytes: Buffer) => void; reject: (reason: Error) => void } | null = null;
  #ended: Error | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `timeoutMs` is for the whole handshake, not for one read. */
  constructor(stream: Duplex, timeoutMs: number) {
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
    this.#timer = setTimeout(() => this.#fail(new SourceEnded(`silent for ${timeoutMs} ms`)), timeoutMs);
  }

  /** The next `count` bytes; rejects with SourceEnded when they will not come. One call at a time. */
  take(count: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { count, resolve, reject };
      this.#serve();
    });
  }

  /** How many bytes have come that nobody has taken. */
  get buffered(): number {
    return this.#buffered.length;
  }

  /** Stops reading, pauses the stream and returns what was read too much. */
  release(): Buffer {
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    this.#stream.off('error', this.#onError);
    this.#stream.pause();
    if (this.#timer) clearTimeout(this.#timer);
    const rest = this.#buffered;
    this.#buffered = Buffer.alloc(0);
    return rest;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    this.#serve();
    // A peer that sends before it is asked gets no more memory than this.
    if (this.#waiting === null) this.#stream.pause();
  };
  readonly #onEnd = (): void => this.#fail(new SourceEnded('the peer closed the connection'));
  readonly #onError = (error: Error): void => this.#fail(new SourceEnded(error.message, { cause: error }));

  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    if (this.#buffered.length >= waiting.count) {
      this.#waiting = null;
      const taken = this.#buffered.subarray(0, waiting.count);
      this.#buffered = this.#buffered.subarray(waiting.count);
      waiting.resolve(taken);
    } else if (this.#ended) {
      this.#waiting = null;
      waiting.reject(this.#ended);
    } else {
      this.#stream.resume();
    }
  }

  #fail(reason: Error): void {
    this.#ended ??= reason;
    if (this.#timer) clearTimeout(this.#timer);
    this.#serve();
  }
}
