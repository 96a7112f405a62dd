import type { ServerResponse } from 'node:http';
import type { Field } from '../../core/web.ts';
import { giveBack, isHeld } from '../../wire/lent-memory.ts';
import { FrameReader, letter, rawFields, readFields } from './framing.ts';

/** A body up to this length goes as one with its head. */
const shortBody = 16 * 1024;

/** Writes what is cleared to the client: frames of the record into a reply of whatever version the client speaks. */
export class Delivery {
  readonly #response: ServerResponse;
  readonly #withBody: boolean;
  readonly #frames = new FrameReader((kind, payload) => this.#take(kind, payload));
  /** A piece of the body that is not written yet: the last one goes together with the end, and where it is the only one, with the head. */
  #piece: Buffer | null = null;
  /** Whether a head of HTTP/2 is not sent yet: where the end comes with it, they go as one. */
  #headWaits = false;
  #ended = false;
  /** Whether the client takes more: from a write that says no until it has drained, whatever is handed over meanwhile. */
  #takes = true;

  /** `withBody` is false in reply to HEAD, whose client waits for none. */
  constructor(response: ServerResponse, withBody: boolean) {
    this.#response = response;
    this.#withBody = withBody;
  }

  /** Whether the client has been told anything. */
  get begun(): boolean {
    return this.#headWaits || this.#response.headersSent;
  }
  get ended(): boolean {
    return this.#ended;
  }

  drained(): void {
    this.#takes = true;
  }

  /** Whether the client takes more now. */
  deliver(bytes: Buffer): boolean {
    this.#frames.read(bytes);
    this.#writePiece();
    this.#sendHead();
    return this.#response.destroyed || this.#takes;
  }

  #take(kind: number, payload: Buffer): void {
    if (this.#ended || this.#response.destroyed) return;
    if (kind === letter.end) return this.#end();
    this.#writePiece();
    if (kind === letter.reply) this.#head(payload);
    else if (kind === letter.body && this.#withBody) this.#piece = payload;
    else if (kind === letter.trailers) this.#trailers(readFields(payload));
  }

  #writePiece(): void {
    const piece = this.#piece;
    this.#piece = null;
    if (piece !== null && !this.#response.destroyed) this.#write(piece);
  }

  #write(piece: Buffer): void {
    if (isHeld(piece)) this.#takes = this.#response.write(piece, (fault) => (fault === null || fault === undefined) && giveBack(piece));
    else this.#takes = this.#response.write(piece);
  }

  #head(payload: Buffer): void {
    const text = payload.toString('latin1');
    const end = text.indexOf('\n');
    const space = text.indexOf(' ');
    const response = this.#response;
    response.sendDate = false;
    if (isHttp2(response)) {
      for (const [name, values] of gathered(readFields(payload.subarray(end + 1)))) response.setHeader(name, values);
      response.statusCode = Number(text.slice(0, space));
      this.#headWaits = true;
    } else response.writeHead(Number(text.slice(0, space)), text.slice(space + 1, end), rawFields(text, end + 1));
  }

  #sendHead(): void {
    if (this.#headWaits && !this.#response.destroyed) this.#response.flushHeaders();
    this.#headWaits = false;
  }

  #trailers(fields: readonly Field[]): void {
    this.#sendHead();
    // A body whose length was told has no place behind it in HTTP/1.1 (RFC 9112 section 7.1.2).
    if (isHttp2(this.#response)) this.#response.addTrailers(Object.fromEntries(gathered(fields)));
    else if (!this.#response.hasHeader('content-length'))
      this.#response.addTrailers(fields.map(([name, value]): [string, string] => [name, value]));
  }

  #end(): void {
    const last = this.#piece;
    this.#piece = null;
    this.#headWaits = false;
    this.#ended = true;
    if (last === null) this.#response.end();
    // As a string Node puts it behind the head, and both are one write; a buffer is written beside the head, and costs more than the copy.
    else if (last.length <= shortBody && !isHttp2(this.#response)) this.#response.end(last.toString('latin1'), 'latin1');
    else if (isHeld(last)) {
      this.#write(last);
      this.#response.end();
    } else this.#response.end(last);
  }
}

/** HTTP/2's compatible response has a stream where the other has a socket alone. */
function isHttp2(response: ServerResponse): boolean {
  return 'stream' in response;
}

function gathered(fields: readonly Field[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) byName.set(name, [...(byName.get(name) ?? []), value]);
  return byName;
}
