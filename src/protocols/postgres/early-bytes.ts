import type { Duplex } from 'node:stream';

/** A client that sends more than this before its session is open is not read until it is. */
export const mostEarly = 256 * 1024;

/**
 * Goes on reading a client while its target is being reached: what it sends ahead is kept for the conversation, and its
 * leaving is noticed. A socket that is not read tells nobody that its peer has gone.
 */
export class EarlyBytes {
  readonly #socket: Duplex;
  readonly #leaving = new AbortController();
  readonly #kept: Buffer[];
  #count = 0;

  constructor(socket: Duplex, rest: Buffer) {
    this.#socket = socket;
    this.#kept = [rest];
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    if (socket.destroyed) this.#onEnd();
    else socket.resume();
  }

  /** Aborts when the client has gone. */
  get left(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Stops reading and returns what came. */
  release(): Buffer {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.pause();
    return Buffer.concat(this.#kept);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#kept.push(chunk);
    this.#count += chunk.length;
    if (this.#count > mostEarly) this.#socket.pause();
  };
  readonly #onEnd = (): void => this.#leaving.abort();
}
