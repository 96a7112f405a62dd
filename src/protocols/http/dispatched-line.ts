import { type Duplex, Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Field } from '../../core/web.ts';
import type { HttpCall, HttpLine } from '../../wire/http-call.ts';

/** The reply to a request for an upgrade that was taken: from here on the socket is its own. */
export type Upgraded = (status: number, fields: readonly Field[], socket: Duplex) => void;

/** A request and its reply by way of undici, which speaks HTTP/2 and knows upgrades. */
export class DispatchedLine implements HttpLine, Dispatcher.DispatchHandler {
  readonly #call: HttpCall;
  readonly #upgraded: Upgraded | null;
  readonly #body: Readable | null;
  #controller: Dispatcher.DispatchController | null = null;
  #aborted: Error | null = null;
  #taken = false;

  constructor(call: HttpCall, upgraded: Upgraded | null) {
    this.#call = call;
    this.#upgraded = upgraded;
    this.#body = call.request.body === null ? null : new Readable({ read: () => this.#call.taker.drained() });
    // A body that is broken off is told by the reply that does not come.
    this.#body?.on('error', () => {});
  }

  /** What undici is to send. */
  get options(): Dispatcher.DispatchOptions {
    const { method, path, fields, body } = this.#call.request;
    const headers: string[] = [];
    for (const [name, value] of fields) headers.push(name, value);
    if (body !== null && body.length !== null) headers.push('content-length', String(body.length));
    return { method, path, headers, body: this.#body };
  }

  // ---- towards the target -------------------------------------------------------------------------------------------------

  write(bytes: Buffer): boolean {
    return this.#body?.push(bytes) ?? true;
  }
  /** undici knows no trailers of a request. */
  end(): void {
    this.#body?.push(null);
  }
  pause(): void {
    this.#controller?.pause();
  }
  resume(): void {
    this.#controller?.resume();
  }
  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
    this.#body?.destroy();
  }

  // ---- from the target ----------------------------------------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (!this.#call.waits) controller.abort(new Error('nobody waits for it any more'));
    else if (!this.#taken) this.#call.carriedBy(this);
    this.#taken = true;
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, headers: object, socket: Duplex): void {
    this.#call.release();
    this.#upgraded?.(status, fieldsOfRaw(controller.rawHeaders ?? headers), socket);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: object, reason = ''): void {
    // 1xx: the reply is still to come (RFC 9110 section 15.2).
    if (status >= 200) this.#call.taker.head({ status, reason, fields: fieldsOfRaw(controller.rawHeaders ?? headers) });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#call.taker.piece(chunk);
    this.#settled();
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: object): void {
    this.#call.taker.end(fieldsOfRaw(controller.rawTrailers ?? trailers));
    this.#call.taker.settled();
    this.#call.release();
  }

  onResponseError(_controller: Dispatcher.DispatchController, fault: Error): void {
    if (this.#aborted !== null) return;
    this.#call.release();
    this.#call.taker.failed(fault);
  }

  #settling = false;
  /** undici does not say when it has handed on all that a read has brought. */
  #settled(): void {
    if (this.#settling) return;
    this.#settling = true;
    process.nextTick(() => {
      this.#settling = false;
      if (this.#aborted === null) this.#call.taker.settled();
    });
  }
}

/** undici has raw pairs of HTTP/1.1, and an object of HTTP/2. */
function fieldsOfRaw(headers: object): Field[] {
  const fields: Field[] = [];
  const add = (name: string, value: unknown) => fields.push([name.toLowerCase(), textOf(value)]);
  if (Array.isArray(headers)) for (let at = 0; at + 1 < headers.length; at += 2) add(textOf(headers[at]), headers[at + 1]);
  else
    for (const [name, value] of Object.entries(headers as { readonly [name: string]: unknown })) {
      if (name.startsWith(':') || value === undefined) continue;
      for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) add(name, one);
    }
  return fields;
}

function textOf(part: unknown): string {
  return Buffer.isBuffer(part) ? part.toString('latin1') : String(part);
}
