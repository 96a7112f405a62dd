const usualBytes = 64 * 1024;
const headerBytes = 5;

/**
 * Where messages are written anew, one behind the other. What was written is never written over: it is on its way to the
 * record and the client, and a full buffer is left to them.
 */
export class RowBuffer {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #from = 0;
  #message = 0;

  get buffer(): Buffer {
    return this.#buffer;
  }
  /** What was written since `begin`. */
  get from(): number {
    return this.#from;
  }
  get to(): number {
    return this.#at;
  }
  get length(): number {
    return this.#at - this.#from;
  }

  /** Begins to write what takes one message's place. */
  begin(): void {
    this.#from = this.#at;
  }
  open(type: number): void {
    this.#reserve(headerBytes);
    this.#message = this.#at - this.#from;
    this.#buffer[this.#at] = type;
    this.#at += headerBytes;
  }
  close(): void {
    const start = this.#from + this.#message;
    this.#buffer.writeInt32BE(this.#at - start - 1, start + 1);
  }
  copy(source: Buffer, from: number, to: number): void {
    if (to <= from) return;
    this.#reserve(to - from);
    source.copy(this.#buffer, this.#at, from, to);
    this.#at += to - from;
  }
  uint16(value: number): void {
    this.#reserve(2);
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
  }
  int32(value: number): void {
    this.#reserve(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
  }
  /** A value with its length in front of it. */
  value(text: string, encoding: 'utf8' | 'latin1'): void {
    // No character of a string takes more than three bytes of UTF-8 for each of its units.
    this.#reserve(4 + text.length * (encoding === 'utf8' ? 3 : 1));
    const length = this.#buffer.write(text, this.#at + 4, encoding);
    this.#buffer.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
  }
  /** Leaves out what was written since `begin`. */
  drop(): void {
    this.#at = this.#from;
  }

  #reserve(more: number): void {
    if (this.#buffer.length - this.#at >= more) return;
    const written = this.#at - this.#from;
    // Beyond Node's pool: a pooled slice would keep strangers' bytes alive with it.
    const larger = Buffer.allocUnsafeSlow(Math.max(usualBytes, 2 * (written + more)));
    this.#buffer.copy(larger, 0, this.#from, this.#at);
    this.#buffer = larger;
    this.#from = 0;
    this.#at = written;
  }
}
