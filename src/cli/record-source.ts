import type { Excerpt } from '../archive/decoded.ts';
import type { AuditorKey } from '../archive/auditor-key.ts';
import type { ExchangeFilter, ExchangeItem, Page, PageRequest, SessionFilter, SessionItem } from '../archive/items.ts';
import type { FoundPage } from '../archive/search-items.ts';
import { CommandFailure } from './failure.ts';

/** The record as the commands read it: from a gateway's API, or from a state folder without one. */
export interface RecordSource {
  sessions(filter: SessionFilter, page: PageRequest): Promise<Page<SessionItem>>;
  /** Null where there is none, or where it may not be seen. */
  session(id: string): Promise<SessionItem | null>;
  /** `q` is words as they stand. */
  exchanges(filter: ExchangeFilter, page: PageRequest): Promise<Page<ExchangeItem>>;
  /** `q` is a query in the console's language. Throws wrong use, with the place, where it cannot be read. */
  search(search: ExchangeFilter, page: PageRequest): Promise<FoundPage>;
  /**
   * Every entry of a session, or those that are wanted, in order, decoded: the lines of an export; with an auditor's key, with the originals
   * that were sealed to it.
   */
  recording(session: string, auditor?: AuditorKey | null, excerpt?: Pick<Excerpt, 'exchange'>): AsyncIterable<object>;
  /** What a reader must know of how whole this source is; null where there is nothing to say. */
  caveat(): string | null;
  close(): void;
}

/** The session, or a failure that says what to do. */
export async function existingSession(source: RecordSource, id: string): Promise<SessionItem> {
  const session = await source.session(id);
  if (session !== null) return session;
  throw new CommandFailure(
    'NOT_FOUND',
    `There is no session ${id}, or you may not see it.`,
    'List those you may see with: chaperone sessions',
  );
}
