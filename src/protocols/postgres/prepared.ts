import type { Action } from '../../core/action.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** A prepared statement as the client made it by Parse. */
export interface Prepared {
  readonly action: Action;
  /** The exchange that Parse opened, until something was executed by it. */
  exchange: StatementExchange | null;
}

/** A portal: a prepared statement with its values, ready to run. */
export interface Portal {
  readonly action: Action;
  exchange: StatementExchange;
}

/** A change that the target has yet to confirm or to reject; exactly one of the two is called. */
export interface Change {
  confirm(): void;
  reject(): void;
}

interface Asked<Value> {
  readonly batch: number;
  /** Null where the name is closed. */
  readonly value: Value | null;
}

/**
 * A name table that follows the target's: PostgreSQL keeps the old statement where the new one fails or is skipped, and
 * the gateway learns of that only when the answer comes. Up to the Sync of its own batch a change can be counted on,
 * because after an error nothing of that batch runs; behind it the name is in doubt until the answer is here. Judged by
 * one text and run as another is what must never happen.
 */
export class Names<Value> {
  readonly #known = new Map<string, Value>();
  readonly #asked = new Map<string, Asked<Value>[]>();

  get(name: string): Value | undefined {
    const last = this.#asked.get(name)?.at(-1);
    return last === undefined ? this.#known.get(name) : (last.value ?? undefined);
  }
  /** Whether what the name stands for in this batch is known only once the batches before it have been answered. */
  inDoubt(name: string, batch: number): boolean {
    const last = this.#asked.get(name)?.at(-1);
    return last !== undefined && last.batch !== batch;
  }
  set(name: string, value: Value, batch: number): Change {
    return this.#ask(name, { value, batch });
  }
  delete(name: string, batch: number): Change {
    return this.#ask(name, { value: null, batch });
  }
  /** The target has forgotten this name, or with null all that it had confirmed. */
  forget(name: string | null): void {
    if (name === null) this.#known.clear();
    else this.#known.delete(name);
  }

  #ask(name: string, change: Asked<Value>): Change {
    const asked = this.#asked.get(name) ?? [];
    asked.push(change);
    this.#asked.set(name, asked);
    return {
      confirm: () => {
        if (change.value === null) this.#known.delete(name);
        else this.#known.set(name, change.value);
        this.#settle(name, change);
      },
      reject: () => this.#settle(name, change),
    };
  }
  #settle(name: string, change: Asked<Value>): void {
    const left = (this.#asked.get(name) ?? []).filter((other) => other !== change);
    if (left.length > 0) this.#asked.set(name, left);
    else this.#asked.delete(name);
  }
}
