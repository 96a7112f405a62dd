import type { Action } from '../../core/action.ts';
import type { Request } from './bound-request.ts';
import type { GateStatement } from './statement-reader.ts';

/** What an exchange asks. */
export interface Asked {
  readonly action: Action;
  /** The text that its statement came in, where that may hold others. */
  readonly text?: string;
  /** Null where it is no statement. */
  readonly statement: GateStatement | null;
  /** Null where the action's text says all. */
  readonly request: Request | null;
}
