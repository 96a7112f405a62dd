import { hash, type KeyObject } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
/** Of longer texts the buffer is made anew. */
const usualBytes = 4_096;

/**
 * HMAC-SHA-256 (RFC 2104) by one key, for many short texts: with the two padded keys at hand, two calls of the one-shot hash take
 * less than half of what one HMAC object takes (measured: 1.1 against 2.6 µs of the processor).
 */
export class KeyedHash {
  readonly #inner: Buffer;
  readonly #outer = Buffer.alloc(blockBytes + digestBytes);

  constructor(key: KeyObject) {
    const bytes = key.export();
    if (bytes.length > blockBytes) throw new RangeError('a key of more than a block is hashed first');
    this.#inner = Buffer.alloc(blockBytes + usualBytes);
    for (let at = 0; at < blockBytes; at += 1) {
      this.#inner[at] = (bytes[at] ?? 0) ^ 0x36;
      this.#outer[at] = (bytes[at] ?? 0) ^ 0x5c;
    }
  }

  /** 32 bytes, each as the character of that number. */
  of(text: string): string {
    this.#outer.write(hash('sha256', this.#padded(text), 'latin1'), blockBytes, 'latin1');
    return hash('sha256', this.#outer, 'latin1');
  }

  #padded(text: string): Buffer {
    // A UTF-16 unit takes 3 bytes at most.
    if (text.length * 3 > usualBytes) return Buffer.concat([this.#inner.subarray(0, blockBytes), Buffer.from(text)]);
    return this.#inner.subarray(0, blockBytes + this.#inner.write(text, blockBytes, 'utf8'));
  }
}
