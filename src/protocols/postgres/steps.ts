import type { Change } from './prepared.ts';
import type { Question } from './question.ts';
import type { StatementExchange } from './statement-exchange.ts';

/**
 * What the target still owes an answer to, in the order of asking: PostgreSQL answers strictly in order, so the head of
 * this queue says what each reply message is about.
 */
export type Step =
  /** A simple query: one exchange for each of its statements; answered up to ReadyForQuery. */
  | { readonly kind: 'query'; readonly exchanges: readonly StatementExchange[]; current: number; readonly changes: readonly Change[] }
  | ExtendedStep
  /** A FunctionCall, answered up to ReadyForQuery. */
  | { readonly kind: 'call'; readonly exchange: StatementExchange }
  /** Sync: ends a batch, answered by ReadyForQuery. The gateway's own is answered to nobody. */
  | { readonly kind: 'sync'; readonly batch: readonly StatementExchange[]; readonly own?: true }
  /** The client's end of copy data; nothing answers it. */
  | { readonly kind: 'copy-end' }
  /** What the gateway asks by itself; the client hears nothing of the answer. */
  | { readonly kind: 'question'; readonly question: Question }
  /**
   * What the gate refused: in its place the target is sent a message that must fail, so that it aborts the transaction and
   * skips to Sync exactly as if it had refused that itself. Its error is replaced by ours. Null is nobody's exchange.
   */
  | { readonly kind: 'refused'; readonly exchange: StatementExchange | null; readonly words: Buffer };

export type ExtendedKind = 'parse' | 'bind' | 'describe-statement' | 'describe-portal' | 'execute' | 'close';

/** What is asked of the same exchange right behind a step: Describe, Execute, or both. */
interface Behind {
  readonly kind: 'describe-portal' | 'execute';
  readonly next: Behind | null;
}
const execute: Behind = { kind: 'execute', next: null };
const describe: Behind = { kind: 'describe-portal', next: null };
const describeAndExecute: Behind = { kind: 'describe-portal', next: execute };

/**
 * One message of the extended protocol, and what follows it: a statement that is bound, described and run takes one object and not three.
 * Pipelines have hundreds of them under way, and what lives that long the collector copies.
 */
export class ExtendedStep {
  kind: ExtendedKind;
  readonly exchange: StatementExchange | null;
  change: Change | null;
  #behind: Behind | null = null;

  constructor(kind: ExtendedKind, exchange: StatementExchange | null, change: Change | null) {
    this.kind = kind;
    this.exchange = exchange;
    this.change = change;
  }

  /** Whether it runs its exchange, now or later. */
  get runs(): boolean {
    return this.kind === 'execute' || this.#behind === execute || this.#behind === describeAndExecute;
  }

