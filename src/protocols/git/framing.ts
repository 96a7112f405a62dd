import type { JsonObject } from '../../core/json.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import type { SavedState } from '../../core/saved-state.ts';

/*
 * How what crosses stands on record: frames of one byte that says what it is, four bytes of length (big-endian), and content. What
 * crossed on the wire is the content of head and body; what the gateway found out stands in the request's direction before the body
 * that it was found in, and goes nowhere.
 */
export const frameKinds = {
  /** A request's or reply's head, as JSON. */
  head: 'h',
  /** A piece of a body, as it crossed. */
  body: 'b',
  /** What a push does, as JSON (`Inspection`). */
  summary: 's',
  /** One commit that the target did not have, as JSON (`CommitFound`); its patch follows. */
  commit: 'c',
  /** The change of a ref as a whole follows, where no single commit has it all. */
  change: 'r',
  /** A piece of a patch. */
  patch: 'p',
  /** What the gateway asked of the target by itself, as JSON. */
  own: 'o',
} as const;
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];
export const frameHeadBytes = 5;

const everyKind = Object.values(frameKinds);
const kinds: ReadonlySet<string> = new Set(everyKind);
/** Bodies are cut into pieces of at most this much; a summary names every file that a push changes. */
const longestFrame = 64 * 1024 * 1024;
/** No more of a frame is saved where its reading breaks off. */
const longestSaved = 1024 * 1024;

export function encodeFrame(kind: FrameKind, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([frameHead(kind, bytes.length), bytes]);
}

/** What stands before content of so many bytes. */
export function frameHead(kind: FrameKind, length: number): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.write(kind, 'latin1');
  head.writeUInt32BE(length, 1);
  return head;
}

/** A piece of one frame's content; `ends` where it is the last. Content of bodies and patches comes as it is read, all else whole. */
export interface FramePiece {
  readonly kind: FrameKind;
  readonly bytes: Buffer;
}

/** Takes frames from a stream that may be cut anywhere. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #kind: FrameKind = frameKinds.body;

  /** Throws MalformedBytes where the bytes are no frames. */
  *feed(bytes: Buffer): Generator<FramePiece> {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (;;) {
      if (this.#left === 0 && !this.#open()) return;
      const streams = this.#kind === frameKinds.body || this.#kind === frameKinds.patch;
      if (this.#held.length < this.#left && !(streams && this.#held.length > 0)) return;
      const piece = this.#held.subarray(0, this.#left);
      this.#held = this.#held.subarray(piece.length);
      this.#left -= piece.length;
      yield { kind: this.#kind, bytes: piece };
    }
  }

  drop(): void {
    this.#held = Buffer.alloc(0);
    this.#left = 0;
  }

  /** How much of a frame it waits with. */
  get heldBytes(): number {
    return this.#held.length;
  }

  save(): JsonObject {
    return { kind: this.#kind, left: this.#left, held: this.#held.toString('base64') };
  }

  /** Goes on where another one saved. Throws RangeError on what that cannot have saved. */
  goOn(saved: SavedState): void {
    this.#kind = saved.word('kind', everyKind);
    this.#left = saved.count('left', longestFrame);
    this.#held = saved.bytes('held', longestSaved);
  }

  /** Reads the next frame's head; false where it is not there yet. Frames without content are passed over. */
  #open(): boolean {
    while (this.#held.length >= frameHeadBytes) {
      const kind = this.#held.toString('latin1', 0, 1);
      const length = this.#held.readUInt32BE(1);
      if (!kinds.has(kind) || length > longestFrame) throw new MalformedBytes('no frame of this record');
      this.#held = this.#held.subarray(frameHeadBytes);
      this.#kind = kind as FrameKind;
      this.#left = length;
      if (length > 0) return true;
    }
    return false;
  }
}
