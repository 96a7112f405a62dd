import { type ErrorCode, errorCodes } from './errors.ts';
import type { Refusal } from './verdict.ts';

/** An RFC 9457 problem document with the project's stable code in it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** What to do next. */
  readonly hint: string;
  /** The approval that was asked for, where one was. */
  readonly approval?: string;
  /** The policies that decided, where any did. */
  readonly policies?: readonly string[];
}

export const problemType = 'application/problem+json; charset=utf-8';

/** A refusal as whoever speaks HTTP is told of it; what only the record may say stays out. */
export function problemOf({ code, message, hint, approval, grounds }: Omit<Refusal, 'kind' | 'detail' | 'verdict'>): ProblemDocument {
  const { http, says } = errorCodes[code];
  const base = { type: `urn:chaperone:error:${code}`, title: says, status: http, detail: message, code, hint };
  const { policies } = grounds;
  return { ...base, ...(approval === null ? {} : { approval }), ...(policies.length === 0 ? {} : { policies }) };
}
