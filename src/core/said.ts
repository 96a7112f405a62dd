import type { EntryBody } from './entry.ts';

/**
 * Most entries of a session say what another one has said before. So an entry may be put in one of a few places of its session, and a
 * later one that says the same names the place in its payload's stead. Places hold within one segment of the journal: each segment can
 * be read without those before it, and so can the recording, which has them in the same order. A reader's memory is bounded by both
 * numbers: 128 KiB for a session that repeats nothing but what is long.
 */
export const placesOfSession = 32;
/** In bytes: what is longer is written whole each time. */
export const longestPlaced = 4096;

/** What a reader has met in the places of sessions. */
export interface Said {
  put(session: string, place: number, kind: EntryBody['kind'], body: object): void;
  /** Null where no entry of that kind was put there. */
  at(session: string, place: number, kind: EntryBody['kind']): object | null;
}

/** What was put in a place. */
export interface Place {
  readonly kind: EntryBody['kind'];
  readonly body: object;
}

/** For entries that are read in their order, from the beginning of a segment or of a recording. */
export class SaidSoFar implements Said {
  readonly #sessions = new Map<string, Place[]>();

  put(session: string, place: number, kind: EntryBody['kind'], body: object): void {
    if (place > placesOfSession) return;
    const places = this.#sessions.get(session) ?? [];
    places[place] = { kind, body };
    this.#sessions.set(session, places);
  }

  at(session: string, place: number, kind: EntryBody['kind']): object | null {
    const found = this.#sessions.get(session)?.[place];
    return found?.kind === kind ? found.body : null;
  }

  /** What stands in a session's places. */
  placesOf(session: string): readonly (readonly [place: number, said: Place])[] {
    return [...(this.#sessions.get(session) ?? []).entries()].filter(([, said]) => said !== undefined);
  }

  /** The session has ended: nothing of it comes any more. */
  forget(session: string): void {
    this.#sessions.delete(session);
  }
}
