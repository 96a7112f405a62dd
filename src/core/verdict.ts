import type { ErrorCode } from './errors.ts';

declare const permitted: unique symbol;

/** Which policies decided, and in which version of the policy set. */
export interface Grounds {
  readonly policies: readonly string[];
  readonly version: string;
}

/** Proof that policy (or a person whom policy asked) said yes. Minted by `permit` alone. */
export interface Permit {
  readonly kind: 'permit';
  readonly grounds: Grounds;
  /** What the record says of it beside the grounds: that somebody broke the glass, and why. */
  readonly detail: string | null;
  /** The approval by which people said yes; null where nobody had to be asked. */
  readonly approval: string | null;
  readonly [permitted]: true;
}

/** A no, in words that an agent can act on. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly code: ErrorCode;
  /** What was refused and why; shown to the client. */
  readonly message: string;
  /** What the client can do next; shown to the client. */
  readonly hint: string;
  readonly grounds: Grounds;
  /** What only the record may say: a cause that would tell a stranger too much. */
  readonly detail: string | null;
  /** `denied` by a person, `expired` because nobody answered in time, `refused` for any other reason. */
  readonly verdict: 'refused' | 'denied' | 'expired';
  /** The approval that was asked for; null where nobody was asked. */
  readonly approval: string | null;
}

/** A person must answer before the exchange may go on. */
export interface Question {
  readonly kind: 'question';
  /** What people are asked to let pass, in the protocol's words: `DELETE on public.users`. */
  readonly what: string;
  /** The policies that ask. */
  readonly rules: readonly string[];
  /** Each of these groups must answer by one of its members. */
  readonly groups: readonly string[];
  /** What the policies that ask tell the agent, by their `@reason`. */
  readonly reasons: readonly string[];
  readonly grounds: Grounds;
}

export type Verdict = Permit | Refusal | Question;

export const noGrounds: Grounds = { policies: [], version: '' };

/** Only stages/policy and stages/approvals may call this; test/layers.test.ts holds it. */
export function permit(grounds: Grounds, approval: string | null = null, detail: string | null = null): Permit {
  return { kind: 'permit', grounds, approval, detail } as Permit;
}

export function refuse(
  code: ErrorCode,
  message: string,
  hint: string,
  more: Partial<Pick<Refusal, 'grounds' | 'detail' | 'verdict' | 'approval'>> = {},
): Refusal {
  const { grounds = noGrounds, detail = null, verdict = 'refused', approval = null } = more;
  return { kind: 'refusal', code, message, hint, grounds, detail, verdict, approval };
}
