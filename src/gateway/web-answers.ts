import type { IncomingMessage, ServerResponse } from 'node:http';
import { problemOf, problemType } from '../core/problem.ts';
import type { Refusal } from '../core/verdict.ts';

/** Where a client may prove itself; git asks for a password only where Basic is offered. */
const challenges = ['Bearer realm="Chaperone"', 'Basic realm="Chaperone", charset="UTF-8"'];
const refusedToken = ['Bearer realm="Chaperone", error="invalid_token"', challenges[1] ?? ''];

/** Says no at the door: by a problem document, or by the same words to a client that shows only those. */
export function turnAway(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const document = problemOf(refusal);
  const plain = /^git\//i.test(request.headers['user-agent'] ?? '');
  const body = plain ? `${refusal.message} ${refusal.hint}\n` : JSON.stringify(document);
  // RFC 6750 section 3: no error code where no token was presented.
  const challenge = refusal.code === 'TOKEN_MISSING' ? challenges : refusedToken;
  response.writeHead(document.status, {
    'content-type': plain ? 'text/plain; charset=utf-8' : problemType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(document.status === 401 ? { 'www-authenticate': [...challenge] } : {}),
  });
  response.end(request.method === 'HEAD' ? '' : body);
}
