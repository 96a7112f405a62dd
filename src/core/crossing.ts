import type { Direction, Outcome } from './entry.ts';
import type { Crossing, Ends } from './exchange.ts';
import type { MaskedCount } from './masking.ts';
import { mintCleared, mintWitnessed, type Shown } from './proof.ts';
import type { Receiver, SessionRecord } from './recorder.ts';

/**
 * The one place where bytes become `Witnessed` and `Cleared`: in what the recorder calls after the commit.
 * `answer` takes only what is masked already, so that wire and record carry the same form.
 */
export function openCrossing(record: SessionRecord, ordinal: number, ends: Ends): Crossing {
  return new RecordedCrossing(record, ordinal, ends);
}

/** A class and not closures: there is one for each exchange, on the hot path. */
class RecordedCrossing implements Crossing, Receiver {
  readonly ordinal: number;
  readonly #record: SessionRecord;
  readonly #ends: Ends;

  constructor(record: SessionRecord, ordinal: number, ends: Ends) {
    this.ordinal = ordinal;
    this.#record = record;
    this.#ends = ends;
  }
  receive(bytes: Uint8Array, direction: Direction): void {
    if (direction === 'request') this.#ends.forward(mintWitnessed(bytes));
    else this.#ends.deliver(mintCleared(bytes));
  }
  ask(bytes: Uint8Array): void {
    this.#record.cross(this.ordinal, 'request', bytes, this);
  }
  attempt(bytes: Uint8Array): void {
    this.#record.cross(this.ordinal, 'request', bytes, null);
  }
  answer(bytes: Shown, original?: Uint8Array): void {
    this.#record.cross(this.ordinal, 'reply', bytes, this, original);
  }
  masked(counts: readonly MaskedCount[]): void {
    this.#record.masked(this.ordinal, counts);
  }
  end(outcome: Outcome): void {
    this.#record.outcome(this.ordinal, outcome);
  }
}
