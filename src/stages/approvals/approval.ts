import type { Demand, Effect } from '../../core/action.ts';
import type { Cell } from '../../core/part.ts';

/**
 * `open`: people are asked. `approved`: they said yes, and nobody has used it. The others are ends: `used` by the one act it was
 * given for, `denied` by a person, `expired` because time ran out, `withdrawn` by the client, its session's end or new policies.
 */
export const approvalStatuses = ['open', 'approved', 'used', 'denied', 'expired', 'withdrawn'] as const;
export type ApprovalStatus = (typeof approvalStatuses)[number];

export interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
}

/** Somebody who wants to decide. */
export interface Approver extends Person {
  readonly groups: readonly string[];
  /** The agent acting for the person; an agent may not decide. */
  readonly agent: string | null;
  /** By which way they came. */
  readonly via: 'api' | 'slack';
}

/** What people are asked about: all that they see, and what the answer is bound to. Plain data. */
export interface ApprovalRequest {
  /** SHA-256 of all that the answer is bound to, lower-case hex. */
  readonly digest: string;
  readonly session: string;
  readonly connection: string;
  readonly protocol: string;
  readonly requester: Person & { readonly agent: string | null };
  readonly run: string | null;
  readonly clientAddress: string;
  readonly action: string;
  readonly effect: Effect;
  readonly demands: readonly Demand[];
  /** What a person reads, at most `shownLimits.text` characters of it. */
  readonly text: string;
  /** Characters of the whole text. */
  readonly textLength: number;
  /** The bind values, at most `shownLimits.parameters` of them. */
  readonly parameters: readonly Cell[];
  readonly parameterCount: number;
  /** Why whoever asks says that they do, in at most `shownLimits.stated` characters: unverified, and part of what the answer is bound to. */
  readonly stated: string | null;
  /** Text, bind values and what is stated for those who are told elsewhere, where masking finds something in them; absent where they are told the same. */
  readonly elsewhere?: Elsewhere;
  /** Rows that the target expects to be touched; null where it does not say. */
  readonly estimate: number | null;
  readonly reasons: readonly string[];
  /** Those that ask. */
  readonly policies: readonly string[];
  readonly policyVersion: string;
  readonly groups: readonly string[];
}

/** Of an act, what leaves the house by webhooks and Slack. */
export interface Elsewhere {
  readonly text: string;
  readonly parameters: readonly Cell[];
  readonly stated: string | null;
}

export interface ApprovalDecision extends Person {
  readonly at: string;
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  /** Those of the asked groups that the person was in. */
  readonly groups: readonly string[];
  readonly via: Approver['via'];
}

/** One question to people and all that came of it. Times are RFC 3339, UTC, with milliseconds. */
export interface Approval extends ApprovalRequest {
  /** UUIDv7. */
  readonly id: string;
  readonly status: ApprovalStatus;
  /** How many distinct people must say yes at least; each of the groups needs a person of its own besides. */
  readonly people: number;
  readonly createdAt: string;
  /** Until when the client waits; after that it may ask again. */
  readonly waitUntil: string;
  readonly expiresAt: string;
  readonly decisions: readonly ApprovalDecision[];
  readonly endedAt: string | null;
  /** What ended it, in a sentence; null while it is open or approved. */
  readonly ended: string | null;
}

/** An approval as those are told who are told elsewhere. */
export interface ToldApproval extends Omit<Approval, 'elsewhere'> {
  /** Where people find it. */
  readonly address: string;
  /** Whether something of its text, bind values or what is stated is left out. */
  readonly masked: boolean;
  /** What the session did before; null where that is not known. */
  readonly soFar: SoFar | null;
}

/** What a session did before somebody was asked: its last acts, without their words and objects, in which values could stand. */
export interface SoFar {
  /** All that were decided. */
  readonly exchanges: number;
  /** At most five, the newest last. */
  readonly last: readonly { readonly action: string; readonly verdict: string }[];
}

/** Who looks, as far as it matters to which approvals they may see. */
export interface ApprovalViewer {
  readonly issuer: string;
  readonly subject: string;
  readonly groups: readonly string[];
  readonly all: boolean;
}

export const shownLimits = { text: 65_536, parameters: 200, parameter: 4_096, stated: 500 } as const;

export function isOver(status: ApprovalStatus): boolean {
  return status !== 'open' && status !== 'approved';
}

export function nameOf({ email, subject }: Person): string {
  return email ?? subject;
}

/** As the audit trail names people: subjects are unique within their issuer only. */
export function actorOf({ subject, issuer }: Person): string {
  return `${subject} (${issuer})`;
}

/**
 * Whether these are one human being: the same account, or two accounts with one e-mail address. Letters' case does not tell
 * people apart; taking two for one refuses, which is the safe side.
 */
export function isSamePerson(one: Person, other: Person): boolean {
  if (one.issuer === other.issuer && one.subject === other.subject) return true;
  return one.email !== null && other.email !== null && one.email.toLowerCase() === other.email.toLowerCase();
}
