import type { Direction } from '../../core/entry.ts';
import type { Places } from './places.ts';

/** One whose entries are numbered on their own: a session's record, or the ledger. */
export interface Party {
  readonly sessionBytes: Uint8Array;
  readonly durability: 'write' | 'fsync';
  /** Null where it says nothing twice. */
  readonly places: Places | null;
  /** Whether its bytes are released even where their entry is lost. */
  readonly goesOn: boolean;
  /** The next entry's number. */
  sequence: number;
  /** What `sequence` was at the last commit. */
  committed: number;
  /** The number of the last batch it has entries in. */
  batch: number;
  /** Set once nothing of it may be released any more. */
  halted: boolean;
  /** Bytes are released although their entry is lost, or may be. */
  lost(exchange: number, direction: Direction, count: number): void;
  /** A receiver threw: what the other end of it is, is broken. */
  broke(fault: unknown): void;
}
