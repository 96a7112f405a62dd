/**
 * Exchanges are listed by when they opened; those that opened at the very same time by their session, and then by their place
 * in it. An exchange's row id follows that order by spans of time: ids of a later span are higher, ids within one are in any
 * order. So what has to be put in order to read a page exactly is the page and one span more, however late a row was written.
 */
const spanMs = 32;
/** Ids of one span; an id stays below 2^53, which JavaScript counts exactly, until the year 2109. */
const idsPerSpan = 65_536;
/** So many ids, eight spans of them, may one row of the full-text index stand for. */
export const idsPerStretch = 8 * idsPerSpan;
const lastSpan = 2 ** 37 - 1;

/** The lowest id of those that exchanges opened at this time (milliseconds since the epoch) may have. */
export function lowestId(startedAt: number): number {
  return Math.min(Math.max(Math.floor(startedAt / spanMs), 0), lastSpan) * idsPerSpan;
}

/** The highest id of those that exchanges opened at this time (milliseconds since the epoch) may have. */
export function highestId(startedAt: number): number {
  return lowestId(startedAt) + idsPerSpan - 1;
}

/** Ids of one span. */
export const idsBeside = idsPerSpan;

/** When the span of a lowest id begins, in milliseconds since the epoch. */
export function startOf(lowest: number): number {
  return (lowest / idsPerSpan) * spanMs;
}

/** Gives ids to new exchanges. */
export class ExchangeIds {
  readonly #highestTaken: (lowest: number, highest: number) => number | null;
  #span = -1;
  #next = 0;

  /** `highestTaken` finds the highest id that a row has between two ids, both included. */
  constructor(highestTaken: (lowest: number, highest: number) => number | null) {
    this.#highestTaken = highestTaken;
  }

  /** To be called before exchanges are given ids that are not later than those before them. */
  begin(): void {
    this.#span = -1;
  }

  /** An id for an exchange that opened then, in milliseconds since the epoch. A full span goes on in the next. */
  next(startedAt: number): number {
    const lowest = lowestId(startedAt);
    if (lowest > this.#span) this.#enter(lowest);
    while (this.#next >= this.#span + idsPerSpan) this.#enter(this.#span + idsPerSpan);
    return this.#next++;
  }

  #enter(lowest: number): void {
    this.#span = lowest;
    this.#next = (this.#highestTaken(lowest, lowest + idsPerSpan - 1) ?? lowest - 1) + 1;
  }
}
