import { closeSync, openSync, writevSync } from 'node:fs';
import { frameHead, type FrameKind, frameKinds } from './framing.ts';

/** Patches stand in frames of at most so much, and so much is written at once. */
const pieceBytes = 1024 * 1024;

/** Where every commit of a push is written with its patch, framed as the record keeps it. It writes in its own thread's time. */
export class DetailFile implements Disposable {
  readonly #file: number;
  readonly #path: string;
  #pieces: Buffer[] = [];
  #waiting = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'wx', 0o600);
  }

  document(kind: FrameKind, value: object): void {
    const bytes = Buffer.from(JSON.stringify(value));
    this.#add(frameHead(kind, bytes.length), bytes);
  }

  /** The bytes are kept until they are written: nobody may change them. */
  patch(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      this.#add(frameHead(frameKinds.patch, piece.length), piece);
    }
  }

  flush(): void {
    const written = this.#pieces.length === 0 ? 0 : writevSync(this.#file, this.#pieces);
    if (written !== this.#waiting) throw new Error(`${this.#path}: ${written} of ${this.#waiting} bytes could be written`);
    this.#pieces = [];
    this.#waiting = 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #add(head: Buffer, content: Buffer): void {
    this.#pieces.push(head, content);
    this.#waiting += head.length + content.length;
    if (this.#waiting >= pieceBytes) this.flush();
  }
}
