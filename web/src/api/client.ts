import type { ProblemDocument } from './types.ts';

/** What the API refused, in its own words (RFC 9457). */
export class Refused extends Error {
  readonly document: ProblemDocument;
  constructor(document: ProblemDocument) {
    super(document.detail);
    this.name = 'Refused';
    this.document = document;
  }
}

/** No answer came: the gateway is down, restarting, or the network is. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('No answer came from the gateway.', { cause });
    this.name = 'Unreachable';
  }
}

/** How far this machine's clock is behind the gateway's, by the Date of its last answer, which counts whole seconds. */
let behindMs = 0;

/** What time it is at the gateway, which is what decides about lateness. */
export function serverNow(): number {
  return Date.now() + behindMs;
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** Set once the viewer is known; every request that changes something carries it, so that no other site can send one for them. */
let forgeryToken: string | null = null;

export function keepForgeryToken(token: string | null): void {
  forgeryToken = token;
}

export function addressOf(path: string, query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

export async function getJson<Answer>(path: string, query?: Query, signal?: AbortSignal): Promise<Answer> {
  const response = await ask(addressOf(path, query), { headers: { accept: 'application/json' }, signal: signal ?? null });
  return (await response.json()) as Answer;
}

export function postJson<Answer>(path: string, body: unknown): Promise<Answer> {
  return sendJson('POST', path, body);
}

/** Without a body where it is undefined. `version` is that of what is changed: it is refused where that is another one by now. */
export async function sendJson<Answer>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  version: string | null = null,
): Promise<Answer> {
  const has = body === undefined ? {} : { 'content-type': 'application/json' };
  const means = version === null ? {} : { 'if-match': `"${version}"` };
  const headers = { accept: 'application/json', ...has, ...means, ...forgeryHeader() };
  const response = await ask(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return (await (response.status === 204 ? Promise.resolve(null) : response.json())) as Answer;
}

/** The same, answered line by line as it happens. */
export async function postLines(path: string, body: unknown): Promise<ReadableStream<Uint8Array>> {
  const has = body === undefined ? {} : { 'content-type': 'application/json' };
  const headers = { accept: 'application/x-ndjson', ...has, ...forgeryHeader() };
  const response = await ask(path, { method: 'POST', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (response.body === null) throw new Unreachable(new Error('the answer has no body'));
  return response.body;
}

/** The answer's bytes as they come, for what is too long to be held as one text. */
export async function getStream(
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await ask(path, { headers, signal });
  if (response.body === null) throw new Unreachable(new Error('the answer has no body'));
  return response.body;
}

async function ask(address: string, init: RequestInit): Promise<Response> {
  const response = await fetch(address, { ...init, credentials: 'same-origin', redirect: 'error' }).catch((fault: unknown) => {
    if (init.signal?.aborted === true) throw fault;
    throw new Unreachable(fault);
  });
  const told = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(told)) behindMs = Math.abs(told - Date.now()) < 2_000 ? 0 : told - Date.now();
  if (response.ok) return response;
  throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<Error> {
  const text = await response.text();
  if (!(response.headers.get('content-type') ?? '').startsWith('application/problem+json'))
    return new Unreachable(new Error(`HTTP ${response.status}: ${text.slice(0, 200)}`));
  // The API's own error handler makes every problem document by one schema.
  return new Refused(JSON.parse(text) as ProblemDocument);
}

function forgeryHeader(): Readonly<Record<string, string>> {
  return forgeryToken === null ? {} : { 'chaperone-csrf': forgeryToken };
}

/** Whether it was refused by this code. */
export function isRefusedBy(fault: unknown, code: ProblemDocument['code']): boolean {
  return fault instanceof Refused && fault.document.code === code;
}

/** Whether signing in again is what helps. */
export function isSignedOut(fault: unknown): boolean {
  return fault instanceof Refused && fault.document.status === 401;
}
