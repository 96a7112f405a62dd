import type { FastifyReply } from 'fastify';
import { type ErrorCode, errorCodes } from '../core/errors.ts';

/** An RFC 9457 problem document with the project's stable code in it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** What to do next. */
  readonly hint: string;
  /** Which parameters were wrong, on REQUEST_INVALID. */
  readonly errors?: readonly {
    readonly parameter: string;
    readonly message: string;
    /** Where in the parameter, in UTF-16 units, and what may have been meant there. */
    readonly from?: number | undefined;
    readonly until?: number | undefined;
    readonly instead?: string | null | undefined;
  }[];
}

export const problemType = 'application/problem+json; charset=utf-8';

export function problem(code: ErrorCode, detail: string, hint: string, errors?: Problem['errors']): Problem {
  const { http, says } = errorCodes[code];
  const base = { type: `urn:chaperone:error:${code}`, title: says, status: http, detail, code, hint };
  return errors === undefined ? base : { ...base, errors };
}

/** Answers with a problem. Serialised here: a route's response schema describes what it answers when nothing is wrong. */
export function sendProblem(reply: FastifyReply, document: Problem): FastifyReply {
  if (document.status === 401) void reply.header('www-authenticate', challenge(document.code));
  return reply.code(document.status).type(problemType).send(JSON.stringify(document));
}

/** RFC 6750 section 3: no error code where no token was presented. */
function challenge(code: ErrorCode): string {
  return code === 'TOKEN_MISSING' ? 'Bearer realm="chaperone"' : 'Bearer realm="chaperone", error="invalid_token"';
}

/** The same answer whether there is no such session or it is somebody else's: existence is not told. */
export function noSuchSession(): Problem {
  return problem(
    'NOT_FOUND',
    'There is no such session, or you may not see it.',
    'Check the id; you see your own sessions, and everybody’s with the role admin or auditor.',
  );
}

/** The same for approvals. */
export function noSuchApproval(): Problem {
  return problem(
    'NOT_FOUND',
    'There is no such approval, or you may not see it.',
    'Check the id; you see what you asked for, and what your groups are asked, with a token of your own.',
  );
}

/** The same for runs. */
export function noSuchRun(): Problem {
  return problem(
    'NOT_FOUND',
    'There is no such run, or you may not see it.',
    'Check the id; you see your own runs, and everybody’s with the role admin or auditor. A run whose recordings are over their time is gone.',
  );
}
