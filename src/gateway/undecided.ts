/** How long what waited for people may take to be taken back once its session is over. */
const takenBackMs = 2_000;

/** The exchanges of one session that are not decided yet, so that what became of each is on record before the session's end is. */
export class Undecided {
  readonly #pending = new Set<Promise<void>>();

  /** Takes what `mediate` returns, and returns it. */
  note(mediated: void | Promise<void>): void | Promise<void> {
    if (!(mediated instanceof Promise)) return;
    this.#pending.add(mediated);
    const decided = () => this.#pending.delete(mediated);
    mediated.then(decided, decided);
    return mediated;
  }

  /** Resolves once all are decided, or should be. */
  async settled(): Promise<void> {
    if (this.#pending.size === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, takenBackMs);
    await Promise.race([Promise.allSettled(this.#pending), late]);
    clearTimeout(timer);
  }
}
