import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Coding } from './headers.ts';

/** Where a body's pieces go, and its end. */
export interface BodySink {
  piece(bytes: Buffer): void;
  end(): void;
  /** Whether more is wanted now. */
  flow(more: boolean): void;
  fail(fault: Error): void;
}

/** Takes the content coding off a reply's body. What it becomes, however large, comes as it is wanted and is never held. */
export class Decoding {
  readonly #stream: Transform;
  readonly #sink: BodySink;

  constructor(coding: Coding, sink: BodySink) {
    this.#stream = makers[coding]();
    this.#sink = sink;
    this.#stream.on('data', (bytes: Buffer) => sink.piece(bytes));
    this.#stream.once('end', () => sink.end());
    this.#stream.once('error', (fault) => sink.fail(fault));
    this.#stream.on('drain', () => sink.flow(true));
  }

  write(bytes: Buffer): void {
    // It is read by another thread, later.
    if (!this.#stream.write(Buffer.from(bytes))) this.#sink.flow(false);
  }
  end(): void {
    this.#stream.end();
  }
  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  destroy(): void {
    this.#stream.destroy();
  }
}

const makers: { readonly [coding in Coding]: () => Transform } = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};
