import type { JsonObject } from '../../core/json.ts';
import type { SavedState } from '../../core/saved-state.ts';

/** A stretch of a patch: lines that people read, or the encoded content of a binary file. */
export interface PatchStretch {
  readonly binary: boolean;
  readonly bytes: Buffer;
}

const opening = 'GIT binary patch';
const lineFeed = 0x0a;
/** A binary patch says the way there and the way back, each up to an empty line (emit_binary_diff of git's diff.c). */
const ways = 2;

/**
 * Cuts a patch, which may come in any pieces, where the content of a binary file begins and ends. The line that opens it stays with the
 * text. No line of a hunk can be taken for that one, since each begins with its mark.
 */
export class BinaryPatches {
  /** How many ways are still to come of the binary patch at hand; 0 in text. */
  #left = 0;
  /** The beginning of the line that the last piece broke off in, as far as it tells. */
  #line = '';

  save(): JsonObject {
    return { left: this.#left, line: this.#line };
  }

  /** Goes on where another one saved. Throws RangeError on what that cannot have saved. */
  goOn(saved: SavedState): void {
    this.#left = saved.count('left', ways);
    this.#line = saved.text('line', opening.length + 1);
  }

  *feed(piece: Buffer): Generator<PatchStretch> {
    let begun = 0;
    for (let from = 0; from < piece.length; ) {
      const end = piece.indexOf(lineFeed, from);
      if (end === -1) {
        this.#line = this.#with(piece, from, piece.length);
        break;
      }
      const binary = this.#left > 0;
      if (binary) this.#left -= this.#line === '' && end === from ? 1 : 0;
      else if (this.#opens(piece, from, end)) this.#left = ways;
      this.#line = '';
      from = end + 1;
      if (this.#left > 0 === binary) continue;
      yield { binary, bytes: piece.subarray(begun, from) };
      begun = from;
    }
    if (begun < piece.length) yield { binary: this.#left > 0, bytes: piece.subarray(begun) };
  }

  #opens(piece: Buffer, from: number, end: number): boolean {
    if (this.#line === '' && (end - from !== opening.length || piece[from] !== opening.charCodeAt(0))) return false;
    return this.#with(piece, from, end) === opening;
  }

  /** The line so far, cut behind where it could still be the opening. */
  #with(piece: Buffer, from: number, end: number): string {
    return `${this.#line}${piece.toString('latin1', from, Math.min(end, from + opening.length + 1))}`.slice(0, opening.length + 1);
  }
}
