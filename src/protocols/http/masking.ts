import { type MaskedCount, Tally } from '../../core/masking.ts';
import { mintShown, type Shown } from '../../core/proof.ts';
import type { Field } from '../../core/web.ts';
import { hold } from '../../wire/lent-memory.ts';
import type { BodyMask, MaskedPiece } from './body-mask.ts';
import type { BodyMasks } from './body-masking.ts';
import { endFrame, frameHeader, frameOf, headFrame, letter, trailersFrame } from './framing.ts';
import { OriginalReply } from './original-reply.ts';
import type { Scrubber } from './scrub.ts';

/** What the gateway itself says: nothing of the target's. */
export function inOwnWords(bytes: Buffer): Shown {
  return mintShown(bytes);
}

/** Fields in which nothing of the target's data stands, but what a client needs to read the rest. */
const ofTheWire: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'date',
  'etag',
  'last-modified',
  'cache-control',
  'expires',
  'vary',
  'allow',
  'retry-after',
]);

const nothing: readonly MaskedCount[] = [];

/** A piece of a body that is as long as this goes on without being copied. */
const copied = 16 * 1024;

/** A reply on its way to the record and the client: what the target says gets there through here alone. What is said until `flush` goes as one. */
export class ShownReply {
  readonly #scrubber: Scrubber;
  readonly #answer: (bytes: Shown, original?: Uint8Array) => void;
  #batch: Buffer[] = [];
  /** The end of the last piece, which may be the beginning of a credential. */
  #tail: Buffer | null = null;

  /** Null where nothing is masked. */
  readonly #masks: BodyMasks | null;
  readonly #tally: Tally | null;
  #mask: BodyMask | null = null;
  /** Null where originals are not kept. */
  readonly #originals: OriginalReply | null;
  /** Whether any of it has been answered; until then something else can be said in its place. */
  begun = false;
  /** The head of a reply whose body may turn out to be one that cannot be shown. */
  #heldHead: Buffer | null = null;

  constructor(scrubber: Scrubber, masks: BodyMasks | null, answer: (bytes: Shown, original?: Uint8Array) => void) {
    this.#scrubber = scrubber;
    this.#masks = masks;
    this.#tally = masks === null ? null : new Tally();
    this.#originals = masks?.keepsOriginals ? new OriginalReply(scrubber) : null;
    this.#answer = answer;
  }

  /** What was masked so far. */
  get masked(): readonly MaskedCount[] {
    return this.#tally === null ? nothing : [...this.#tally.entries(), ...(this.#mask?.tally.entries() ?? [])];
  }

  /** The reason as it is shown. */
  head(status: number, said: string, fields: readonly Field[], contentType: string): string {
    const reason = this.#cleanText(said);
    const frame = headFrame(letter.reply, `${status} ${reason}`, this.#clean(fields));
    if (this.#masks === null) {
      this.#add(frame);
      return reason;
    }
    this.#originals?.head(`${status} ${said}`, fields);
    this.#mask = this.#masks.of(contentType);
    this.#heldHead = frame;
    return reason;
  }

  /** Throws Withheld where it is, or becomes, one that cannot be shown. */
  piece(bytes: Buffer): void {
    if (this.#mask === null) return this.#scrubbed(bytes);
    this.#masked(this.#mask.piece(bytes));
  }

  #masked(piece: MaskedPiece | null): void {
    if (piece === null) return;
    this.#originals?.piece(piece.original);
    this.#scrubbed(piece.shown);
  }

  #scrubbed(bytes: Buffer): void {
    if (this.#scrubber.isEmpty) return this.#body(bytes);
    const whole = this.#tail === null ? bytes : Buffer.concat([this.#tail, bytes]);
    const clean = this.#scrubber.bytes(whole);
    const begun = this.#scrubber.begun(clean);
    this.#tail = begun === 0 ? null : Buffer.from(clean.subarray(clean.length - begun));
    this.#body(clean.subarray(0, clean.length - begun));
  }

  /** The head of a reply that has no body, or whose body is messages. */
  open(line: string, fields: readonly Field[]): void {
    this.#originals?.head(line, fields);
    this.#add(headFrame(letter.reply, line, this.#clean(fields)));
    this.flush();
  }

  /** One WebSocket message's piece, masked already, and what it was; whole in itself as far as credentials go. */
  message(frame: Buffer, original = frame): void {
    this.#originals?.message(original);
    this.#add(this.#scrubber.bytes(frame));
    this.flush();
  }

  /** What the gateway says in the target's place. */
  say(frame: Buffer): void {
    this.#originals?.message(frame);
    this.#add(frame);
    this.flush();
  }

  /** Throws Withheld as `piece` does. */
  end(trailers: readonly Field[]): void {
    this.#masked(this.#mask?.end() ?? null);
    if (this.#tail !== null) this.#body(this.#tail);
    this.#tail = null;
    if (trailers.length > 0) this.#add(trailersFrame(this.#clean(trailers)));
    this.#add(endFrame);
    this.#originals?.end(trailers);
    this.flush();
  }

  flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    const shown = mintShown(batch.length === 1 && batch[0] !== undefined ? batch[0] : Buffer.concat(batch));
    this.#answer(shown, this.#originals?.take());
  }

  #body(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (bytes.length < copied || this.#originals !== null) return this.#add(frameOf(letter.body, bytes));
    this.#add(frameHeader(letter.body, bytes.length));
    this.flush();
    this.#answer(mintShown(hold(bytes)));
  }

  #clean(fields: readonly Field[]): readonly Field[] {
    if (this.#masks === null && this.#scrubber.isEmpty) return fields;
    return fields.map(([name, value]) => [name, ofTheWire.has(name) ? this.#scrubber.text(value) : this.#cleanText(value)]);
  }

  #cleanText(text: string): string {
    const clean = this.#scrubber.text(text);
    return this.#masks === null || this.#tally === null ? clean : this.#masks.text(clean, this.#tally);
  }

  #add(frame: Buffer): void {
    this.begun = true;
    if (this.#heldHead !== null) this.#batch.push(this.#heldHead);
    this.#heldHead = null;
    this.#batch.push(frame);
  }
}
