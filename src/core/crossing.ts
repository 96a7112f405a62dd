import type { Outcome } from './entry.ts';
import type { Crossing, Ends } from './exchange.ts';
import { mintCleared, mintWitnessed } from './proof.ts';
import type { Release, SessionRecord } from './recorder.ts';

/**
 * The one place where bytes become `Witnessed` and `Cleared`: in the release that the recorder calls after the commit.
 * Masking enters in `answer`, before the record, so that wire and record carry the same form.
 */
export function openCrossing(record: SessionRecord, ordinal: number, ends: Ends): Crossing {
  const forward: Release = (bytes) => ends.forward(mintWitnessed(bytes));
  const deliver: Release = (bytes) => ends.deliver(mintCleared(bytes));
  return {
    ordinal,
    ask: (bytes) => record.cross(ordinal, 'request', bytes, forward),
    attempt: (bytes) => record.cross(ordinal, 'request', bytes, null),
    answer: (bytes) => record.cross(ordinal, 'reply', bytes, deliver),
    end: (outcome: Outcome) => record.outcome(ordinal, outcome),
  };
}
