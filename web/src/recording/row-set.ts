import type { Cell } from './lines.ts';

/** Rows of one result, in the batches in which they came: no copy is made of what may be a million of them. */
export class RowSet {
  readonly columns: readonly string[];
  readonly #batches: (readonly (readonly Cell[])[])[] = [];
  /** The number of the first row of each batch, and of all rows. */
  readonly #starts: number[] = [0];

  constructor(columns: readonly string[]) {
    this.columns = columns;
  }

  get count(): number {
    return this.#starts.at(-1) ?? 0;
  }

  add(rows: readonly (readonly Cell[])[]): void {
    this.#batches.push(rows);
    this.#starts.push(this.count + rows.length);
  }

  hasColumns(columns: readonly string[]): boolean {
    return this.columns.length === columns.length && this.columns.every((name, place) => name === columns[place]);
  }

  row(index: number): readonly Cell[] | null {
    let [low, high] = [0, this.#batches.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle;
    }
    return this.#batches[low]?.[index - (this.#starts[low] ?? 0)] ?? null;
  }
}
