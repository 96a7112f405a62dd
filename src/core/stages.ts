import type { Action } from './action.ts';
import type { Masking } from './masking.ts';
import type { Originals } from './originals.ts';
import type { Act } from './exchange.ts';
import type { Principal } from './principal.ts';
import type { Recorder, RecordingTerms } from './recorder.ts';
import type { Session } from './session.ts';
import type { Permit, Question, Refusal, Verdict } from './verdict.ts';

/** What a client presented, unverified. */
export type Credential = { readonly kind: 'token'; readonly token: string } | { readonly kind: 'none' };

/** Who asks, and where: what policy sees beside the action. */
export interface Circumstance {
  readonly principal: Principal;
  readonly connection: string;
  readonly run: string | null;
}

/** How long a session may let its target wait, or make it work, in milliseconds; null is without end. */
export interface Timeouts {
  /** Between two exchanges. */
  readonly idle: number | null;
  /** The same, while a transaction is open. */
  readonly idleInTransaction: number | null;
  /** One statement, at the target. */
  readonly statement: number | null;
}
export const noTimeouts: Timeouts = { idle: null, idleInTransaction: null, statement: null };

/** A registered target, as far as the flow must know it. */
export interface ConnectionTerms {
  readonly name: string;
  readonly protocol: string;
  readonly recording: RecordingTerms;
  readonly retentionDays: number;
  /** Whether a session may go on when the token that opened it has expired. */
  readonly outliveToken: boolean;
  /** Absent: none. */
  readonly timeouts?: Timeouts;
}

/** The ports that the stages fill; each is one question that every protocol's traffic must answer. */
export interface Stages {
  /** Identity: whose credential is this? */
  identify(credential: Credential): Promise<Principal | Refusal>;
  /** Policy: may they? A value where it is at hand. */
  judge(circumstance: Circumstance, action: Action): Verdict | Promise<Verdict>;
  /** Policy: is it certain that nothing but reads could be permitted there? Then the target is told too. Absent: it never is. */
  mayOnlyRead?(circumstance: Circumstance): boolean;
  /**
   * Approvals: puts the question to people and waits; `session.signal` and `cancelled` end the wait. `notice` tells the waiting
   * client, once there is something to wait for.
   */
  ask(question: Question, session: Session, act: Act, cancelled: AbortSignal, notice: (text: string) => void): Promise<Permit | Refusal>;
  /** Masking. Absent: nothing is masked. */
  readonly masking?: Masking | null;
  /** What seals the originals of what is masked, for auditors. Absent: they are not kept. */
  readonly originals?: Originals | null;
  /** Recording. */
  readonly recorder: Recorder;
}
