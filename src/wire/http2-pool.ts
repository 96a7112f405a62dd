import type { Socket } from 'node:net';
import type { HttpCall } from './http-call.ts';
import { Http2Connection } from './http2-connection.ts';

export interface Http2PoolParts {
  readonly origin: string;
  /** Opens a connection that speaks HTTP/2. Rejects where there is none. */
  readonly open: () => Promise<Socket>;
  /** How long a target may take until it begins to answer. */
  readonly headMs: number;
}

/** HTTP/2 to one place: one connection at a time (RFC 9113 section 9.1), beside those that their target lets end. */
export class Http2Pool {
  readonly #parts: Http2PoolParts;
  #current: Http2Connection | null = null;
  /** Those before it, on which something may still run. */
  #older: Http2Connection[] = [];
  #opening = false;
  #waiting: HttpCall[] = [];
  #destroyed = false;

  constructor(parts: Http2PoolParts) {
    this.#parts = parts;
  }

  carry(call: HttpCall): void {
    if (this.#destroyed) return call.taker.failed(new Error('the connections to this place were given up'));
    if (this.#current?.usable === true) return this.#on(this.#current, call);
    this.#waiting.push(call);
    if (!this.#opening) this.#open();
  }

  /** Takes a connection that was opened already. */
  take(socket: Socket): void {
    if (this.#destroyed || this.#current?.usable === true) return void socket.destroy();
    const { origin, headMs } = this.#parts;
    const before = this.#current === null ? this.#older : [...this.#older, this.#current];
    this.#older = before.filter((connection) => connection.runs);
    for (const idle of before) if (!idle.runs) idle.destroy();
    const connection = new Http2Connection(origin, socket, headMs);
    this.#current = connection;
    for (const call of this.#waiting.splice(0)) if (call.waits) this.#on(connection, call);
  }

  /** Breaks off what runs. */
  destroy(): void {
    this.#destroyed = true;
    for (const call of this.#waiting.splice(0)) call.taker.failed(new Error('the connections to this place were given up'));
    this.#current?.destroy();
    for (const connection of this.#older) connection.destroy();
  }

  #on(connection: Http2Connection, call: HttpCall): void {
    try {
      connection.carry(call);
    } catch (fault) {
      // Nothing of it was sent.
      call.release();
      call.taker.failed(fault instanceof Error ? fault : new Error(String(fault)));
    }
  }

  #open(): void {
    this.#opening = true;
    this.#parts.open().then(
      (socket) => {
        this.#opening = false;
        this.take(socket);
      },
      (fault: unknown) => {
        this.#opening = false;
        const failure = fault instanceof Error ? fault : new Error(String(fault));
        for (const call of this.#waiting.splice(0)) call.taker.failed(failure);
      },
    );
  }
}
