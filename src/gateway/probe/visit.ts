import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import type { ProbeAnswer, ProbeRequest } from '../../core/probe.ts';
import type { Refusal } from '../../core/verdict.ts';
import type { House } from '../reception.ts';
import { WebReception } from '../web-reception.ts';
import { WebSession } from '../web-session.ts';

/** More of an answer is not waited for. */
const longestAnswer = 1024 * 1024;
const authority = 'gateway.invalid';

/** Makes one request as a client of the web listener would, but without a socket, and ends the session behind it. */
export async function visitOnce(
  { method, path }: ProbeRequest,
  connection: string,
  from: string,
  house: House,
): Promise<ProbeAnswer | Refusal> {
  const reception = new WebReception(house);
  const headers = [['user-agent', 'chaperone']] as const;
  const claims = {
    credential: { kind: 'token', token: 'probe' },
    connection,
    run: null,
    stated: null,
    path,
    authority,
    headers,
    body: null,
  } as const;
  const found = await reception.find(claims, { ip: from, port: 0, socket: reception });
  if (!(found instanceof WebSession)) return found;
  const { request, response, heard } = line(method, `/${connection}${path}`);
  const base = `http://${authority}/${connection}`;
  await found.answer({
    method,
    request,
    response,
    upgrade: null,
    prefix: `/${connection}`,
    path,
    base,
    headers,
    stated: null,
    body: null,
    proceed: () => {},
  });
  await heard;
  found.endWhenIdle();
  return { kind: response.headersSent ? 'answered' : 'refused', says: `${response.statusCode} ${response.statusMessage ?? ''}`.trim() };
}

/** A request that has come, and a response that goes to nobody; `heard` resolves once all of it is there. */
function line(method: string, url: string) {
  const request = Object.assign(new IncomingMessage(new Socket()), { method, url, httpVersionMajor: 1, httpVersionMinor: 1 });
  request.push(null);
  const response = new ServerResponse(request);
  const [near, far] = duplexPair();
  // Nothing but the stream of it is used of the socket that a response writes to.
  response.assignSocket(far as unknown as Socket);
  let length = 0;
  near.on('data', (bytes: Buffer) => {
    length += bytes.length;
    if (length > longestAnswer) response.destroy();
  });
  const heard = new Promise<void>((resolve) => {
    response.once('finish', () => resolve());
    response.once('close', () => resolve());
    response.once('error', () => resolve());
  });
  return { request, response, heard };
}
