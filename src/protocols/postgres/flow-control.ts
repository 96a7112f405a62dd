import type { Duplex } from 'node:stream';

/**
 * One direction between two sockets: writes what is released, and stops reading at the source while the sink is full or
 * anybody else holds it. Writes of one turn leave together.
 */
export class FlowControl {
  readonly #source: Duplex;
  readonly #sink: Duplex;
  #full = false;
  #held = false;
  #corked = false;

  constructor(source: Duplex, sink: Duplex) {
    this.#source = source;
    this.#sink = sink;
    sink.on('drain', () => {
      this.#full = false;
      this.#apply();
    });
  }

  write(bytes: Uint8Array): void {
    if (!this.#sink.writable) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#sink.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#sink.uncork();
      });
    }
    if (!this.#sink.write(bytes) && !this.#full) {
      this.#full = true;
      this.#apply();
    }
  }

  /** Holds the source back, whatever the sink could take. */
  hold(held: boolean): void {
    this.#held = held;
    this.#apply();
  }

  #apply(): void {
    if (this.#full || this.#held) this.#source.pause();
    else if (!this.#source.destroyed) this.#source.resume();
  }
}
