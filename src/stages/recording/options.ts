import type { Recorder } from '../../core/recorder.ts';
import type { Lock } from './lock.ts';
import type { Unfinished } from './recover.ts';

export interface JournalOptions {
  /** `<state>/journal`; made where it is missing. */
  readonly folder: string;
  /** A segment is followed by the next once it has this many bytes. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Disk space held back for closing open sessions on a full disk. Default 16 MiB. */
  readonly reserveBytes?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called after each commit, on the data plane's loop: it must be cheap and must not throw. */
  readonly onCommit?: (position: { segment: number; offset: number }) => void;
  readonly log: (line: string) => void;
  /** UUIDv7 of this start of the gateway: `session` of its audit entries. */
  readonly gatewayId: string;
  readonly version?: string;
  /** Sessions that the catalog knows as not ended. */
  readonly unfinished?: readonly Unfinished[];
  /** The state folder's lock where the caller holds it already; else the journal takes it and gives it back on `close`. */
  readonly lock?: Lock;
}

export interface Statistics {
  readonly commits: number;
  readonly entries: number;
  readonly bytes: number;
  readonly flushes: number;
  /** Gap entries written. */
  readonly gaps: number;
  /** Releases that wait for a commit or a flush. */
  readonly pending: number;
}

export type Journal = Recorder & {
  /** The id under which this start's audit entries stand. */
  readonly ledger: string;
  /** The end of the last commit. */
  position(): { segment: number; offset: number };
  statistics(): Statistics;
  /** Goes on in a new segment, so that the archive can take the old one whole. */
  rollSegment(): Promise<void>;
  /** Ends the sessions that are still open, writes `gateway.stopped`, and puts everything on disk. */
  close(): Promise<void>;
};

export const defaultSegmentBytes = 64 * 1024 * 1024;
export const defaultReserveBytes = 16 * 1024 * 1024;
