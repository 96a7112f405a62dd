import type { SessionFacts } from './entry.ts';
import type { Crossing, Ends } from './exchange.ts';
import type { ErrorCode } from './errors.ts';
import type { SessionMasking } from './masking.ts';
import type { Principal } from './principal.ts';
import type { SessionRecord } from './recorder.ts';
import type { Permit } from './verdict.ts';

/** Why the gateway ends a session that the client and the target would go on with. */
export interface Ending {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** One principal on one connection, from admission to end. */
export interface Session {
  readonly facts: SessionFacts;
  readonly principal: Principal;
  readonly record: SessionRecord;
  /** The verdict on `connect`. */
  readonly permit: Permit;
  /** Nothing but reads could be permitted in it when it began: a target that can be told so is told. */
  readonly onlyReads: boolean;
  /** What masks its target's data; null where nothing is masked. */
  readonly masking: SessionMasking | null;
  /** Opens the session's own channel (ordinal 0): start-up, and what no exchange asked for. It passes on `permit`. */
  channel(ends: Ends): Crossing;
  /** Aborts with an `Ending` as its reason when the gateway ends the session; the adapter tells its client and leaves. */
  readonly signal: AbortSignal;
  /** Ends the session; only the first call counts. */
  stop(ending: Ending): void;
}

/** The `Ending` a session's signal carries. */
export function endingOf(signal: AbortSignal): Ending {
  return signal.reason as Ending;
}
