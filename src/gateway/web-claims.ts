import type { IncomingMessage } from 'node:http';
import type { Credential } from '../core/stages.ts';
import { type Refusal, refuse } from '../core/verdict.ts';
import type { Field } from '../core/web.ts';
import { isHostAllowed } from '../wire/host-header.ts';
import { fieldsOf, forwardable } from '../wire/http-headers.ts';
import { statedBy } from './web-stated.ts';

/** What a request at the web listener says of itself, checked as far as it can be without knowing who asks. */
export interface Claims {
  readonly credential: Credential;
  readonly connection: string;
  readonly run: string | null;
  readonly stated: string | null;
  /** Behind the connection's name: `/` first. */
  readonly path: string;
  /** `host:port` as the client has it. */
  readonly authority: string;
  readonly headers: readonly Field[];
  readonly body: { readonly length: number | null } | null;
}

/** The first segment is compared as raw bytes, so that no spelling but the plain one names a connection. */
const target = /^\/([a-z0-9][a-z0-9_-]{0,62})((?:[/?].*)?)$/;
/** A fragment is never sent (RFC 9112 section 3.2); what follows it is judged by some and dropped by others (oauth2-proxy GHSA-pxq7). */
const printable = /^[!"$-~]+$/;
const run = /^[A-Za-z0-9._:@/+-]{1,128}$/;
/** As much as a socket protocol takes: Entra tokens with 200 groups are under 16 KiB, in base64 22. */
const longestCredential = 64 * 1024;

/** What the fields of a request say, whatever it asks for. */
type Head = Pick<Claims, 'credential' | 'run' | 'stated' | 'authority' | 'headers'> & {
  readonly length: string | undefined;
  readonly chunked: boolean;
};

/** A socket's last head: clients say the same with each request, and comparing costs a tenth of reading. */
interface LastHead {
  readonly raw: readonly string[];
  readonly head: Head;
}
const lastHeads = new WeakMap<object, LastHead>();

/** Reads a request's head. Refuses what two readers could take for different things. */
export function readClaims(request: IncomingMessage, upgrades: boolean, listenHost: string): Claims | Refusal {
  const url = request.url ?? '';
  const head = headOf(request, upgrades, listenHost);
  if ('kind' in head) return head;
  if (!printable.test(url) || url.includes('\\'))
    return malformed('The request target has a character that may not stand there.', encodeIt);
  const [, connection, rest] = target.exec(url) ?? [];
  if (connection === undefined || rest === undefined) return noConnection(url);
  const { credential, run: named, stated, authority, headers } = head;
  if (says(url, credential))
    return malformed(
      'The token stands in the address of the request, too, which would be recorded and sent on.',
      'Send it in Authorization alone.',
    );
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return { credential, connection, run: named, stated, path, authority, headers, body: bodyOf(request, head) };
}

function headOf(request: IncomingMessage, upgrades: boolean, listenHost: string): Head | Refusal {
  const { rawHeaders: raw, socket } = request;
  const last = lastHeads.get(socket);
  if (last !== undefined && !upgrades && request.httpVersionMajor === 1 && isSame(last.raw, raw)) return last.head;
  const head = readHead(request, upgrades, listenHost);
  if (!('kind' in head) && !upgrades && request.httpVersionMajor === 1) lastHeads.set(socket, { raw, head });
  return head;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

function readHead(request: IncomingMessage, upgrades: boolean, listenHost: string): Head | Refusal {
  const fields = fieldsOf(request.rawHeaders);
  const authority = authorityOf(request, fields);
  if (authority === null) return malformed('The request names its host not at all, or in two ways.', 'Send one Host.');
  if (!isHostAllowed(listenHost, authority))
    return malformed('The request names a host that is not this machine.', 'Reach the gateway by 127.0.0.1 or localhost.');
  if (!upgrades && valuesOf(fields, 'upgrade').some((protocol) => !ignored.test(protocol)))
    return malformed('The request would upgrade to what the gateway does not speak.', 'Ask for websocket, by GET, or for no upgrade.');
  const credential = credentialOf(fields);
  if (credential.kind === 'refusal') return credential;
  // Clients that have a header of their own for their key send it there as well: it is for nobody but the gateway.
  const others = fields.filter(([, value]) => !says(value, credential));
  const named = valuesOf(fields, 'chaperone-run');
  if (named.length > 1 || named.some((value) => !run.test(value)))
    return malformed('Chaperone-Run is no run’s id.', 'Send one, of up to 128 letters, digits and ._:@/+-');
  const reasons = valuesOf(fields, 'chaperone-reason');
  if (reasons.length > 1) return malformed('There is more than one Chaperone-Reason.', 'Send one.');
  const [length] = valuesOf(fields, 'content-length');
  const chunked = valuesOf(fields, 'transfer-encoding').length > 0;
  return { credential, run: named[0] ?? null, stated: statedBy(reasons[0]), authority, headers: forwardable(others), length, chunked };
}

/** A server may go on as if the client had not asked (RFC 9113 section 3.1 took it away); curl --http2 asks each time. */
const ignored = /^h2c$/i;
const encodeIt = 'Encode it by percent signs.';
const longestQuoted = 64;

function noConnection(url: string): Refusal {
  const [, first = ''] = /^\/([^/?]*)/.exec(url) ?? [];
  const what = first === '' || first.length > longestQuoted ? 'no connection' : `"${first}", which no connection is called`;
  return malformed(
    `The path begins with ${what}.`,
    'Ask for /CONNECTION/… at this listener; a name has small letters, digits, - and _ alone, and nothing behind it but a slash.',
  );
}

function malformed(message: string, hint: string): Refusal {
  return refuse('PROTOCOL_REFUSED', message, hint);
}

const none: readonly string[] = [];

/** A plain loop: it is asked for many names of every request, most of which are not there. */
function valuesOf(fields: readonly Field[], name: string): readonly string[] {
  let values: string[] | null = null;
  for (const field of fields) if (field[0] === name) (values ??= []).push(field[1]);
  return values ?? none;
}

/** HTTP/2 has it as a pseudo-header, and a `host` beside it must say the same (RFC 9113 section 8.3.1). */
function authorityOf(request: IncomingMessage, fields: readonly Field[]): string | null {
  const named = [...valuesOf(fields, ':authority'), ...valuesOf(fields, 'host')];
  const [authority] = named;
  if (authority === undefined || named.some((other) => other !== authority)) return null;
  return request.httpVersionMajor >= 2 || named.length === 1 ? authority : null;
}

function bodyOf(request: IncomingMessage, { length, chunked }: Head): Claims['body'] {
  if (length !== undefined) return length === '0' ? null : { length: Number(length) };
  if (request.httpVersionMajor >= 2) return endsAtOnce(request) ? null : { length: null };
  return chunked ? { length: null } : null;
}

/** Over HTTP/2 the stream has ended with the head where no body comes. */
function endsAtOnce(request: IncomingMessage): boolean {
  const { stream } = request as { readonly stream?: { readonly endAfterHeaders?: boolean } };
  return stream?.endAfterHeaders === true;
}

function credentialOf(fields: readonly Field[]): Credential | Refusal {
  const [header, ...others] = valuesOf(fields, 'authorization');
  if (others.length > 0) return malformed('There is more than one Authorization.', 'Send one.');
  if (header === undefined) return { kind: 'none' };
  if (header.length > longestCredential) return refuse('LIMIT_EXCEEDED', 'The token is too long.', 'Use a token of less than 64 KiB.');
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([A-Za-z0-9._~+/=-]+) *$/.exec(header) ?? [];
  const token = scheme.toLowerCase() === 'bearer' ? value : scheme.toLowerCase() === 'basic' ? passwordOf(value) : '';
  return token === '' ? { kind: 'none' } : { kind: 'token', token };
}

const shortestToken = 16;

/** Whether a text has the token in it. A shorter one is none, and might stand in any text. */
function says(text: string, credential: Credential): boolean {
  return credential.kind === 'token' && credential.token.length >= shortestToken && text.includes(credential.token);
}

/** RFC 7617: the user's name is whatever its client wants it to be; the password is the token. */
function passwordOf(value: string): string {
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? '' : pair.slice(colon + 1);
}
