import type { Duplex } from 'node:stream';
import type { HttpCall, HttpLine, HttpRequest } from './http-call.ts';
import { ReplyReader } from './http-reply.ts';
import type { LentReading } from './lent-memory.ts';
import { writeHeld, writePromptly } from './prompt-write.ts';

type Field = readonly [name: string, value: string];

/** The target ended the connection, or let it end, while something was still to come. */
export class BrokenConnection extends Error {}
/** The target did not begin to answer in time. */
export class LateReply extends Error {}

/** A connection that was made, and what reads it where it is not a stream that is read. */
export interface OpenedSocket {
  readonly socket: Duplex;
  readonly reading: LentReading | null;
}

/** Whoever keeps connections. */
export interface Keeper {
  /** `Host` of every request (RFC 9112 section 3.2). */
  readonly authority: string;
  /** It can carry another request. */
  free(connection: Http1Connection): void;
  /** It is no more. */
  gone(connection: Http1Connection): void;
}

/** How long a connection is kept whose target does not say; servers' own limits begin at five seconds. */
const usualIdleMs = 4_000;
const longestIdleMs = 600_000;
/** A request must not meet a connection that its target is just closing. */
const marginMs = 1_000;

/** A connection of HTTP/1.1 to a target: one request at a time. */
export class Http1Connection implements HttpLine {
  readonly #socket: Duplex;
  readonly #keeper: Keeper;
  readonly #reader = new ReplyReader();
  #call: HttpCall | null = null;
  #chunked = false;
  /** Goes with the first piece of the body: a body that breaks before that is a request that never was. */
  #head: Buffer | null = null;
  /** Whether the request is wholly sent. */
  #sent = true;
  /** Since when the target owes a head; 0 where it owes none. */
  #owesSince = 0;
  #idleUntil = 0;
  #idleMs = usualIdleMs;

