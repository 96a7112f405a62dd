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

/**
 * A name table whose changes can be taken back: PostgreSQL keeps the old statement where Parse of the new one fails, and
 * the gateway learns of that only later.
 */
export class Names<Value> {
  readonly #values = new Map<string, Value>();

  get(name: string): Value | undefined {
    return this.#values.get(name);
  }
  /** Returns what takes the change back. */
  set(name: string, value: Value): () => void {
    const before = this.#values.get(name);
    this.#values.set(name, value);
    return () => {
      if (this.#values.get(name) === value) this.#restore(name, before);
    };
  }
  delete(name: string): () => void {
    const before = this.#values.get(name);
    this.#values.delete(name);
    return () => {
      if (!this.#values.has(name)) this.#restore(name, before);
    };
  }
  #restore(name: string, before: Value | undefined): void {
    if (before === undefined) this.#values.delete(name);
    else this.#values.set(name, before);
  }
}
