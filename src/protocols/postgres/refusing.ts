import type { RequestPort } from './request-port.ts';
import type { RequestRun } from './request-run.ts';
import { mustFail } from './stand-ins.ts';
import type { StatementExchange } from './statement-exchange.ts';
import type { Steps } from './steps.ts';

/** Puts what is refused on record; in its place the target is sent what must fail, and the client is told these words. */
export class Refusing {
  readonly #steps: Steps;
  readonly #port: RequestPort;
  readonly #run: RequestRun;

  constructor(steps: Steps, port: RequestPort, run: RequestRun) {
    this.#steps = steps;
    this.#port = port;
    this.#run = run;
  }

  refuse(exchange: StatementExchange | null, words: Buffer, ...messages: readonly Buffer[]): void {
    if (exchange) exchange.outcome = { status: 'refused', rows: null, tag: null, error: null };
    for (const message of messages) this.#run.keep(exchange, message);
    this.#steps.push({ kind: 'refused', exchange, words });
    this.#port.ask(mustFail);
  }
}
