import type { Action } from './action.ts';
import type { Outcome } from './entry.ts';
import type { Cell } from './part.ts';
import type { MaskedCount } from './masking.ts';
import type { Cleared, Shown, Witnessed } from './proof.ts';
import type { Stated } from './stated.ts';
import type { Permit, Refusal } from './verdict.ts';

/**
 * The way of one exchange's bytes: each piece is put on record and then handed back to the exchange's `forward` or
 * `deliver`, in order. After `end` nothing may follow.
 */
export interface Crossing {
  /** The exchange's ordinal in its session. */
  readonly ordinal: number;
  /** A piece of the request, towards the target. */
  ask(bytes: Uint8Array, permit: Permit): void;
  /** A piece of the request that is kept and goes nowhere, because the exchange is refused. */
  attempt(bytes: Uint8Array): void;
  /** A piece of the reply, towards the client; where it is masked, with what the target said in its place. */
  answer(bytes: Shown, original?: Uint8Array): void;
  /** Says what was masked in the pieces of the reply so far. */
  masked(counts: readonly MaskedCount[]): void;
  end(outcome: Outcome): void;
}

/** The two ends of a crossing: where committed bytes go on. */
export interface Ends {
  forward(request: Witnessed): void;
  deliver(reply: Cleared): void;
}

/** What an approval is bound to. */
export interface Act {
  readonly action: Action;
  /** All of the request that matters to its target, in a form that is the same whenever the same is asked again. */
  readonly bytes: Uint8Array;
  /** The bind values, as a person reads them. */
  readonly parameters: readonly Cell[];
  /** Absent where its wire has no way to say it. */
  readonly stated?: Stated;
  /** How many rows the target expects to be touched; null where it does not say. Asks the target and records that it did. */
  readonly estimate: (() => Promise<number | null>) | null;
  /**
   * The same act as it is read by what the target says now: what its names mean may have changed while people were asked. Absent where
   * its bytes say all.
   */
  readonly readAgain?: () => Promise<Action>;
}

/** One request and its response, as an adapter yields it to the flow. Exactly one of `perform` and `refuse` is called. */
export interface Exchange extends Ends {
  readonly action: Action;
  /**
   * The exact act that a person is asked about, where one must be asked; it may take time, where the rest of the request must be
   * read first. A refusal where nobody can be asked about it: what is too long to be bound to an answer cannot be approved, nor
   * what says nothing that a person could decide.
   */
  act(): Act | Refusal | Promise<Act | Refusal>;
  /** Aborts when the client takes the request back while a person is asked. */
  readonly cancelled: AbortSignal;
  /** Policy has said yes: send the request by `crossing.ask`, and every piece of the reply by `crossing.answer`. */
  perform(permit: Permit, crossing: Crossing): void;
  /** Says no in the protocol's own words, by `crossing.answer`, and ends the crossing. */
  refuse(refusal: Refusal, crossing: Crossing): void;
  /** A person is being asked: tells the waiting client so, where the protocol has words for it. */
  notice(text: string, crossing: Crossing): void;
}

/** What an adapter yields its exchanges to. A promise means that the verdict is not known yet. */
export type Mediate = (exchange: Exchange) => void | Promise<void>;
