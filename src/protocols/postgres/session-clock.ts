import type { Timeouts } from '../../core/stages.ts';

export type Overdue = keyof Timeouts;

/**
 * How long a target may take to give up a statement. One that waits for a COPY's data does not at all: PostgreSQL takes no
 * cancel in the middle of reading from its client.
 */
const cancelMs = 5_000;

/**
 * Watches how long a session is at the same. One timer for each limit, refreshed when that state is entered anew: no clock
 * is read on the way of traffic.
 */
export class SessionClock {
  readonly #timeouts: Timeouts;
  readonly #overdue: (kind: Overdue, again: boolean) => void;
  readonly #timers = new Map<Overdue, NodeJS.Timeout>();
  #kind: Overdue | 'waiting' = 'waiting';
  #progress = -1;
  #stopped = false;

  /** `overdue` is called when a limit has passed; for a statement `again`, where its cancel comes to nothing. */
  constructor(timeouts: Timeouts, overdue: (kind: Overdue, again: boolean) => void) {
    this.#timeouts = timeouts;
    this.#overdue = overdue;
  }

  /** Whether there is anything to watch. */
  get limits(): boolean {
    return Object.values(this.#timeouts).some((limit) => limit !== null);
  }

  /**
   * Says what the session is at now, `waiting` where that has no limit; to be called after everything that may have changed it.
   * `progress` changes whenever the target has got on with what it was asked.
   */
  note(kind: Overdue | 'waiting', progress: number): void {
    if (this.#stopped || (kind === this.#kind && progress === this.#progress)) return;
    this.#kind = kind;
    this.#progress = progress;
    if (kind !== 'waiting') this.#begin(kind);
    // Who is idle in a transaction is idle, too.
    if (kind === 'idleInTransaction') this.#begin('idle');
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #begin(kind: Overdue): void {
    const limit = this.#timeouts[kind];
    if (limit === null) return;
    const timer = this.#timers.get(kind);
    if (timer) timer.refresh();
    else this.#timers.set(kind, setTimeout(() => this.#ring(kind), limit).unref());
  }

  /** A timer of a state that was left goes off for nothing. */
  #ring(kind: Overdue): void {
    const holds = kind === this.#kind || (kind === 'idle' && this.#kind === 'idleInTransaction');
    if (!holds || this.#stopped) return;
    const at = this.#progress;
    const late = () => {
      if (this.#kind === kind && this.#progress === at && !this.#stopped) this.#overdue(kind, true);
    };
    if (kind === 'statement') setTimeout(late, cancelMs).unref();
    this.#overdue(kind, false);
  }
}

/** A time as a person says it. */
export function spoken(milliseconds: number): string {
  for (const [unit, size] of units) if (milliseconds % size === 0) return `${milliseconds / size} ${unit}`;
  return `${milliseconds} ms`;
}
const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;
