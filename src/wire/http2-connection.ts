import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { HttpCall, HttpLine, HttpRequest } from './http-call.ts';
import { BrokenConnection, LateReply } from './http1-connection.ts';

type Field = readonly [name: string, value: string];

/** Of a head or of trailers. */
const headerLimit = 128 * 1024;
const mostFields = 500;
/**
 * What Node is told, more than eight frames (all that nghttp2 takes for one head) can say without a table of what was said before. Where Node
 * refuses a head itself and the session ends soon after, the process aborts once that is collected: `current_nghttp2_memory_ == 0` in
 * the destructor of Http2Session (Node 26.10). So heads that are too large are taken, and refused here.
 */
const nodesLimits = { maxHeaderListPairs: 2 ** 20, settings: { headerTableSize: 0, maxHeaderListSize: 2 ** 24 - 1 } };
/** How much of one reply its target may send ahead of who reads it, and of all replies together: many may stand still before others do. */
const streamWindow = 256 * 1024;
const connectionWindow = 16 * 1024 * 1024;
/** Before most servers and balancers close what is idle: they say so, but a request may cross that on its way. */
const idleMs = 30_000;

/** A connection of HTTP/2 to a target, for as many requests at once as the target takes; what comes beyond waits in it. */
export class Http2Connection {
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #headMs: number;
  #running = 0;

  /** `headMs` is how long the target may take until it begins to answer. */
  constructor(origin: string, socket: Socket, headMs: number) {
    this.#socket = socket;
    this.#headMs = headMs;
    this.#session = connect(origin, {
      createConnection: () => socket,
      maxHeaderListPairs: nodesLimits.maxHeaderListPairs,
      settings: { enablePush: false, initialWindowSize: streamWindow, ...nodesLimits.settings },
    });
    // Each of its requests is told by its own stream.
    this.#session.on('error', () => {});
    this.#session.once('connect', () => this.#session.setLocalWindowSize(connectionWindow));
    this.#session.setTimeout(idleMs, () => {
      if (this.#running === 0) this.#session.close();
    });
  }

  /** Whether it takes another request. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Whether a reply is still to come on it. */
  get runs(): boolean {
    return this.#running > 0 && !this.#session.destroyed;
  }

  /** Throws where the request cannot be sent in this version. */
  carry(call: HttpCall): void {
    const { body } = call.request;
    const stream = this.#session.request(headersOf(call.request), { endStream: body === null, waitForTrailers: body !== null });
    this.#running += 1;
    stream.once('close', () => (this.#running -= 1));
    call.carriedBy(new Http2Line(stream, call, this.#headMs));
  }

  /** Breaks off what runs. */
  destroy(): void {
    this.#session.destroy();
    // Node only ends it, and waits for the target to do the same.
    this.#socket.destroy();
  }
}

/** One request and its reply: a stream of the connection. */
class Http2Line implements HttpLine {
  readonly #stream: ClientHttp2Stream;
  readonly #call: HttpCall;
  readonly #late: NodeJS.Timeout;
  #sentTrailers: readonly Field[] = [];
  #trailers: readonly Field[] = [];
  #over = false;
  #settling = false;

  constructor(stream: ClientHttp2Stream, call: HttpCall, headMs: number) {
    this.#stream = stream;
    this.#call = call;
    this.#late = setTimeout(() => this.#fail(new LateReply('the target did not begin to answer')), headMs);
    stream.on('response', (_headers, flags, raw) => this.#head(raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0));
    stream.on('data', (bytes: Buffer) => this.#guarded(() => call.taker.piece(bytes)));
    stream.on('trailers', (_headers, _flags, raw) => (isTooLarge(raw) ? this.#failTooLarge() : (this.#trailers = fieldsOf(raw))));
    stream.on('end', () => this.#ended());
    stream.on('drain', () => this.#over || call.taker.drained());
    stream.on('wantTrailers', () => stream.sendTrailers(objectOf(this.#sentTrailers)));
    stream.on('error', (fault: Error) => this.#fail(new BrokenConnection(fault.message, { cause: fault })));
    stream.on('close', () => this.#fail(new BrokenConnection('the target broke the reply off')));
  }

  write(bytes: Buffer): boolean {
    this.#late.refresh();
    return this.#over || this.#stream.write(bytes);
  }

  end(trailers: readonly Field[]): void {
    this.#sentTrailers = trailers;
    this.#stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  abort(): void {
    this.#finish(constants.NGHTTP2_CANCEL);
  }

  #head(raw: readonly string[], isAll: boolean): void {
    clearTimeout(this.#late);
    if (isTooLarge(raw)) return this.#failTooLarge();
    const status = Number(raw[raw.indexOf(constants.HTTP2_HEADER_STATUS) + 1]);
    this.#guarded(() => this.#call.taker.head({ status, reason: '', fields: fieldsOf(raw) }));
    // Head and end together: a client that is told so as well takes the fields for both (gRPC's Trailers-Only).
    if (isAll) this.#ended();
  }

  #ended(): void {
    if (this.#over) return;
    // A stream that was reset ends, too, and not with its reply.
    if (this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR) return this.#fail(new BrokenConnection('the target reset the reply'));
    this.#guarded(() => {
      this.#call.taker.end(this.#trailers);
      this.#call.taker.settled();
    });
    this.#finish(constants.NGHTTP2_NO_ERROR);
  }

  /** What is left of the request is not sent: nobody waits for it. */
  #finish(code: number): void {
    this.#over = true;
    clearTimeout(this.#late);
    this.#call.release();
    if (!this.#stream.writableEnded || code !== constants.NGHTTP2_NO_ERROR) this.#stream.close(code);
  }

  #guarded(work: () => void): void {
    if (this.#over) return;
    try {
      work();
    } catch (fault) {
      return this.#fail(fault instanceof Error ? fault : new Error(String(fault)));
    }
    this.#settled();
  }

  /** Once for all that one read of the connection has brought. */
  #settled(): void {
    if (this.#settling) return;
    this.#settling = true;
    process.nextTick(() => {
      this.#settling = false;
      if (!this.#over) this.#call.taker.settled();
    });
  }

  #failTooLarge(): void {
    this.#fail(new BrokenConnection('the target sends more fields than anybody needs'));
  }

  #fail(fault: Error): void {
    if (this.#over) return;
    this.#finish(constants.NGHTTP2_CANCEL);
    this.#call.taker.failed(fault);
  }
}

/** Names and values in turn. */
function isTooLarge(raw: readonly string[]): boolean {
  return raw.length > 2 * mostFields || raw.reduce((sum, text) => sum + text.length, 0) > headerLimit;
}

function headersOf({ method, path, fields, body }: HttpRequest): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = objectOf(fields);
  headers[':method'] = method;
  headers[':path'] = path;
  if (body !== null && body.length !== null) headers['content-length'] = String(body.length);
  return headers;
}

function objectOf(fields: readonly Field[]): OutgoingHttpHeaders {
  const headers: { [name: string]: string[] } = Object.create(null) as object as { [name: string]: string[] };
  for (const [name, value] of fields) (headers[name] ??= []).push(value);
  return headers;
}

/** In order, without what begins with a colon. */
function fieldsOf(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!name.startsWith(':')) fields.push([name, raw[at + 1] ?? '']);
  }
  return fields;
}
