import type { ActionObject, Effect } from '../core/action.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Excerpt } from './decoded.ts';
import type { AuditEvent, Decision, Outcome } from '../core/entry.ts';
import type { MaskedCount } from '../core/masking.ts';
import type { Cell } from '../core/part.ts';

/** A session as the API and the CLI show it. Times are RFC 3339 UTC with milliseconds. */
export interface SessionItem {
  readonly id: string;
  readonly connection: string;
  readonly protocol: string;
  /** Null where no token could be verified. */
  readonly principal: {
    readonly subject: string;
    readonly issuer: string;
    readonly email: string | null;
    readonly groups: readonly string[];
    readonly agent: string | null;
    readonly actors: readonly string[];
    readonly token: { readonly jti: string | null; readonly sha256: string; readonly expiresAt: string };
  } | null;
  readonly run: string | null;
  readonly clientAddress: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly status: 'active' | 'ended' | 'interrupted' | 'refused';
  /** What ended or refused it; null while active. */
  readonly reason: string | null;
  readonly verdict: Decision['verdict'];
  readonly code: Decision['code'];
  /** What only the record says about the verdict. */
  readonly detail: string | null;
  readonly policies: readonly string[];
  readonly policyVersion: string;
  /** Exchanges of the session; its own channel (ordinal 0) is not one. */
  readonly exchanges: number;
  readonly refused: number;
  readonly bytesToTarget: number;
  readonly bytesToClient: number;
  readonly recording: 'complete' | 'gap';
}

/** What of an exchange the catalog does not hold whole (the recording does); `search`: not all that came back is searched. */
export type Cut = 'text' | 'parameters' | 'objects' | 'search';

/** An exchange as the API and the CLI show it. */
export interface ExchangeItem {
  /** `<session>/<ordinal>`. */
  readonly id: string;
  readonly session: string;
  readonly connection: string;
  readonly ordinal: number;
  readonly startedAt: string;
  /** Null while it goes on. */
  readonly durationMs: number | null;
  readonly action: string;
  readonly effect: Effect;
  readonly objects: readonly ActionObject[];
  readonly text: string;
  /** Bind values as text, in order; null where there are none. */
  readonly parameters: readonly Cell[] | null;
  readonly verdict: Decision['verdict'] | null;
  readonly reason: string | null;
  readonly policies: readonly string[];
  readonly approval: string | null;
  readonly rows: number | null;
  /** Bytes of both directions, withheld ones included. */
  readonly bytes: number;
  /** Content that was counted and hashed instead of kept; null where all was kept. */
  readonly withheld: { readonly bytes: number; readonly sha256: readonly string[] } | null;
  /** What was masked in its reply, never a value; null where nothing was. */
  readonly masked: readonly MaskedCount[] | null;
  /** The outcome's; `active` while it goes on. */
  readonly status: Outcome['status'] | 'active';
  readonly tag: string | null;
  readonly error: Outcome['error'];
  /** Empty where the catalog holds all of it. */
  readonly cut: readonly Cut[];
}

export interface AuditItem extends AuditEvent {
  readonly id: string;
  readonly at: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The cursor of the next page; null on the last. */
  readonly next: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | null;
}

/** Whose sessions may be seen: everybody's, or one principal's own. */
export type Visibility = 'all' | { readonly issuer: string; readonly subject: string };

/** Every field narrows; an absent one does not. */
export interface SessionFilter {
  /** Subject or e-mail. */
  readonly user?: string;
  readonly agent?: string;
  readonly run?: string;
  readonly connection?: string;
  readonly protocol?: string;
  readonly status?: SessionItem['status'];
  /** RFC 3339, inclusive. */
  readonly since?: string;
  /** RFC 3339, exclusive. */
  readonly until?: string;
}

export interface ExchangeFilter {
  /** Found in what was asked (text, bind values) or in the indexed part of what came back; case-insensitive. */
  readonly q?: string;
  readonly session?: string;
  readonly connection?: string;
  readonly verdict?: Decision['verdict'];
  readonly effect?: Effect;
  readonly action?: string;
  readonly object?: string;
  readonly status?: ExchangeItem['status'];
  readonly since?: string;
  readonly until?: string;
}

/** Every field narrows; an absent one does not. */
export interface AuditFilter {
  /** `recording.read`, or `recording.` for all that begins so. */
  readonly event?: string;
  /** Found in who did it, in any case. */
  readonly actor?: string;
  /** The session that it is about. */
  readonly session?: string;
  readonly since?: string;
  readonly until?: string;
}

/** The questions one can ask of the catalog. Newest sessions first; exchanges of one session in their order, of a search newest first. */
export interface CatalogReader {
  sessions(filter: SessionFilter, visibility: Visibility, page: PageRequest): Page<SessionItem>;
  session(id: string): SessionItem | null;
  /** The number of a session's last entry that the catalog knows; null where it knows none. */
  lastSequence(session: string): number | null;
  /** The last place in a session's recording behind which all of an excerpt stands; null where that is its beginning. */
  checkpoint(session: string, excerpt: Excerpt): Checkpoint | null;
  /** The last exchanges of a session, newest first. */
  lastExchanges(session: string, limit: number): readonly ExchangeItem[];
  exchanges(filter: ExchangeFilter, visibility: Visibility, page: PageRequest): Page<ExchangeItem>;
  audit(filter: AuditFilter, page: PageRequest): Page<AuditItem>;
  close(): void;
}
