import type { SessionEnd } from '../../core/entry.ts';
import type { Decision, Outcome } from '../../core/entry.ts';
import type { Recorder, SessionRecord } from '../../core/recorder.ts';

/** What the record of a probe's session says, as it is written. */
export interface Written {
  session: string | null;
  decision: Decision | null;
  outcome: Outcome | null;
  end: SessionEnd | null;
}

/** The same recorder, which also tells what it is given of one session, and when that is admitted. The record itself is as that of any other. */
export function watched(recorder: Recorder, written: Written, admitted: () => void): Recorder {
  return {
    audit: (event) => recorder.audit(event),
    unready: () => recorder.unready(),
    open: (facts, terms, onFault, seal) => {
      written.session = facts.id;
      if (facts.decision.verdict === 'permitted') admitted();
      return watchedRecord(recorder.open(facts, terms, onFault, seal), written);
    },
  };
}

function watchedRecord(record: SessionRecord, written: Written): SessionRecord {
  return {
    exchange: (action) => record.exchange(action),
    decided: (exchange, decision) => {
      written.decision = decision;
      record.decided(exchange, decision);
    },
    cross: (exchange, direction, bytes, receiver, original) => record.cross(exchange, direction, bytes, receiver, original),
    masked: (exchange, counts) => record.masked(exchange, counts),
    outcome: (exchange, outcome) => {
      written.outcome = outcome;
      record.outcome(exchange, outcome);
    },
    end: (end) => {
      written.end = end;
      return record.end(end);
    },
  };
}
