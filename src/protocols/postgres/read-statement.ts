import type { Action } from '../../core/action.ts';
import type { Lineage } from '../../sql/lineage.ts';
import type { StatementMeaning } from '../../sql/statement.ts';

/** A statement of a client's, as it was read from its text. The same text under the same circumstances is the same object. */
export interface ReadStatement {
  readonly action: Action;
  /** Null where it could not be read. */
  readonly meaning: StatementMeaning | null;
  /** Where its rows come from; null where it gives none. Computed when it is first asked for. */
  lineage(): Lineage | null;
}
