import type { Visibility } from './items.ts';

/** What went on in one span of time. */
export interface Span {
  readonly at: string;
  readonly permitted: number;
  readonly approved: number;
  readonly refused: number;
  readonly denied: number;
  readonly expired: number;
  readonly undecided: number;
  readonly failed: number;
  /** How many were barred at the same time of the same weekday, one, two, three and four weeks before. */
  readonly barredBefore: readonly number[];
}

/** What a policy has kept from passing, or asked people about. */
export interface RuleCount {
  readonly policy: string;
  readonly refused: number;
  readonly denied: number;
  readonly expired: number;
  readonly approved: number;
  /** Of those that were barred and looked into (`lookedInto`), how many were then reached another way. */
  readonly workedAround: number;
  readonly lookedInto: number;
}

export interface Sighting {
  readonly agent: string | null;
  readonly connection: string;
  readonly object: string;
  readonly at: string;
  readonly exchange: string;
}

/** What one agent had back from one connection, in sessions that went on in the time. */
export interface Flow {
  readonly agent: string | null;
  readonly connection: string;
  readonly sessions: number;
  readonly exchanges: number;
  readonly rows: number;
  readonly bytes: number;
  readonly masked: number;
}

export interface ConnectionRecord {
  readonly connection: string;
  readonly protocol: string;
  readonly sessions: number;
  readonly active: number;
  readonly turnedAway: number;
  readonly interrupted: number;
  readonly gaps: number;
  readonly lastAt: string;
}

/** What the catalog tells of a time. */
export interface Overview {
  readonly since: string;
  readonly until: string;
  /** Whether all of the time was looked through; where not, the spans and counts are those of a part. */
  readonly complete: boolean;
  readonly spans: readonly Span[];
  readonly rules: readonly RuleCount[];
  readonly firstSeen: readonly Sighting[];
  readonly moreFirstSeen: number;
  readonly flows: readonly Flow[];
  readonly connections: readonly ConnectionRecord[];
}

export interface OverviewReader {
  /** Times in milliseconds since the epoch. */
  overview(since: number, until: number, visibility: Visibility): Overview;
}
