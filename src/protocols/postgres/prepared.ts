import { BoundRequest } from './bound-request.ts';
import { nameEnd, nameIn } from './request-text.ts';
import type { GateStatement } from './statement-reader.ts';
import type { StatementExchange } from './statement-exchange.ts';
import { nothing, type Takings } from './takings.ts';

/** A prepared statement as the client made it by Parse. */
export interface Prepared {
  readonly text: string;
  /** The types of its parameters as Parse gives them: a count and as many OIDs. */
  readonly types: Buffer;
  readonly takes: Takings;
}

/** A portal: a prepared statement with its values, ready to run. */
export class Portal extends BoundRequest {
  readonly takes: Takings;
  /** The exchange that Bind opened, or that ran a part of it last; null before there is one. */
  exchange: StatementExchange | null = null;

  constructor(statement: GateStatement, prepared: Prepared | undefined, buffer: Buffer, from: number, to: number, valuesFrom: number) {
    super(statement, prepared?.types ?? nobodysTypes, buffer, from, to, valuesFrom);
    this.takes = prepared?.takes ?? nothing;
  }

  get isNamed(): boolean {
    return this.buffer[this.from + 5] !== 0;
  }
  get name(): string {
    const from = this.from + 5;
    return nameIn(this.buffer, from, nameEnd(this.buffer, from, this.to));
  }
}
const nobodysTypes = Buffer.alloc(0);

/** A change that the target has yet to confirm or to reject; exactly one of the two is called. */
export interface Change {
  confirm(): void;
  reject(): void;
}

/** A change that was asked for and not answered yet. One object and no closures: there is one for each Bind. */
class Asked<Value> implements Change {
  readonly name: string;
  readonly batch: number;
  /** Null where the name is closed. */
  value: Value | null;
  /** The one of the same name that was asked for after it. */
  next: Asked<Value> | null = null;
  readonly #settle: (change: Asked<Value>, confirmed: boolean) => void;

  constructor(name: string, batch: number, value: Value | null, settle: (change: Asked<Value>, confirmed: boolean) => void) {
    this.name = name;
    this.batch = batch;
    this.value = value;
    this.#settle = settle;
  }
  confirm(): void {
    this.#settle(this, true);
  }
  reject(): void {
    this.#settle(this, false);
  }
}

/** The changes of one name in the order of asking, which is that of the answers. */
class Queue<Value> {
  first: Asked<Value> | null = null;
  last: Asked<Value> | null = null;

  add(change: Asked<Value>): void {
    if (this.last === null) this.first = change;
    else this.last.next = change;
    this.last = change;
  }

  remove(change: Asked<Value>): void {
    let before: Asked<Value> | null = null;
    for (let at = this.first; at !== change; at = at.next) {
      if (at === null) return;
      before = at;
    }
    if (before === null) this.first = change.next;
    else before.next = change.next;
    if (this.last === change) this.last = before;
  }
}

/**
 * A name table that follows the target's: PostgreSQL keeps the old statement where the new one fails or is skipped, and
 * the gateway learns of that only when the answer comes. Up to the Sync of its own batch a change can be counted on,
 * because after an error nothing of that batch runs; behind it the name is in doubt until the answer is here. Judged by
 * one text and run as another is what must never happen.
 */
export class Names<Value> {
  readonly #known = new Map<string, Value>();
  readonly #asked = new Map<string, Queue<Value>>();
  /** The unnamed one's, outside of the maps: it comes and goes with each statement, and so would the maps' memory. */
  #unnamed: Value | undefined;
  readonly #unnamedAsked = new Queue<Value>();

  get(name: string): Value | undefined {
    const last = this.#newest(name);
    if (last !== null) return last.value ?? undefined;
    return name === '' ? this.#unnamed : this.#known.get(name);
  }
  /** Whether what the name stands for in this batch is known only once the batches before it have been answered. */
  inDoubt(name: string, batch: number): boolean {
    const last = this.#newest(name);
    return last !== null && last.batch !== batch;
  }
  set(name: string, value: Value, batch: number): Change {
    return this.#ask(name, batch, value);
  }
  delete(name: string, batch: number): Change {
    return this.#ask(name, batch, null);
  }
  /** The target has forgotten this name, or with null all that it had confirmed. */
  forget(name: string | null): void {
    if (name === null || name === '') this.#unnamed = undefined;
    if (name === null && this.#known.size > 0) this.#known.clear();
    else if (name !== null) this.#known.delete(name);
  }

  /**
   * From here on the name, or with null every one, may stand for something else: also one that is not confirmed yet. What
   * has no name is out of the reach of SQL.
   */
  giveUp(name: string | null): void {
    if (name === null) this.#known.clear();
    else this.#known.delete(name);
    for (const queue of name === null ? this.#asked.values() : [this.#asked.get(name)])
      for (let change = queue?.first ?? null; change !== null; change = change.next) change.value = null;
  }

  #queueOf(name: string): Queue<Value> | undefined {
    return name === '' ? this.#unnamedAsked : this.#asked.get(name);
  }
  #newest(name: string): Asked<Value> | null {
    return this.#queueOf(name)?.last ?? null;
  }
  #ask(name: string, batch: number, value: Value | null): Change {
    const change = new Asked(name, batch, value, this.#settle);
    let queue = this.#queueOf(name);
    if (queue === undefined) this.#asked.set(name, (queue = new Queue()));
    queue.add(change);
    return change;
  }
  readonly #settle = (change: Asked<Value>, confirmed: boolean): void => {
    const { name, value } = change;
    if (confirmed && name === '') this.#unnamed = value ?? undefined;
    else if (confirmed && value === null) this.#known.delete(name);
    else if (confirmed && value !== null) this.#known.set(name, value);
    const queue = this.#queueOf(name);
    if (queue === undefined) return;
    queue.remove(change);
    if (queue.first === null && name !== '') this.#asked.delete(name);
  };
}
