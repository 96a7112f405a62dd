/**
 * Every error code Chaperone can show, once. `docs/errors.md` and each protocol's mapping are tested against this table.
 * `http` is the status of the problem document (RFC 9457) that carries the code on the API.
 */
export const errorCodes = {
  TOKEN_MISSING: { http: 401, says: 'No token was presented.' },
  TOKEN_INVALID: { http: 401, says: 'The token is not one that a configured issuer signed for this gateway.' },
  TOKEN_EXPIRED: { http: 401, says: 'The token has expired or is not valid yet.' },
  ISSUER_UNAVAILABLE: { http: 503, says: 'The issuer could not be asked for its keys, and none are known.' },
  GROUPS_UNKNOWN: { http: 403, says: 'The token does not say completely which groups the principal is in.' },
  ACCESS_REFUSED: { http: 403, says: 'Policy does not permit this.' },
  POLICY_FAULT: { http: 500, says: 'Policy could not be evaluated, so the request is refused.' },
  NOT_FOUND: { http: 404, says: 'There is no such thing, or you may not see it.' },
  REQUEST_INVALID: { http: 400, says: 'The request is not one that the contract describes.' },
  REQUEST_UNREADABLE: { http: 400, says: 'The request cannot be read, and nobody is asked to let pass what nobody can read.' },
  TLS_REQUIRED: { http: 400, says: 'This listener speaks only over TLS.' },
  PROTOCOL_REFUSED: { http: 400, says: 'The client sent a message that Chaperone does not pass.' },
  LIMIT_EXCEEDED: { http: 413, says: 'The message is larger than Chaperone passes.' },
  TARGET_UNREACHABLE: { http: 502, says: 'The target could not be reached.' },
  TARGET_REFUSED: { http: 502, says: 'The target did not accept the gateway or its credentials.' },
  TARGET_FAULT: { http: 502, says: 'The target broke its protocol or the connection.' },
  RECORDER_FAULT: { http: 503, says: 'The record could not be written, so nothing may cross.' },
  SESSION_EXPIRED: { http: 403, says: 'The session outlived the token that opened it.' },
  SESSION_TERMINATED: { http: 403, says: 'The session was ended by a person or by shutdown.' },
  SHUTTING_DOWN: { http: 503, says: 'The gateway is draining and takes no new sessions.' },
  LISTENER_FAILED: { http: 500, says: 'An address of the configuration could not be listened on.' },
  CANCELLED: { http: 409, says: 'The client took the request back before it was let through.' },
  APPROVAL_CLOSED: { http: 409, says: 'The approval has been answered, used, withdrawn or has expired.' },
  NAME_TAKEN: { http: 409, says: 'There is one of this name already.' },
  FIXED_BY_FILE: { http: 409, says: 'The configuration file says this, and only there it can be changed.' },
  VERSION_MISSING: { http: 428, says: 'What is changed must be named by its version, which If-Match says.' },
  VERSION_STALE: { http: 412, says: 'It was changed since you read it.' },
  TOO_MANY: { http: 429, says: 'Too many at once.' },
  INTERNAL: { http: 500, says: 'A fault inside Chaperone; it refuses rather than guesses.' },
} as const satisfies Record<string, { readonly http: number; readonly says: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** A fault with a stable code. A refusal is a value; this is for what should not have happened. */
export class ChaperoneError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ChaperoneError';
    this.code = code;
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
