/** The bytes do not hold what their format says they should. */
export class MalformedBytes extends Error {}

/** Reads big-endian values from a message; every read checks its bounds. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }
  get left(): number {
    return this.#end - this.#at;
  }
  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }
  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2));
  }
  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }
  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }
  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }
  bytes(count: number): Buffer {
    const from = this.#advance(count);
    return this.#bytes.subarray(from, from + count);
  }
  /** Up to the next NUL, which is passed over. */
  cstring(encoding: BufferEncoding = 'utf8'): string {
    if (this.#at < this.#end && this.#bytes[this.#at] === 0) {
      this.#at += 1;
      return '';
    }
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1 || end >= this.#end) throw new MalformedBytes('a string has no end');
    const text = this.#bytes.toString(encoding, this.#at, end);
    this.#at = end + 1;
    return text;
  }
  /** Fails where bytes are left over. */
  finish(): void {
    if (this.left !== 0) throw new MalformedBytes(`${this.left} bytes too many`);
  }

  #advance(count: number): number {
    if (count < 0 || count > this.left) throw new MalformedBytes(`${count} bytes wanted, ${this.left} left`);
    const from = this.#at;
    this.#at += count;
    return from;
  }
}