  constructor({ socket, reading }: OpenedSocket, keeper: Keeper) {
    this.#socket = socket;
    this.#keeper = keeper;
    const read = (bytes: Buffer) => this.#read(bytes);
    if (reading === null) socket.on('data', read);
    else reading.to(read);
    socket.on('drain', () => this.#call?.taker.drained());
    socket.on('end', () => this.#ended());
    socket.on('error', (fault: Error) => this.#fail(new BrokenConnection(fault.message, { cause: fault })));
    socket.on('close', () => {
      this.#fail(new BrokenConnection('the target closed the connection'));
      keeper.gone(this);
    });
    // What nobody asked for is nobody's.
    if (reading?.early === true) socket.destroy();
  }

  /** Whether it can carry a request now: it is idle, and has not been for too long. */
  usable(now: number): boolean {
    return this.#call === null && now < this.#idleUntil && this.#socket.writable && !this.#socket.readableEnded;
  }

  carry(call: HttpCall): void {
    const { request } = call;
    this.#call = call;
    this.#chunked = request.body !== null && request.body.length === null;
    this.#sent = request.body === null;
    this.#head = headOf(request, this.#keeper.authority);
    const toHead = request.method === 'HEAD';
    this.#reader.expect(
      {
        head: (head) => {
          this.#owesSince = 0;
          this.#idleMs = idleMsOf(head.fields);
          call.taker.head(head);
        },
        piece: (bytes) => call.taker.piece(bytes),
        end: (trailers) => call.taker.end(trailers),
      },
      toHead,
    );
    if (this.#sent) this.#begin();
    call.carriedBy(this);
  }

  write(bytes: Buffer): boolean {
    this.#begin();
    if (!this.#chunked) return writePromptly(this.#socket, bytes);
    this.#socket.cork();
    this.#socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    writeHeld(this.#socket, bytes, bytes);
    const more = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return more;
  }

  end(trailers: readonly Field[]): void {
    this.#begin();
    this.#sent = true;
    if (this.#chunked) this.#socket.write(`0\r\n${linesOf(trailers)}\r\n`, 'latin1');
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  abort(): void {
    this.#call?.release();
    this.#call = null;
    this.#socket.destroy();
  }

  /** Looks at the clock: a reply that does not begin is given up, and so is what has been idle for too long. */
  look(now: number, headMs: number): void {
    if (this.#owesSince > 0 && now - this.#owesSince > headMs) this.#fail(new LateReply('the target did not begin to answer'));
    else if (this.#call === null && now >= this.#idleUntil) this.#socket.destroy();
  }

  destroy(): void {
    this.#fail(new BrokenConnection('the connection was given up'));
    this.#socket.destroy();
  }

  /** The target has its time from the last piece on. */
  #begin(): void {
    const head = this.#head;
    this.#head = null;
    if (head !== null || this.#owesSince > 0) this.#owesSince = performance.now();
    if (head !== null) writePromptly(this.#socket, head);
  }

  #read(bytes: Buffer): void {
    const call = this.#call;
    // What nobody asked for is nobody's.
    if (call === null) return void this.#socket.destroy();
    try {
      this.#reader.read(bytes);
      call.taker.settled();
    } catch (fault) {
      return this.#fail(fault);
    }
    if (!this.#reader.reading) this.#settle();
  }

  #ended(): void {
    if (this.#call === null) return;
    const { taker } = this.#call;
    try {
      this.#reader.close();
      taker.settled();
    } catch (fault) {
      return this.#fail(fault instanceof Error ? new BrokenConnection(fault.message, { cause: fault }) : fault);
    }
    this.#settle();
  }

  /** The reply is whole: the connection is kept where nothing speaks against it. */
  #settle(): void {
    const call = this.#call;
    if (call === null) return;
    call.release();
    this.#call = null;
    if (!this.#reader.keeps || !this.#sent || this.#idleMs <= 0 || this.#socket.readableEnded) return void this.#socket.destroy();
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#idleUntil = performance.now() + this.#idleMs;
    this.#keeper.free(this);
  }

  #fail(fault: unknown): void {
    const call = this.#call;
    this.#call = null;
    this.#owesSince = 0;
    this.#socket.destroy();
    call?.release();
    call?.taker.failed(fault instanceof Error ? fault : new Error(String(fault)));
  }
}

const withBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** A request's head. Throws where it could be read as more than one. */
function headOf({ method, path, fields, body }: HttpRequest, authority: string): Buffer {
  const line = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: keep-alive\r\n`;
  const length = body === null ? (withBody.has(method) ? 0 : null) : body.length;
  const framing = length !== null ? `content-length: ${length}\r\n` : body === null ? '' : 'transfer-encoding: chunked\r\n';
  if (breaking.test(method) || breaking.test(path)) throw new Error('a request line that could be read as more than one');
  return Buffer.from(`${line}${linesOf(fields)}${framing}\r\n`, 'latin1');
}

const breaking = /[\0\r\n ]/;

const lastLines = new WeakMap<readonly Field[], string>();

/** Kept by the list that they are of, which is the same for most requests of a client. */
function linesOf(fields: readonly Field[]): string {
  let text = lastLines.get(fields) ?? '';
  if (text !== '') return text;
  for (const [name, value] of fields) {
    // In HTTP/1.1 it would have to stand in Connection as well (RFC 9110 section 10.1.4), and no server waits for it.
    if (name === 'te') continue;
    if (lineBreak.test(value)) throw new Error(`a header ${name} that could be read as more than one`);
    text += `${name}: ${value}\r\n`;
  }
  lastLines.set(fields, text);
  return text;
}

const lineBreak = /[\r\n\0]/;

/** `Keep-Alive: timeout=5` (RFC 2068 section 19.7.1), which most servers still send. */
function idleMsOf(fields: readonly Field[]): number {
  for (const [name, value] of fields)
    if (name === 'keep-alive') {
      const [, seconds] = /(?:^|[,; ])timeout=(\d{1,9})/i.exec(value) ?? [];
      if (seconds !== undefined) return Math.min(longestIdleMs, Number(seconds) * 1_000 - marginMs);
    }
  return usualIdleMs;
}
