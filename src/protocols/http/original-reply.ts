import type { Field } from '../../core/web.ts';
import { endFrame, frameOf, headFrame, letter, trailersFrame } from './framing.ts';
import type { Scrubber } from './scrub.ts';

/** A reply as its target said it, in the frames of the record, beside the one that is shown: nothing is masked in it, and no credential is in it either. */
export class OriginalReply {
  readonly #scrubber: Scrubber;
  #frames: Buffer[] = [];
  /** The end of the last piece, which may be the beginning of a credential. */
  #tail: Buffer | null = null;

  constructor(scrubber: Scrubber) {
    this.#scrubber = scrubber;
  }

  head(line: string, fields: readonly Field[]): void {
    this.#frames.push(headFrame(letter.reply, this.#scrubber.text(line), this.#clean(fields)));
  }

  piece(bytes: Buffer): void {
    const whole = this.#tail === null ? bytes : Buffer.concat([this.#tail, bytes]);
    const clean = this.#scrubber.bytes(whole);
    const end = clean.length - this.#scrubber.begun(clean);
    this.#tail = end === clean.length ? null : Buffer.from(clean.subarray(end));
    this.#body(clean.subarray(0, end));
  }

  message(frame: Buffer): void {
    this.#frames.push(this.#scrubber.bytes(frame));
  }

  end(trailers: readonly Field[]): void {
    if (this.#tail !== null) this.#body(this.#tail);
    this.#tail = null;
    if (trailers.length > 0) this.#frames.push(trailersFrame(this.#clean(trailers)));
    this.#frames.push(endFrame);
  }

  /** What was said since it was last asked. */
  take(): Buffer {
    return Buffer.concat(this.#frames.splice(0));
  }

  #body(bytes: Buffer): void {
    if (bytes.length > 0) this.#frames.push(frameOf(letter.body, bytes));
  }

  #clean(fields: readonly Field[]): readonly Field[] {
    return fields.map(([name, value]) => [name, this.#scrubber.text(value)]);
  }
}
