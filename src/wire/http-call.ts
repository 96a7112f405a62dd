import type { ReplyTaker } from './http-reply.ts';

type Field = readonly [name: string, value: string];

/** A request as it is sent to a target; what frames its body is not among its fields. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
  /** Whether a body comes, and how long it is; null where that is not known before its end. */
  readonly body: { readonly length: number | null } | null;
}

/** Who waits for a reply. What it throws within a reply is a fault of that reply. */
export interface HttpTaker extends ReplyTaker {
  /** What one read of the connection has brought was handed on. */
  settled(): void;
  /** The target takes more of the body again. */
  drained(): void;
  /** There will be no reply, or no more of it. */
  failed(fault: Error): void;
}

/** What carries one request and its reply. */
export interface HttpLine {
  /** Whether the target takes more of the body now. */
  write(bytes: Buffer): boolean;
  end(trailers: readonly Field[]): void;
  pause(): void;
  resume(): void;
  /** Nothing more is wanted; nobody is told. */
  abort(reason: Error): void;
}

/** How much of a body is held for a connection that is not there yet. */
const mostHeld = 256 * 1024;

/** One request at a target, from before there is a connection for it until its reply is whole. */
export class HttpCall implements HttpLine {
  readonly request: HttpRequest;
  readonly taker: HttpTaker;
  #line: HttpLine | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #trailers: readonly Field[] | null = null;
  #paused = false;
  #aborted: Error | null = null;
  #over = false;

  constructor(request: HttpRequest, taker: HttpTaker) {
    this.request = request;
    this.taker = taker;
  }

  /** Whether it still wants a connection. */
  get waits(): boolean {
    return this.#aborted === null && !this.#over;
  }

  /** Here is what carries it: the head has been sent on it. */
  carriedBy(line: HttpLine): void {
    this.#line = line;
    if (this.#paused) line.pause();
    const held = this.#held;
    this.#held = [];
    let more = true;
    for (const bytes of held) more = line.write(bytes);
    if (this.#trailers !== null) line.end(this.#trailers);
    else if (held.length > 0 && more) this.taker.drained();
  }

  /** Its reply is whole, or there is none: what carried it may carry another. */
  release(): void {
    this.#over = true;
    this.#line = null;
    this.#held = [];
  }

  write(bytes: Buffer): boolean {
    if (this.#line !== null) return this.#line.write(bytes);
    if (this.#over || this.#aborted !== null) return true;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    return this.#heldBytes < mostHeld;
  }

  end(trailers: readonly Field[]): void {
    if (this.#line === null) this.#trailers = trailers;
    else this.#line.end(trailers);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#line?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#line?.resume();
  }

  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#held = [];
    this.#line?.abort(reason);
  }
}
