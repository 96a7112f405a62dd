import type { Recorder } from '../../src/core/recorder.ts';

/** Stands before a real journal, and loses it when told to: from then on nothing is committed, as on a disk that is gone. */
export function failingRecorder() {
  let broken = false;
  const wrap = (journal: Recorder): Recorder => ({
    open(facts, terms, onFault) {
      const record = journal.open(facts, terms, onFault);
      let told = false;
      const lost = () => {
        if (!told) setImmediate(() => onFault(new Error('the disk is gone')));
        told = true;
      };
      return {
        exchange: (action) => (broken && lost(), record.exchange(action)),
        decided: (exchange, decision) => (broken ? lost() : record.decided(exchange, decision)),
        cross: (exchange, direction, bytes, receiver) => (broken ? lost() : record.cross(exchange, direction, bytes, receiver)),
        masked: (exchange, masked) => (broken ? lost() : record.masked(exchange, masked)),
        outcome: (exchange, outcome) => (broken ? lost() : record.outcome(exchange, outcome)),
        end: (end) => record.end(end),
      };
    },
    audit: (event) => journal.audit(event),
    unready: () => (broken ? 'the disk is gone' : journal.unready()),
  });
  return {
    wrap,
    breakNow: () => {
      broken = true;
    },
  };
}
