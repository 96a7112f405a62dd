import { mintShown, type Shown } from '../../core/proof.ts';
import type { Field } from '../../core/web.ts';
import { endFrame, frameHeader, frameOf, headFrame, letter, trailersFrame } from './framing.ts';
import type { Scrubber } from './scrub.ts';

/** What the gateway itself says: nothing of the target's. */
export function inOwnWords(bytes: Buffer): Shown {
  return mintShown(bytes);
}

/** A piece of a body that is as long as this goes on without being copied. */
const copied = 16 * 1024;

/**
 * A reply on its way to the record and the client: what the target says gets there through here alone. What is said within one
 * turn of the event loop goes as one.
 */
export class ShownReply {
  readonly #scrubber: Scrubber;
  readonly #answer: (bytes: Shown) => void;
  #batch: Buffer[] = [];
  #scheduled = false;
  /** The end of the last piece, which may be the beginning of a credential. */
  #tail: Buffer | null = null;

  constructor(scrubber: Scrubber, answer: (bytes: Shown) => void) {
    this.#scrubber = scrubber;
    this.#answer = answer;
  }

  head(line: string, fields: readonly Field[]): void {
    this.#add(headFrame(letter.reply, this.#scrubber.text(line), this.#clean(fields)));
  }

  piece(bytes: Buffer): void {
    if (this.#scrubber.isEmpty) return this.#body(bytes);
    const whole = this.#tail === null ? bytes : Buffer.concat([this.#tail, bytes]);
    const clean = this.#scrubber.bytes(whole);
    const begun = this.#scrubber.begun(clean);
    this.#tail = begun === 0 ? null : clean.subarray(clean.length - begun);
    this.#body(clean.subarray(0, clean.length - begun));
  }

  /** One WebSocket message's piece, whole in itself as far as credentials go. */
  message(opcode: number, last: boolean, payload: Buffer): void {
    this.#add(frameOf(letter.message, Buffer.concat([Buffer.from([opcode, last ? 1 : 0]), this.#scrubber.bytes(payload)])));
    this.flush();
  }

  end(trailers: readonly Field[]): void {
    if (this.#tail !== null) this.#body(this.#tail);
    this.#tail = null;
    if (trailers.length > 0) this.#add(trailersFrame(this.#clean(trailers)));
    this.#add(endFrame);
    this.flush();
  }

  flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#answer(mintShown(batch.length === 1 && batch[0] !== undefined ? batch[0] : Buffer.concat(batch)));
  }

  #body(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (bytes.length < copied) return this.#add(frameOf(letter.body, bytes));
    this.#add(frameHeader(letter.body, bytes.length));
    this.flush();
    this.#answer(mintShown(bytes));
  }

  #clean(fields: readonly Field[]): readonly Field[] {
    return this.#scrubber.isEmpty ? fields : fields.map(([name, value]) => [name, this.#scrubber.text(value)]);
  }

  #add(frame: Buffer): void {
    this.#batch.push(frame);
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
