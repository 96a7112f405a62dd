import type { ErrorCode } from '../../core/errors.ts';
import type { Refusal } from '../../core/verdict.ts';
import type { Ending } from '../../core/session.ts';
import { encodeError } from './messages.ts';

/** Each of Chaperone's codes as a SQLSTATE (PostgreSQL manual, appendix A): at the door, and once a session is open. */
export const sqlstates = {
  TOKEN_MISSING: { door: '28000', session: '28000' },
  TOKEN_INVALID: { door: '28000', session: '28000' },
  TOKEN_EXPIRED: { door: '28000', session: '28000' },
  ISSUER_UNAVAILABLE: { door: '28000', session: '28000' },
  GROUPS_UNKNOWN: { door: '28000', session: '28000' },
  ACCESS_REFUSED: { door: '28000', session: '42501' },
  POLICY_FAULT: { door: '28000', session: '42501' },
  NOT_FOUND: { door: '28000', session: '42704' },
  REQUEST_INVALID: { door: '08P01', session: '08P01' },
  REQUEST_UNREADABLE: { door: '08P01', session: '42601' },
  TLS_REQUIRED: { door: '28000', session: '28000' },
  PROTOCOL_REFUSED: { door: '0A000', session: '08P01' },
  LIMIT_EXCEEDED: { door: '54000', session: '54000' },
  TARGET_UNREACHABLE: { door: '08001', session: '08001' },
  TARGET_REFUSED: { door: '08004', session: '08004' },
  TARGET_FAULT: { door: '08006', session: '08006' },
  RECORDER_FAULT: { door: '58030', session: '58030' },
  SESSION_EXPIRED: { door: '28000', session: '28000' },
  SESSION_TERMINATED: { door: '57P01', session: '57P01' },
  SHUTTING_DOWN: { door: '57P03', session: '57P01' },
  LISTENER_FAILED: { door: 'XX000', session: 'XX000' },
  CANCELLED: { door: '57014', session: '57014' },
  APPROVAL_CLOSED: { door: '28000', session: '42501' },
  NAME_TAKEN: { door: '42710', session: '42710' },
  FIXED_BY_FILE: { door: '42501', session: '42501' },
  VERSION_MISSING: { door: '55000', session: '55000' },
  VERSION_STALE: { door: '55000', session: '55000' },
  TOO_MANY: { door: '53300', session: '53300' },
  INTERNAL: { door: 'XX000', session: 'XX000' },
} as const satisfies Record<ErrorCode, { readonly door: string; readonly session: string }>;

/** The refusal of a greeting: FATAL, the connection ends. */
export function encodeDoorRefusal(refusal: Refusal): Buffer {
  return encodeError({ severity: 'FATAL', code: sqlstates[refusal.code].door, message: refusal.message, hint: refusal.hint });
}

/** The refusal of a statement: ERROR, the session goes on. */
export function encodeRefusal(refusal: Refusal): Buffer {
  const { policies } = refusal.grounds;
  const detail = policies.length === 0 ? {} : { detail: `Policies: ${policies.join(', ')}.` };
  return encodeError({ severity: 'ERROR', code: sqlstates[refusal.code].session, message: refusal.message, hint: refusal.hint, ...detail });
}

/** The end of a session by the gateway's will: FATAL. */
export function encodeEnding(ending: Ending): Buffer {
  return encodeError({ severity: 'FATAL', code: sqlstates[ending.code].session, message: ending.message, hint: ending.hint });
}

/** SQLSTATEs of the gateway's own time-outs: those that PostgreSQL has for its own. */
const timeoutStates = { idle: '57P05', idleInTransaction: '25P03', statement: '57014' } as const;

/** The end of a session that nobody used; `limit` as a person says it. */
export function encodeIdleEnding(kind: 'idle' | 'idleInTransaction', limit: string): Buffer {
  const within = kind === 'idle' ? '' : ' within a transaction';
  return encodeError({
    severity: 'FATAL',
    code: timeoutStates[kind],
    message: `This connection lets a session be idle${within} for ${limit}, and that has passed.`,
    hint: kind === 'idle' ? 'Connect again.' : 'Connect again; the transaction was rolled back. Commit, or roll back, before you pause.',
  });
}

/** A statement that took too long: it was cancelled (ERROR), or because it cannot be, its session ends (FATAL). */
export function encodeStatementTimeout(severity: 'ERROR' | 'FATAL', limit: string): Buffer {
  return encodeError({
    severity,
    code: timeoutStates.statement,
    message: `This connection lets a statement run for ${limit}, so it was cancelled.`,
    hint: 'Ask for less at once, or ask whoever runs Chaperone for a longer session.statement on this connection.',
  });
}
