import type { DatabaseSync } from 'node:sqlite';

/** So many are looked at whatever the time, so that every page gets on. */
const leastRows = 32;

/**
 * Keeps a statement that looks through many rows from holding up everybody else: as a condition on each row's id it stops the
 * statement once its time is over, and says how far it has come.
 */
export class Deadline {
  #rows = 0;
  #until = Number.POSITIVE_INFINITY;
  #last: number | null = null;

  /** Makes the condition `in_time(id)` known to this database. */
  constructor(database: DatabaseSync) {
    database.function('in_time', { directOnly: true }, (id) => {
      // At each row, for one may take long: a pattern that is looked for in a megabyte of text.
      this.#rows += 1;
      if (this.#rows > leastRows && performance.now() > this.#until) throw new TimeIsUp();
      this.#last = Number(id);
      return 1;
    });
  }

  /** Reads rows until there are no more, `take` wants no more, or the time is over; in that case returns the id that was looked at last. */
  read<Row>(rows: () => Iterable<Row>, milliseconds: number, take: (row: Row) => boolean): number | null {
    this.#rows = 0;
    this.#last = null;
    this.#until = performance.now() + milliseconds;
    try {
      for (const row of rows()) if (!take(row)) return null;
    } catch (fault) {
      if (!(fault instanceof TimeIsUp)) throw fault;
      return this.#last;
    } finally {
      this.#until = Number.POSITIVE_INFINITY;
    }
    return null;
  }
}

class TimeIsUp extends Error {}
