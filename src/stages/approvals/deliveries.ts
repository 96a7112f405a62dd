import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';

/** A delivery that is of no use to try again: the other side has understood, and says no. */
export class Undeliverable extends Error {}

export interface DeliveryOptions {
  readonly log: (line: string) => void;
  /** Milliseconds between attempts; there is one attempt more than these. */
  readonly delays?: readonly number[];
}

const usualDelays = [1_000, 5_000, 30_000, 120_000, 600_000];
/** More than this many waiting, and further ones are given up at once, with a line in the log. */
const waitingLimit = 1_000;

/**
 * Tells others over the network: again after a while where that fails, and given up in the end. Those of one key go out one after
 * another. Whoever asks for a delivery never waits for it.
 */
export class Deliveries {
  readonly #log: (line: string) => void;
  readonly #delays: readonly number[];
  readonly #closing = new AbortController();
  readonly #lines = new Map<string, Promise<void>>();
  #waiting = 0;

  constructor({ log, delays = usualDelays }: DeliveryOptions) {
    this.#log = log;
    this.#delays = delays;
  }

  /** `attempt` gets a signal that aborts when the gateway stops, and says by an exception that it failed. */
  send(key: string, what: string, attempt: (signal: AbortSignal) => Promise<void>): void {
    if (this.#waiting >= waitingLimit) {
      this.#log(`${what} is given up: ${waitingLimit} deliveries are waiting already`);
      return;
    }
    this.#waiting += 1;
    const line = (this.#lines.get(key) ?? Promise.resolve()).then(() => this.#deliver(what, attempt));
    const ended = line.then(() => {
      this.#waiting -= 1;
      if (this.#lines.get(key) === ended) this.#lines.delete(key);
    });
    this.#lines.set(key, ended);
  }

  /** Waits for what is under way, and tries nothing again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#lines.values());
  }

  async #deliver(what: string, attempt: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#closing;
    for (const delay of [...this.#delays, null]) {
      if (signal.aborted) return;
      try {
        await attempt(signal);
        return;
      } catch (fault) {
        const last = delay === null || fault instanceof Undeliverable;
        if (!signal.aborted) this.#log(`${what} failed${last ? ' and is given up' : ''}: ${reasonOf(fault)}`);
        if (last) return;
        await pause(delay, null, { signal, ref: false }).catch(() => {});
      }
    }
  }
}

/** What is wrong with a connection stands in the cause. */
function reasonOf(fault: unknown): string {
  return messageOf(fault instanceof Error && fault.cause !== undefined ? fault.cause : fault);
}
