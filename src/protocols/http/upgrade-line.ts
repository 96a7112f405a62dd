import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Field } from '../../core/web.ts';
import type { HttpCall, HttpLine } from '../../wire/http-call.ts';

/** The reply to a request for an upgrade that was taken: from here on the socket is its own. */
export type Upgraded = (status: number, fields: readonly Field[], socket: Duplex) => void;

/** A request for an upgrade and its reply by way of undici, which knows upgrades. Such a request has no body. */
export class UpgradeLine implements HttpLine, Dispatcher.DispatchHandler {
  readonly #call: HttpCall;
  readonly #upgraded: Upgraded;
  #controller: Dispatcher.DispatchController | null = null;
  #aborted: Error | null = null;
  #taken = false;

  constructor(call: HttpCall, upgraded: Upgraded) {
    this.#call = call;
    this.#upgraded = upgraded;
  }

  /** What undici is to send. */
  get options(): Dispatcher.DispatchOptions {
    const { method, path, fields } = this.#call.request;
    return { method, path, headers: fields.flat(), upgrade: 'websocket' };
  }

  // ---- towards the target -------------------------------------------------------------------------------------------------

  write(): boolean {
    throw new Error('a body with a request for an upgrade');
  }
  end(): void {}
  pause(): void {
    this.#controller?.pause();
  }
  resume(): void {
    this.#controller?.resume();
  }
  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
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
    this.#upgraded(status, fieldsOfRaw(controller.rawHeaders ?? headers), socket);
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

/** undici has raw pairs, or an object. */
function fieldsOfRaw(headers: object): Field[] {
  const fields: Field[] = [];
  const add = (name: string, value: unknown) => fields.push([name.toLowerCase(), textOf(value)]);
  if (Array.isArray(headers)) for (let at = 0; at + 1 < headers.length; at += 2) add(textOf(headers[at]), headers[at + 1]);
  else
    for (const [name, value] of Object.entries(headers as { readonly [name: string]: unknown }))
      if (value !== undefined) for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) add(name, one);
  return fields;
}

function textOf(part: unknown): string {
  return Buffer.isBuffer(part) ? part.toString('latin1') : String(part);
}
