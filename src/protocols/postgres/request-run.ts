import type { RequestPort } from './request-port.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** The run of contiguous bytes with one owner that has not been sent yet: it goes on record and on the wire as one piece. */
export class RequestRun {
  readonly #port: RequestPort;
  #run: { buffer: Buffer; from: number; to: number; owner: StatementExchange | null } | null = null;
  /** Whether the session is over: nothing more goes. */
  halted = false;

  constructor(port: RequestPort) {
    this.#port = port;
  }

  add(owner: StatementExchange | null, buffer: Buffer, from: number, to: number): void {
    const run = this.#run;
    if (run && run.buffer === buffer && run.owner === owner && run.to === from) {
      run.to = to;
      return;
    }
    this.flush();
    this.#run = { buffer, from, to, owner };
  }

  flush(): void {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    if (this.halted) return;
    const bytes = run.buffer.subarray(run.from, run.to);
    const gate = run.owner?.gate;
    if (gate && gate.kind !== 'open') this.keep(run.owner, bytes);
    else if (gate === undefined || run.owner?.ended) this.#port.ask(bytes);
    else run.owner?.ask(bytes, gate.permit);
  }

  /** Puts on record what is refused. Once that was answered the exchange is over, and what still comes of it is nobody's. */
  keep(refused: StatementExchange | null, bytes: Buffer): void {
    this.flush();
    if (refused === null || refused.ended) this.#port.attempt(bytes);
    else refused.attempt(bytes);
  }
}
