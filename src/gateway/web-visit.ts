import { messageOf } from '../core/errors.ts';
import type { Refusal } from '../core/verdict.ts';
import { refuse } from '../core/verdict.ts';
import type { Visit } from '../core/web.ts';
import { closed, type House } from './reception.ts';
import { turnAway } from './web-answers.ts';
import { type Claims, readClaims } from './web-claims.ts';
import type { Comer, WebReception } from './web-reception.ts';
import type { ArrivedRequest } from './web-servers.ts';
import { WebSession } from './web-session.ts';

interface Place {
  /** What listens. */
  readonly host: string;
  readonly scheme: 'http:' | 'https:';
}

/** Receives one request: finds the session it belongs to and has it answered, or says why not. Never throws. */
export function receiveRequest(arrived: ArrivedRequest, place: Place, reception: WebReception, house: House): void {
  const { request, response } = arrived;
  response.on('error', ignore);
  try {
    const claims = readClaims(request, arrived.upgrade !== null, place.host);
    if ('kind' in claims) return turnAway(request, response, claims);
    // What was closed before it was read has nobody to be answered.
    const { remoteAddress: ip, remotePort: port = 0 } = request.socket;
    if (ip === undefined) return void response.destroy();
    const found = reception.find(claims, { ip, port, socket: request.socket } satisfies Comer);
    if (found instanceof Promise)
      void found.then(
        (later) => proceed(later, claims, arrived, place),
        (fault) => failed(fault, arrived, house),
      );
    else proceed(found, claims, arrived, place);
  } catch (fault) {
    failed(fault, arrived, house);
  }
}

function proceed(found: WebSession | Refusal, claims: Claims, arrived: ArrivedRequest, place: Place): void {
  const { request, response } = arrived;
  if (!(found instanceof WebSession)) return turnAway(request, response, found);
  if (!found.open) return turnAway(request, response, closed);
  void found.answer(visitOf(claims, arrived, place));
}

function visitOf(claims: Claims, { request, response, upgrade, waits }: ArrivedRequest, { scheme }: Place): Visit {
  const { connection, path, authority, headers, stated, body } = claims;
  const prefix = `/${connection}`;
  let waiting = waits;
  return {
    method: request.method ?? '',
    request,
    response,
    upgrade,
    prefix,
    path,
    base: `${scheme}//${authority}${prefix}`,
    headers,
    stated,
    body,
    proceed: () => {
      if (waiting) response.writeContinue();
      waiting = false;
    },
  };
}

function failed(fault: unknown, { request, response }: ArrivedRequest, house: House): void {
  house.log(`a request was dropped: ${messageOf(fault)}`);
  if (response.headersSent) response.destroy();
  else
    turnAway(
      request,
      response,
      refuse('INTERNAL', 'Chaperone cannot answer now.', 'Try again; if it stays so, tell whoever runs Chaperone.'),
    );
}

function ignore(): void {}
