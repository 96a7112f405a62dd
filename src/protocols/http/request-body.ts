import type { IncomingMessage } from 'node:http';
import type { Field, Visit } from '../../core/web.ts';
import { fieldsOf, forwardable } from '../../wire/http-headers.ts';
import { own } from '../../wire/lent-memory.ts';

/** Where a body's pieces go, and what became of it. */
export interface BodyTaker {
  piece(bytes: Buffer): void;
  end(trailers: readonly Field[]): void;
}

/** A request's body: none, held as far as it had to be read before the request could go on, or flowing. */
export class RequestBody {
  readonly #visit: Visit;
  readonly #request: IncomingMessage;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ended: boolean;
  #taker: BodyTaker | null = null;

  constructor(visit: Visit) {
    this.#visit = visit;
    this.#request = visit.request;
    this.#ended = visit.body === null;
    // A client that leaves within its body is seen by its response; here it must only not be a fault.
    this.#request.on('error', ignore);
  }

  /** What was read so far. */
  get held(): Buffer {
    return Buffer.concat(this.#held);
  }

  /** The whole body, or null where it is longer than that or its client leaves. */
  async whole(limit: number): Promise<Buffer | null> {
    if (this.#ended) return this.held;
    if ((this.#visit.body?.length ?? 0) > limit) return null;
    this.#visit.proceed();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const onData = (bytes: Buffer) => {
      this.#hold(bytes);
      if (this.#heldBytes > limit) resolve(false);
    };
    const onEnd = () => {
      this.#ended = true;
      resolve(true);
    };
    const onClose = () => resolve(this.#ended);
    this.#request.on('data', onData).once('end', onEnd).once('close', onClose);
    const whole = await promise;
    this.#request.pause();
    this.#request.off('data', onData).off('end', onEnd).off('close', onClose);
    return whole ? this.held : null;
  }

  /** Hands on all of it, from its beginning, as it comes. */
  flow(taker: BodyTaker): void {
    this.#taker = taker;
    for (const bytes of this.#held.splice(0)) taker.piece(bytes);
    if (this.#ended) return taker.end(this.#visit.body === null ? [] : forwardable(fieldsOf(this.#request.rawTrailers)));
    this.#visit.proceed();
    // Node's parser copies each piece into memory of its own, and keeps none of it.
    this.#request.on('data', (bytes: Buffer) => this.#taker?.piece(own(bytes)));
    this.#request.once('end', () => this.#taker?.end(forwardable(fieldsOf(this.#request.rawTrailers))));
  }

  pause(): void {
    this.#request.pause();
  }
  resume(): void {
    if (!this.#ended) this.#request.resume();
  }
  /** Takes nothing more of it; what still comes is thrown away. */
  abandon(): void {
    this.#taker = null;
    this.#request.resume();
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }
}

function ignore(): void {}
