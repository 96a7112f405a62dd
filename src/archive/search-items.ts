import type { ExchangeFilter, ExchangeItem, Page, PageRequest, Visibility } from './items.ts';
import type { QueryProblem } from './query/syntax.ts';

/** What a search looks for: a query in the language of `query/syntax.ts`, and what narrows it besides. */
export interface Search {
  readonly q: string;
  readonly filter: Omit<ExchangeFilter, 'q'>;
  readonly visibility: Visibility;
}

export interface FoundPage extends Page<ExchangeItem> {
  /**
   * Where a page ends before it is full although there may be more: so far back it was looked, in the time there is for one
   * page. The next page goes on there. Null where the page is full, or all was looked through.
   */
  readonly lookedBackTo: string | null;
}

/** How much a count or a facet stands on. */
export interface Looked {
  /** How many exchanges were found, and counted. */
  readonly count: number;
  /** Whether all were looked through; where not, the count is of the newest, down to `since`. */
  readonly complete: boolean;
  /** When the oldest and the newest of them began; null where there is none. */
  readonly since: string | null;
  readonly until: string | null;
  /** How many of their sessions have a gap in their record. */
  readonly gaps: number;
}

export interface Facet {
  readonly field: string;
  /** Most frequent first. */
  readonly values: readonly { readonly value: string | null; readonly count: number }[];
  /** How many other values there are. */
  readonly more: number;
}

export interface Facets extends Looked {
  readonly facets: readonly Facet[];
  /** Equal spans of time from `since` to `until`: how many began in each, and how many of those did not simply pass. */
  readonly histogram: readonly { readonly at: string; readonly count: number; readonly exceptional: number }[];
}

/** Each answers what is wrong with the query where it cannot be asked. */
export interface SearchReader {
  search(search: Search, page: PageRequest): FoundPage | { readonly problem: QueryProblem };
  facets(search: Search): Facets | { readonly problem: QueryProblem };
  /** When the newest entry that the catalog knows was on record; null while it knows none. */
  newest(): string | null;
}
