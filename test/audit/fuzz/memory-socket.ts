import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A socket without a network: what is written to it goes to `onSent` at once, and its peer speaks by `say`. */
export class MemorySocket extends Duplex {
  readonly #onSent: (bytes: Buffer) => void;
  #hasLeft = false;

  constructor(onSent: (bytes: Buffer) => void) {
    super();
    this.#onSent = onSent;
    this.on('error', () => {});
  }
  /** The peer sends. */
  say(bytes: Buffer): void {
    if (!this.#hasLeft && !this.destroyed) this.push(bytes);
  }
  /** The peer closes its side. */
  leave(): void {
    if (this.#hasLeft || this.destroyed) return;
    this.#hasLeft = true;
    this.push(null);
    // As net.Socket does at the end of its peer's stream.
    this.read(0);
  }
  get isOver(): boolean {
    return this.#hasLeft || this.destroyed;
  }
  asSocket(): Socket {
    // The adapter uses no more of a socket than what is here; what were missing would throw, and be found.
    return this as unknown as Socket;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#onSent(chunk);
    done();
  }
  override _final(done: () => void): void {
    this.leave();
    done();
  }
}
