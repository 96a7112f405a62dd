import type { RequestPort } from './request-port.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** The run of contiguous bytes with one owner that has not been sent yet: it goes on record and on the wire as one piece. */
export class RequestRun {
  readonly #port: RequestPort;
  #buffer: Buffer | null = null;
  #from = 0;
  #to = 0;
  #owner: StatementExchange | null = null;
  /** Whether the session is over: nothing more goes. */
  halted = false;

  constructor(port: RequestPort) {
    this.#port = port;
  }

  add(owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    if (this.#buffer === buffer && this.#owner === owner && this.#to === from) {
      this.#to = to;
      return;
    }
    this.flush();
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
    this.#owner = owner;
  }

  flush(): void {
    const buffer = this.#buffer;
    const owner = this.#owner;
    if (buffer === null) return;
    this.#buffer = null;
    this.#owner = null;
    if (this.halted) return;
    const bytes = buffer.subarray(this.#from, this.#to);
    const gate = owner?.gate;
    if (gate && gate.kind !== 'open') this.keep(owner, bytes);
    else if (gate === undefined || owner?.ended) this.#port.ask(bytes);
    else owner?.ask(bytes, gate.permit);
  }

  /** Puts on record what is refused. Once that was answered the exchange is over, and what still comes of it is nobody's. */
  keep(refused: StatementExchange | null, bytes: Buffer): void {
    this.flush();
    if (refused === null || refused.ended) this.#port.attempt(bytes);
    else refused.attempt(bytes);
  }
}
