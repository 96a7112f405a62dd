import { mintShown, type Shown } from '../../core/proof.ts';
import type { ResultMasks } from './masking-results.ts';
import { RowBuffer } from './row-buffer.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** What the gateway itself says, or has asked the target about: nothing of the target's data. */
export function inOwnWords(bytes: Buffer): Shown {
  return mintShown(bytes);
}

/** Takes the target's bytes in the form that may be shown, and where they are masked what the target said in their place. */
export type Deliver = (owner: StatementExchange | null, bytes: Shown, original?: Buffer) => void;

/**
 * The run of contiguous bytes with one owner that has not been answered yet. What the target says gets to a client, and on
 * record, through here alone: what must be masked is replaced by what is written into a buffer of its own, which is a run as
 * well; what passes stays where it came in.
 */
export class ReplyRun {
  readonly #deliver: Deliver;
  /** Null where nothing of the session is masked. */
  readonly #masks: ResultMasks | null;
  readonly #written = new RowBuffer();
  #buffer: Buffer | null = null;
  #from = 0;
  #to = 0;
  #owner: StatementExchange | null = null;
  /** What the run was written in place of; null where originals are not kept. */
  readonly #originals: OriginalRun | null;

  constructor(masks: ResultMasks | null, deliver: Deliver) {
    this.#masks = masks;
    this.#originals = masks?.keepsOriginals ? new OriginalRun() : null;
    this.#deliver = deliver;
  }

  /** One whole message of the target's. */
  message(type: number, owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    if (this.#masks === null || !this.#masks.replace(type, owner, buffer, from, to, this.#written))
      return this.#add(owner, buffer, from, to);
    if (this.#written.length > 0) this.#add(owner, this.#written.buffer, this.#written.from, this.#written.to);
    else if (this.#originals !== null) this.#dropped(owner);
    this.#originals?.add(buffer, from, to);
  }

  /** A piece of a message that streams. Throws where its owner's rows must be masked: half a row cannot be. */
  piece(type: number, owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    this.#masks?.pieceOf(type, owner);
    this.#add(owner, buffer, from, to);
  }

  /** What the gateway says in the target's place. */
  say(owner: StatementExchange | null, words: Buffer): void {
    this.#add(owner, words, 0, words.length);
  }

  flush(): void {
    const buffer = this.#buffer;
    const original = this.#originals?.take() ?? null;
    if (original !== null) {
      this.#buffer = null;
      return this.#deliver(this.#owner, mintShown(buffer?.subarray(this.#from, this.#to) ?? nothing), original);
    }
    if (buffer === null) return;
    this.#buffer = null;
    this.#deliver(this.#owner, mintShown(buffer.subarray(this.#from, this.#to)));
  }

  /** Nothing takes a message's place yet: what it said goes on record by itself. */
  #dropped(owner: StatementExchange | null): void {
    if (this.#buffer === null && this.#owner === owner) return;
    this.flush();
    this.#owner = owner;
  }

  #add(owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    if (this.#buffer === buffer && this.#owner === owner && this.#to === from) {
      this.#to = to;
      return;
    }
    this.flush();
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
    this.#owner = owner;
  }
}

/** Messages that were replaced, in their order. Those of one read lie together, and are not copied. */
class OriginalRun {
  #whole: Buffer[] = [];
  #buffer: Buffer | null = null;
  #from = 0;
  #to = 0;

  add(buffer: Buffer, from: number, to: number): void {
    if (this.#buffer !== buffer || this.#to !== from) {
      this.#close();
      this.#buffer = buffer;
      this.#from = from;
    }
    this.#to = to;
  }

  /** Null where there were none. */
  take(): Buffer | null {
    this.#close();
    const whole = this.#whole;
    if (whole.length === 0) return null;
    this.#whole = [];
    return whole.length === 1 ? (whole[0] ?? null) : Buffer.concat(whole);
  }

  #close(): void {
    if (this.#buffer !== null) this.#whole.push(this.#buffer.subarray(this.#from, this.#to));
    this.#buffer = null;
  }
}

const nothing = Buffer.alloc(0);
