import type { JsonObject } from '../../core/json.ts';
import type { SavedState } from '../../core/saved-state.ts';

/** No character of UTF-8 has more than this many bytes before its last one. */
const unfinishedBytes = 3;
/** Those of the Encoding Standard in which what a byte means hangs on more than the few bytes before it. */
const farReaching: ReadonlySet<string> = new Set('utf-16le utf-16be gbk gb18030 big5 euc-jp iso-2022-jp shift_jis euc-kr'.split(' '));

/**
 * A text that comes in pieces, which may be cut within a character, and that can go on in another one: a UTF-8 decoder that is given
 * the last three bytes again is where it was, whatever came before them. A mark of the byte order is taken off at the beginning alone.
 */
export class PiecewiseText {
  readonly #charset: string;
  readonly #decoder: TextDecoder;
  /** The last bytes, at its end. */
  readonly #last = Buffer.alloc(unfinishedBytes);
  /** How many bytes have come; no further than to one more than `last` holds. */
  #come = 0;

  /** Throws RangeError on a charset that is not known. */
  constructor(charset: string, come: Buffer | null = null, more = false) {
    this.#charset = charset;
    this.#decoder = new TextDecoder(charset, { ignoreBOM: more });
    if (come !== null) this.piece(come);
    if (more) this.#come = unfinishedBytes + 1;
  }

  static from(saved: SavedState): PiecewiseText {
    return new PiecewiseText(saved.text('charset', 40), saved.bytes('last', unfinishedBytes), saved.flag('more'));
  }

  piece(bytes: Uint8Array): string {
    const kept = Math.min(unfinishedBytes, bytes.length);
    this.#last.copyWithin(0, kept);
    this.#last.set(bytes.subarray(bytes.length - kept), unfinishedBytes - kept);
    this.#come = Math.min(unfinishedBytes + 1, this.#come + bytes.length);
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** What comes last, or was left unfinished. */
  end(bytes?: Uint8Array): string {
    return this.#decoder.decode(bytes);
  }

  /** Null where another one could not go on here. */
  save(): JsonObject | null {
    if (this.#come > 0 && farReaching.has(this.#decoder.encoding)) return null;
    const last = this.#last.toString('base64', unfinishedBytes - Math.min(unfinishedBytes, this.#come));
    return { charset: this.#charset, last, more: this.#come > unfinishedBytes };
  }
}
