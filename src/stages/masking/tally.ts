/** What masked a value, and where. Never the value. */
export interface Masked {
  /** The entry of the configuration, such as `columns[0]`. */
  readonly rule: string;
  /** The result's column, by its label; null for free text. */
  readonly column: string | null;
  /** The detector or pattern; null for a rule by column. */
  readonly detector: string | null;
}

/** How much was masked, for the record: counts by rule, column and detector. */
export class Tally {
  readonly #counts = new Map<string, Masked & { count: number }>();

  add(rule: string, column: string | null, detector: string | null): void {
    const key = `${rule}\0${detector ?? ''}\0${column ?? ''}`;
    const entry = this.#counts.get(key);
    if (entry === undefined) this.#counts.set(key, { rule, column, detector, count: 1 });
    else entry.count += 1;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** In the order in which each was masked first. */
  entries(): readonly (Masked & { readonly count: number })[] {
    return [...this.#counts.values()];
  }
}
