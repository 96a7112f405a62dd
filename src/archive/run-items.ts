import type { Effect } from '../core/action.ts';
import type { HoldingsReader } from './holdings.ts';
import type { MaskedReader } from './masked-counts.ts';
import type { OverviewReader } from './overview-items.ts';
import type { SearchReader } from './search-items.ts';
import type { CatalogReader, ExchangeItem, SessionItem, Page, PageRequest, Visibility } from './items.ts';

/** How many exchanges came to which end. */
export interface RunCounts {
  readonly exchanges: number;
  readonly permitted: number;
  readonly approved: number;
  /** By policy; by a person; because nobody answered. */
  readonly refused: number;
  readonly denied: number;
  readonly expired: number;
  /** Not decided yet: policy looks at them, or people do. */
  readonly undecided: number;
  /** Permitted or approved, and refused or failed by the target. */
  readonly failed: number;
  /** Whose replies had something masked. */
  readonly masked: number;
  /** Sessions of whose record something is missing. */
  readonly gaps: number;
}

/**
 * What one agent did for one person in one task: the sessions of one principal that name the same run, or where they name none,
 * those of one principal and agent with at most 15 minutes between them.
 */
export interface RunItem {
  readonly id: string;
  /** As its sessions name it; null where they name none. */
  readonly name: string | null;
  readonly principal: { readonly issuer: string; readonly subject: string; readonly email: string | null };
  readonly agents: readonly string[];
  readonly connections: readonly string[];
  readonly startedAt: string;
  /** When its last session ended; null while one goes on. */
  readonly endedAt: string | null;
  /** When something of it was last on record. */
  readonly lastAt: string;
  readonly sessions: number;
  readonly activeSessions: number;
  /** Sessions that were turned away. */
  readonly turnedAway: number;
  readonly counts: RunCounts;
}

/** What an agent did after an exchange that did not simply pass. */
export interface Aftermath {
  /** `same`: on the same object; `again`: the very same request; `nothing`: it touched the object no more, in ten minutes. */
  readonly kind: 'again' | 'same' | 'nothing';
  /** The first of them; null for nothing. */
  readonly next: ExchangeItem | null;
  readonly afterMs: number | null;
  /** How many acts on the same object followed. */
  readonly count: number;
}

export interface ExceptionItem {
  readonly kind: 'refused' | 'denied' | 'expired' | 'approved' | 'undecided' | 'failed';
  readonly exchange: ExchangeItem;
  /** Null where so much followed that not all of it was looked through. */
  readonly aftermath: Aftermath | null;
  /** It was barred, and then an act of at least its effect on the same object was permitted without anybody being asked. */
  readonly workedAround: boolean;
}

/** One connection of a run, with how much went on there when: `counts` has one number for each of the run's equal spans of time. */
export interface Lane {
  readonly connection: string;
  readonly protocol: string;
  readonly exchanges: number;
  readonly counts: readonly number[];
  readonly exceptions: readonly { readonly exchange: string; readonly at: string; readonly kind: ExceptionItem['kind'] }[];
}

export interface RunDetail extends RunItem {
  /** One sentence, counted. */
  readonly summary: string;
  /** The spans of the lanes. */
  readonly spans: { readonly from: string; readonly until: string; readonly count: number };
  readonly lanes: readonly Lane[];
  readonly exceptions: readonly ExceptionItem[];
  /** How many exceptions there are beside those. */
  readonly moreExceptions: number;
  /** The newest of its sessions. */
  readonly newestSessions: readonly SessionItem[];
}

/** Acts of one connection and one kind that followed each other and simply passed, or one that did not. */
export interface StoryItem {
  readonly kind: 'passed' | ExceptionItem['kind'];
  readonly connection: string;
  readonly action: string;
  readonly effect: Effect;
  readonly count: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly objects: readonly string[];
  readonly moreObjects: number;
  /** The first of them. */
  readonly exchange: string;
  readonly text: string;
}

export interface RunFilter {
  /** Subject or e-mail. */
  readonly user?: string;
  readonly agent?: string;
  /** The run as its sessions name it. */
  readonly name?: string;
  readonly connection?: string;
  readonly status?: 'active' | 'ended';
  /** Those with an exchange that was barred, approved or failed. */
  readonly exceptional?: boolean;
  readonly since?: string;
  readonly until?: string;
}

export interface RunReader {
  runs(filter: RunFilter, visibility: Visibility, page: PageRequest): Page<RunItem>;
  /** Whose it is; null where there is no such run. */
  runOwner(id: string): { readonly issuer: string; readonly subject: string } | null;
  /** With so many of its exceptions at most, 200 where nothing is said; each is looked through for what followed it. */
  run(id: string, exceptions?: number): RunDetail | null;
  /** Its sessions that go on; the newest thousand. */
  activeSessions(id: string): readonly SessionItem[];
  /** Its exchanges in the order in which they opened, from a time on (RFC 3339) where one is given. */
  runExchanges(id: string, since: string | null, page: PageRequest): Page<ExchangeItem>;
  story(id: string, since: string | null, page: PageRequest): Page<StoryItem>;
}

/** All the questions one can ask of the catalog. */
export interface Catalog extends CatalogReader {
  readonly runs: RunReader;
  readonly searching: SearchReader;
  readonly overviews: OverviewReader;
  readonly masked: MaskedReader;
  readonly holdings: HoldingsReader;
}
