import type { Action } from './action.ts';
import type { MaskedCount } from './masking.ts';
import type { Seal } from './originals.ts';
import type { AuditEvent, Decision, Direction, Outcome, SessionEnd, SessionFacts } from './entry.ts';

/** How a connection wants its sessions recorded. */
export interface RecordingTerms {
  /** `write`: in the kernel before anything crosses, so it survives the process. `fsync`: on disk before anything crosses. */
  readonly durability: 'write' | 'fsync';
  /** What happens when the record cannot be written: the session stops, or goes on and the gap is on record later. */
  readonly onFailure: 'stop' | 'gap';
  /** Bytes of content kept for one exchange, both directions together; what is over is counted and hashed. */
  readonly contentLimit: number;
}

/**
 * Is handed bytes in the order of the entries, once the entry of these bytes is committed, with the direction that they were recorded in.
 * No function: there is one for each exchange, and an object that is there already costs nothing.
 */
export interface Receiver {
  receive(bytes: Uint8Array, direction: Direction): void;
}

/**
 * The record of one session. Entries are committed in the order of the calls, all those of one turn of the event loop
 * together; nothing here blocks or awaits. `bytes` must not be changed before they
 * are released, nor ever where they are not.
 */
export interface SessionRecord {
  /** Opens the next exchange and returns its ordinal, from 1. */
  exchange(action: Action): number;
  decided(exchange: number, decision: Decision): void;
  /**
   * Puts bytes on record, then hands them to `receiver`; with null they are recorded and go nowhere. `original` is what the
   * target said where the bytes are masked: it is sealed before them where the session has a seal, and is not kept otherwise.
   */
  cross(exchange: number, direction: Direction, bytes: Uint8Array, receiver: Receiver | null, original?: Uint8Array): void;
  /** Says what was masked in the replies that have crossed; never a value. */
  masked(exchange: number, masked: readonly MaskedCount[]): void;
  outcome(exchange: number, outcome: Outcome): void;
  /** Closes the record; resolves once that is committed. A second call changes nothing. */
  end(end: SessionEnd): Promise<void>;
}

/** The port that stages/recording fills. */
export interface Recorder {
  /**
   * `onFault` is called at most once, when the record can no longer be kept and the terms say `stop`; nothing is released after it. The seal is
   * the record's from here on, and is closed with it.
   */
  open(facts: SessionFacts, terms: RecordingTerms, onFault: (fault: Error) => void, seal?: Seal | null): SessionRecord;
  /** Resolves once the event is committed; rejects where it cannot be. */
  audit(event: AuditEvent): Promise<void>;
  /** Null when ready to record, or why not. */
  unready(): string | null;
}
