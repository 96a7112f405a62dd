import type { Action } from './action.ts';
import type { ErrorCode } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { MaskedCount } from './masking.ts';
import type { Principal } from './principal.ts';
import type { Grounds } from './verdict.ts';

/** `request` goes towards the target, `reply` towards the client. */
export type Direction = 'request' | 'reply';

/** What is known of a session when it opens. `principal` is null where no token could be verified. */
export interface SessionFacts {
  readonly id: string;
  /** The connection as the client named it; on a refusal it need not exist. */
  readonly connection: string;
  readonly protocol: string;
  readonly principal: Principal | null;
  readonly run: string | null;
  readonly clientAddress: string;
  /** The gateway's Unix time in milliseconds. */
  readonly startedAt: number;
  /** How the admission was decided. */
  readonly decision: Decision;
  /** How long the recording is kept once the session has ended, in days. */
  readonly retentionDays: number;
}

/** A verdict as the record keeps it. */
export interface Decision {
  readonly verdict: 'permitted' | 'approved' | 'refused' | 'denied' | 'expired';
  readonly code: ErrorCode | null;
  /** What the client was told; null for a permit. */
  readonly reason: string | null;
  /** What only the record says. */
  readonly detail: string | null;
  readonly grounds: Grounds;
  readonly approval: string | null;
}

/** How an exchange ended at the target. */
export interface Outcome {
  /**
   * `ok`; `error`, the target refused or failed it; `skipped`, the target never ran it because an earlier one failed;
   * `refused`, the gate did not let it pass; `cut`, the session ended first.
   */
  readonly status: 'ok' | 'error' | 'skipped' | 'refused' | 'cut';
  readonly rows: number | null;
  /** The target's own closing word: a command tag, an HTTP status. */
  readonly tag: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** How a session ended. `interrupted` is written by recovery alone, for sessions that a crash cut. */
export interface SessionEnd {
  readonly status: 'ended' | 'interrupted' | 'refused';
  /** One sentence: what ended it. */
  readonly reason: string;
}

/** Something a person or the gateway itself did that is on record outside of any session. */
export interface AuditEvent {
  /** `<noun>.<verb>`: `recording.read`, `retention.deleted`, `gateway.started`. */
  readonly event: string;
  /** Subject and issuer, or `gateway`. */
  readonly actor: string;
  readonly detail: JsonObject;
}

/** What an entry can say. */
export type EntryBody =
  | { readonly kind: 'session'; readonly facts: SessionFacts }
  | { readonly kind: 'exchange'; readonly action: Action }
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'bytes'; readonly direction: Direction; readonly bytes: Uint8Array }
  /** Content over the exchange's limit: counted and hashed from the first withheld byte to here, per direction. */
  | { readonly kind: 'withheld'; readonly direction: Direction; readonly count: number; readonly sha256: string }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** What was masked in the exchange's replies since the entry of this kind before it. */
  | { readonly kind: 'masked'; readonly masked: readonly MaskedCount[] }
  /** The key that seals what masking takes the place of, encrypted to these public keys. Once in a session, before the first piece. */
  | { readonly kind: 'key'; readonly recipients: readonly string[]; readonly wrapped: string }
  /** What the reply bytes behind it stand for, sealed; see core/originals.ts. */
  | { readonly kind: 'sealed'; readonly direction: Direction; readonly bytes: Uint8Array }
  /** Bytes that crossed without a record, on a connection that chose `onFailure: gap`. */
  | { readonly kind: 'gap'; readonly direction: Direction; readonly count: number; readonly reason: string }
  | { readonly kind: 'end'; readonly end: SessionEnd }
  | { readonly kind: 'audit'; readonly audit: AuditEvent };

/**
 * One thing that happened, in the order it happened. Entries of one session have `sequence` 0, 1, 2 … without a hole.
 * Audit entries belong to the ledger: a recording of its own for each start of the gateway, whose id stands in `session`.
 */
export type Entry = EntryBody & {
  /** The session's UUIDv7. */
  readonly session: string;
  readonly sequence: number;
  /** Milliseconds since the epoch, with fractions; never less than the entry before it. */
  readonly at: number;
  /** The exchange's ordinal from 1; 0 is the session's own channel: start-up, and what came unasked. */
  readonly exchange: number;
};