  /** Puts that behind it. False where it cannot: behind Execute nothing goes, for its copy data would end where the next step begins. */
  follow(kind: ExtendedKind): boolean {
    if (this.runs) return false;
    if (kind === 'execute') this.#behind = this.#behind === null ? execute : describeAndExecute;
    else if (kind === 'describe-portal' && this.#behind === null) this.#behind = describe;
    else return false;
    return true;
  }

  /** It was answered: goes on to what is behind it. False where there is nothing. */
  advance(): boolean {
    const behind = this.#behind;
    if (behind === null) return false;
    this.kind = behind.kind;
    this.change = null;
    this.#behind = behind.next;
    return true;
  }
}

/** The reply that completes each extended step, beside an error. */
export const completions: Readonly<Record<ExtendedKind, string>> = {
  parse: '1',
  bind: '2',
  'describe-statement': 'Tn',
  'describe-portal': 'Tn',
  execute: 'CIs',
  close: '3',
};

/** The exchange that a step's next reply belongs to, where the step runs statements. */
export function runningIn(step: Step | undefined): StatementExchange | null {
  if (step?.kind === 'query') return step.exchanges[step.current] ?? null;
  return step?.kind === 'execute' ? step.exchange : null;
}

/** A queue that takes from its head without moving the rest. */
export class Steps {
  #queue: Step[] = [];
  #head = 0;
  /** How many times the target has yet to say that it is ready. */
  #owed = 0;
  #waiting: (() => void)[] = [];
  /** Whether the target drops what it reads, up to a Sync. */
  #failed = false;
  /** Whether it will drop what is sent now, because that Sync has yet to be sent: nothing is owed an answer then. */
  #dropping = false;

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
  /** Whether the target waits for copy data. */
  get copyingIn(): boolean {
    return runningIn(this.#queue[this.#head])?.copy === 'in';
  }
  /** Whether every batch that was ended has been answered. */
  get answered(): boolean {
    return this.#owed === 0;
  }
  /** Resolves when that is so, or when it cannot be before copy data has come. */
  whenAnswered(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
  #settle(): void {
    this.#owed -= 1;
    if (this.#owed === 0) this.#wake();
  }
  #wake(): void {
    if (this.#waiting.length > 0) for (const go of this.#waiting.splice(0)) go();
  }
  /** The newest statement that is to run, or null where none waits for its answer. */
  lastRun(): StatementExchange | null {
    for (let index = this.#queue.length - 1; index >= this.#head; index -= 1) {
      const step = this.#queue[index];
      if (step?.kind === 'query') return runningIn(step);
      if (step instanceof ExtendedStep && step.runs) return step.exchange;
    }
    return null;
  }
  /** Marks the end of copy data that the target has not asked for yet; where nothing runs it ends nothing. */
  endCopy(): void {
    if (this.length > 0) this.#queue.push({ kind: 'copy-end' });
  }
  /**
   * The target begins to wait for copy data, and drops every Sync up to the data's end. False where that end was sent ahead.
   */
  beginCopy(): boolean {
    const next = this.#head + 1;
    while (this.#queue[next]?.kind === 'sync') {
      this.#queue.splice(next, 1);
      this.#settle();
    }
    if (this.#queue[next]?.kind === 'copy-end') {
      this.#queue.splice(next, 1);
      return false;
    }
    this.#wake();
    return true;
  }
  /** The target has said an error and drops everything up to the next Sync, what has yet to come included. */
  skipToSync(dropped: (step: Step) => void): void {
    for (let step = this.first(); step && step.kind !== 'sync'; step = this.first()) {
      dropped(step);
      this.shift();
    }
    this.#dropping = this.length === 0;
    this.#failed = true;
  }
  get failed(): boolean {
    return this.#failed;
  }
  /** The Sync has come that ends a batch, failed or not. */
  recover(): void {
    this.#failed = false;
  }
  push(step: Step): void {
    if (step.kind === 'sync') this.#dropping = false;
    if (isOwedReady(step) && !this.#dropping) this.#owed += 1;
    this.#queue.push(step);
  }
  /** What the extended protocol asks. */
  extend(kind: ExtendedKind, exchange: StatementExchange | null, change: Change | null): void {
    const last = this.length > 0 && exchange !== null && change === null ? this.#queue.at(-1) : undefined;
    if (last instanceof ExtendedStep && last.exchange === exchange && last.follow(kind)) return;
    this.push(new ExtendedStep(kind, exchange, change));
  }
  shift(): void {
    const step = this.#queue[this.#head];
    if (step instanceof ExtendedStep && step.advance()) {
      this.#served += 1;
      return;
    }
    this.#head += 1;
    this.#served += step?.kind === 'query' ? step.current + 1 : 1;
    // What comes to the head while the target drops was asked while it dropped: nothing was owed.
    if (step && isOwedReady(step) && !this.#failed) this.#settle();
    while (this.#queue[this.#head]?.kind === 'copy-end') this.#head += 1;
    if (this.#head > 1024 || this.#head >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}

function isOwedReady({ kind }: Step): boolean {
  return kind === 'sync' || kind === 'query' || kind === 'call';
}
