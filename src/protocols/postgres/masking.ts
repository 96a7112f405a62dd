import { mintShown, type Shown } from '../../core/proof.ts';
import type { ResultMasks } from './masking-results.ts';
import { RowBuffer } from './row-buffer.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** What the gateway itself says, or has asked the target about: nothing of the target's data. */
export function inOwnWords(bytes: Buffer): Shown {
  return mintShown(bytes);
}

/** Takes the target's bytes in the form that may be shown. */
export type Deliver = (owner: StatementExchange | null, bytes: Shown) => void;

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

  constructor(masks: ResultMasks | null, deliver: Deliver) {
    this.#masks = masks;
    this.#deliver = deliver;
  }

  /** One whole message of the target's. */
  message(type: number, owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    if (this.#masks === null || !this.#masks.replace(type, owner, buffer, from, to, this.#written)) this.#add(owner, buffer, from, to);
    else if (this.#written.length > 0) this.#add(owner, this.#written.buffer, this.#written.from, this.#written.to);
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
    if (buffer === null) return;
    this.#buffer = null;
    this.#deliver(this.#owner, mintShown(buffer.subarray(this.#from, this.#to)));
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
