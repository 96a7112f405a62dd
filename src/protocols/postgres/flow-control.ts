import type { Duplex } from 'node:stream';
import { writePromptly } from '../../wire/prompt-write.ts';

/** Below this, pieces of one turn are copied into one: cheaper than to hand the kernel a list (measured: 2 µs a turn). */
const joinedBelow = 16 * 1024;

/** Those that have something to write at the end of this turn. */
let due: FlowControl[] = [];

function writeDue(): void {
  const writing = due;
  due = [];
  for (const flow of writing) flow.flush();
}

/**
 * One direction between two sockets: writes what is released, and stops reading at the source while the sink is full or
 * anybody else holds it. Writes of one turn leave together.
 */
export class FlowControl {
  readonly #source: Duplex;
  readonly #sink: Duplex;
  #full = false;
  #held = false;
  /** What waits: mostly one piece, or pieces of one memory that follow each other in it, which need no list. */
  #first: Uint8Array | null = null;
  /** How many bytes of memory, from the first piece's on, are to be written. */
  #run = 0;
  #more: Uint8Array[] | null = null;
  #bytes = 0;

  constructor(source: Duplex, sink: Duplex) {
    this.#source = source;
    this.#sink = sink;
    sink.on('drain', () => {
      this.#full = false;
      this.#apply();
    });
  }

  write(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#first !== null) {
      if (this.#more !== null) this.#more.push(bytes);
      else if (bytes.byteOffset === this.#first.byteOffset + this.#run && bytes.buffer === this.#first.buffer) this.#run += bytes.length;
      else this.#more = [this.#joined(this.#first), bytes];
      return;
    }
    this.#first = bytes;
    this.#run = bytes.length;
    if (due.length === 0) process.nextTick(writeDue);
    due.push(this);
  }

  /** Writes now what waits for the end of the turn: before the sink is closed, for instance. */
  flush(): void {
    const first = this.#first;
    const pieces = this.#more;
    const total = this.#bytes;
    if (first === null) return;
    this.#first = null;
    this.#more = null;
    this.#bytes = 0;
    if (!this.#sink.writable) return;
    if (pieces === null) this.#note(writePromptly(this.#sink, this.#joined(first)));
    else if (total < joinedBelow) this.#note(writePromptly(this.#sink, Buffer.concat(pieces, total)));
    else {
      this.#sink.cork();
      for (const piece of pieces) this.#note(this.#sink.write(piece));
      this.#sink.uncork();
    }
  }

  /** All that follows the first piece in its memory. A pipeline's statements come so, and its answers. */
  #joined(first: Uint8Array): Uint8Array {
    return this.#run === first.length ? first : new Uint8Array(first.buffer, first.byteOffset, this.#run);
  }

  /** Holds the source back, whatever the sink could take. */
  hold(held: boolean): void {
    this.#held = held;
    this.#apply();
  }

  #note(more: boolean): void {
    if (more || this.#full) return;
    this.#full = true;
    this.#apply();
  }

  #apply(): void {
    if (this.#full || this.#held) this.#source.pause();
    else if (!this.#source.destroyed) this.#source.resume();
  }
}
