import type { ServerResponse } from 'node:http';
import type { Field } from '../../core/web.ts';
import { FrameReader, letter, readFields, readHead } from './framing.ts';

/** A body up to this length goes as one with its head. */
const shortBody = 16 * 1024;

interface Taken {
  readonly kind: number;
  readonly payload: Buffer;
}

/** Writes what is cleared to the client: frames of the record into a reply of whatever version the client speaks. */
export class Delivery {
  readonly #response: ServerResponse;
  readonly #withBody: boolean;
  #taken: Taken[] = [];
  readonly #frames = new FrameReader((kind, payload) => this.#taken.push({ kind, payload }));
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
    return this.#response.headersSent;
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
    const taken = this.#taken;
    this.#taken = [];
    for (const [index, { kind, payload }] of taken.entries()) {
      if (this.#ended || this.#response.destroyed) return true;
      // The last piece goes together with the end: one write, and where it is the only one, together with the head.
      if (kind === letter.body && taken[index + 1]?.kind === letter.end) this.#end(payload);
      else this.#one(kind, payload);
    }
    return this.#takes;
  }

  #one(kind: number, payload: Buffer): void {
    if (kind === letter.reply) this.#head(payload);
    else if (kind === letter.body && this.#withBody) this.#takes = this.#response.write(payload);
    else if (kind === letter.trailers) this.#trailers(readFields(payload));
    else if (kind === letter.end) this.#end(null);
  }

  #head(payload: Buffer): void {
    const { line, fields } = readHead(payload);
    const space = line.indexOf(' ');
    const [status, reason] = [Number(line.slice(0, space)), line.slice(space + 1)];
    const response = this.#response;
    response.sendDate = false;
    if (isHttp2(response)) {
      for (const [name, values] of gathered(fields)) response.setHeader(name, values);
      response.writeHead(status);
    } else response.writeHead(status, reason, flat(fields));
  }

  #trailers(fields: readonly Field[]): void {
    if (this.#response.hasHeader('content-length')) return;
    this.#response.addTrailers(Object.fromEntries(fields));
  }

  #end(last: Buffer | null): void {
    this.#ended = true;
    if (last === null || !this.#withBody) this.#response.end();
    // As a string Node puts it behind the head, and both are one write; a buffer is written beside the head, and costs more than the copy.
    else if (last.length <= shortBody && !isHttp2(this.#response)) this.#response.end(last.toString('latin1'), 'latin1');
    else this.#response.end(last);
  }
}

/** HTTP/2's compatible response has a stream where the other has a socket alone. */
function isHttp2(response: ServerResponse): boolean {
  return 'stream' in response;
}

/** `Array.flat` costs several times as much. */
function flat(fields: readonly Field[]): string[] {
  const raw: string[] = [];
  for (const [name, value] of fields) raw.push(name, value);
  return raw;
}

function gathered(fields: readonly Field[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) byName.set(name, [...(byName.get(name) ?? []), value]);
  return byName;
}
