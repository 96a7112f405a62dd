import type { FastifyRequest } from 'fastify';
import { type Problem, problem } from '../problem.ts';
import { isCsrfOf, type SignedIn } from './console-sessions.ts';

/** The header in which the console's page sends what `/api/v1/me` told it. */
export const csrfHeader = 'chaperone-csrf';

/**
 * Null where a request that a cookie speaks for comes from the console's own page. A cookie is sent by the browser whoever
 * made it send the request; what another site cannot do is read the token, set the header, or name another origin than its own.
 */
export function foreignRequest(request: FastifyRequest, signedIn: SignedIn, origin: string): Problem | null {
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return refuse('Another site sent this request.');
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  if (request.headers.origin !== origin) return refuse('The request does not say that it comes from the console’s own page.');
  const given = request.headers[csrfHeader];
  if (!isCsrfOf(typeof given === 'string' ? given : undefined, signedIn))
    return refuse(`The header ${csrfHeader} is missing or is not this sign-in’s.`);
  return null;
}

function refuse(detail: string): Problem {
  return problem('ACCESS_REFUSED', detail, 'Load the console anew; programs send a token as Authorization: Bearer instead of a cookie.');
}
