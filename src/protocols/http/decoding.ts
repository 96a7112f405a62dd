import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import type { Coding } from './headers.ts';

/** Where a body's pieces go, and its end. */
export interface BodySink {
  piece(bytes: Buffer): void;
  end(): void;
  /** Whether more is wanted now. */
  flow(more: boolean): void;
  fail(fault: Error): void;
}

/** A body is not in the content coding that its head names, or ends within it. */
export class BrokenCoding extends Error {}

/** Takes the content coding off a reply's body. What it becomes, however large, comes as it is wanted and is never held. */
export class Decoding {
  readonly #coding: Coding;
  readonly #sink: BodySink;
  /** Made for the first byte, which says what it is that servers call `deflate`. */
  #stream: Transform | null = null;
  #paused = false;
  #over = false;

  constructor(coding: Coding, sink: BodySink) {
    this.#coding = coding;
    this.#sink = sink;
  }

  write(bytes: Buffer): void {
    if (this.#over || bytes.length === 0) return;
    this.#stream ??= this.#made(bytes[0] ?? 0);
    // It is read by another thread, later.
    if (!this.#stream.write(Buffer.from(bytes))) this.#sink.flow(false);
  }
  /** Nothing at all is an empty body in any coding: servers name one and send none. */
  end(): void {
    if (this.#stream === null) this.#sink.end();
    else this.#stream.end();
  }
  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }
  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }
  destroy(): void {
    this.#over = true;
    this.#stream?.destroy();
  }

  #made(first: number): Transform {
    const stream = makers[this.#coding](first);
    stream.on('data', (bytes: Buffer) => this.#sink.piece(bytes));
    stream.once('end', () => this.#sink.end());
    stream.once('error', (fault) => this.#sink.fail(new BrokenCoding(fault.message, { cause: fault })));
    stream.on('drain', () => this.#sink.flow(true));
    if (this.#paused) stream.pause();
    return stream;
  }
}

/** RFC 9110 section 8.4.1.2: some send `deflate` without the head of zlib, whose first byte names the method 8, and every client takes both. */
export function hasZlibHead(first: number): boolean {
  return (first & 0x0f) === 8;
}

const makers: { readonly [coding in Coding]: (first: number) => Transform } = {
  gzip: () => createGunzip(),
  deflate: (first) => (hasZlibHead(first) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};
