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
}

/** A person must answer before the exchange may go on. */
export interface Question {
  readonly kind: 'question';
  /** Each of these groups must answer by one of its members. */
  readonly groups: readonly string[];
  /** What the policies that ask tell the agent, by their `@reason`. */
  readonly reasons: readonly string[];
  readonly grounds: Grounds;
}

export type Verdict = Permit | Refusal | Question;

export const noGrounds: Grounds = { policies: [], version: '' };

/** Only stages/policy and stages/approvals may call this; test/layers.test.ts holds it. */
export function permit(grounds: Grounds): Permit {
  return { kind: 'permit', grounds } as Permit;
}

export function refuse(
  code: ErrorCode,
  message: string,
  hint: string,
  more: { readonly grounds?: Grounds; readonly detail?: string } = {},
): Refusal {
  return { kind: 'refusal', code, message, hint, grounds: more.grounds ?? noGrounds, detail: more.detail ?? null };
}
