import { open } from 'node:fs/promises';

/** How far a file has come that somebody else writes. */
export interface Growth {
  readonly bytes: number;
  /** Nothing more follows. */
  readonly whole: boolean;
}

const pieceBytes = 1024 * 1024;

/** A file that is read while it is still written, as far as its writer has said that it goes. */
export class GrowingFile {
  readonly #path: string;
  #growth: Growth = { bytes: 0, whole: false };
  #news = Promise.withResolvers<void>();
  readonly #whole = Promise.withResolvers<void>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when nothing more follows, if that ever is. */
  get whole(): Promise<void> {
    return this.#whole.promise;
  }

  grow(growth: Growth): void {
    this.#growth = growth;
    if (growth.whole) this.#whole.resolve();
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Resolves with its length once it is whole. */
  async length(signal: AbortSignal): Promise<number> {
    while (!this.#growth.whole) await this.#further(signal);
    return this.#growth.bytes;
  }

  /** Up to its end; where its writer gives up, nothing ends this but the signal. */
  async *read(from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const file = await open(this.#path);
    try {
      for (let at = from; ; ) {
        signal.throwIfAborted();
        const { bytes, whole } = this.#growth;
        if (at < bytes) {
          const piece = Buffer.allocUnsafe(Math.min(pieceBytes, bytes - at));
          const { bytesRead } = await file.read(piece, 0, piece.length, at);
          if (bytesRead === 0) throw new Error(`${this.#path} is shorter than was said`);
          at += bytesRead;
          yield piece.subarray(0, bytesRead);
        } else if (whole) return;
        else await this.#further(signal);
      }
    } finally {
      await file.close();
    }
  }

  async #further(signal: AbortSignal): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#news.promise, promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
