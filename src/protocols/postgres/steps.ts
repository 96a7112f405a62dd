import type { Change } from './prepared.ts';
import type { StatementExchange } from './statement-exchange.ts';

/**
 * What the target still owes an answer to, in the order of asking: PostgreSQL answers strictly in order, so the head of
 * this queue says what each reply message is about.
 */
export type Step =
  /** A simple query: one exchange for each of its statements; answered up to ReadyForQuery. */
  | { readonly kind: 'query'; readonly exchanges: readonly StatementExchange[]; current: number; readonly changes: readonly Change[] }
  | { readonly kind: ExtendedKind; readonly exchange: StatementExchange | null; readonly change?: Change }
  /** Sync: ends a batch, answered by ReadyForQuery. */
  | { readonly kind: 'sync'; readonly batch: readonly StatementExchange[] }
  /** The client's end of copy data; nothing answers it. */
  | { readonly kind: 'copy-end' }
  /**
   * A statement that the gate refused: in its place the target is sent a message that must fail, so that it aborts the
   * transaction and skips to Sync exactly as if it had refused the statement itself. Its error is replaced by ours.
   */
  | { readonly kind: 'refused'; readonly exchange: StatementExchange; readonly words: Buffer };

export type ExtendedKind = 'parse' | 'bind' | 'describe-statement' | 'describe-portal' | 'execute' | 'close';

/** The reply that completes each extended step, beside an error. */
export const completions: Readonly<Record<ExtendedKind, string>> = {
  parse: '1',
  bind: '2',
  'describe-statement': 'Tn',
  'describe-portal': 'Tn',
  execute: 'CIs',
  close: '3',
};

/** A queue that takes from its head without moving the rest. */
export class Steps {
  #queue: Step[] = [];
  #head = 0;
  /** How many times the target has yet to say that it is ready. */
  #owed = 0;
  #waiting: (() => void)[] = [];

  /** Changes whenever the target has answered a step, or a statement of one. */
  get progress(): number {
    const step = this.first();
    return this.#served + (step?.kind === 'query' ? step.current : 0);
  }
  #served = 0;

  get length(): number {
    return this.#queue.length - this.#head;
  }
  first(): Step | undefined {
    return this.#queue[this.#head];
  }
  /** Resolves when every batch that was ended has been answered; null where all are. */
  answered(): Promise<void> | null {
    if (this.#owed === 0) return null;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
  #settle(): void {
    this.#owed -= 1;
    if (this.#owed === 0) for (const go of this.#waiting.splice(0)) go();
  }
  /** The newest statement that is to run, or null where none waits for its answer. */
  lastRun(): StatementExchange | null {
    for (let index = this.#queue.length - 1; index >= this.#head; index -= 1) {
      const step = this.#queue[index];
      if (step?.kind === 'query') return step.exchanges[step.current] ?? null;
      if (step?.kind === 'execute') return step.exchange;
    }
    return null;
  }
  /** Marks the end of copy data; where nothing runs, or one was marked just now, it ends nothing. */
  endCopy(): void {
    if (this.length > 0 && this.#queue.at(-1)?.kind !== 'copy-end') this.#queue.push({ kind: 'copy-end' });
  }
  /** What has been sent behind the head before the end of its copy data: a target that waits for data drops every Sync of it. */
  dropSyncsInCopy(): void {
    let index = this.#head + 1;
    while (index < this.#queue.length && this.#queue[index]?.kind === 'sync') {
      this.#queue.splice(index, 1);
      this.#settle();
    }
  }
  push(step: Step): void {
    this.#queue.push(step);
    if (endsBatch(step)) this.#owed += 1;
  }
  shift(): Step | undefined {
    const step = this.#queue[this.#head];
    this.#head += 1;
    this.#served += step?.kind === 'query' ? step.current + 1 : 1;
    if (step && endsBatch(step)) this.#settle();
    if (this.#head > 1024 || this.#head >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return step;
  }
}

function endsBatch(step: Step): boolean {
  return step.kind === 'sync' || step.kind === 'query';
}
