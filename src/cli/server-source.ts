import type { z } from 'zod';
import * as contract from '../api/contract.ts';
import { hostOf, isLoopback } from '../wire/loopback.ts';
import type { AuditorKey } from '../archive/auditor-key.ts';
import { decodeRecording, type Excerpt } from '../archive/decoded.ts';
import { entriesOf } from '../archive/frame-stream.ts';
import { withOriginals } from '../archive/originals.ts';
import type { ExchangeFilter, PageRequest, SessionFilter } from '../archive/items.ts';
import { messageOf } from '../core/errors.ts';
import type { Decoder } from '../core/protocol.ts';
import { CommandFailure, misuse } from './failure.ts';
import type { RecordSource } from './record-source.ts';

/**
 * The record as a gateway's API shows it to whoever the token names. Throws wrong use where the URL would send the token in
 * the clear. No proxy is used and no redirect followed, so that the token reaches this server only.
 */
export function fromServer(server: string, token: string, decoderOf: (protocol: string) => Decoder | null): RecordSource {
  const base = checkedServer(server);
  const read = <Schema extends z.ZodType>(path: string, query: object, schema: Schema) =>
    askServer({ base, token }, path, { query }, schema);
  const existing = async <Value>(answer: Promise<Value | null>): Promise<Value> => (await answer) ?? notThere(base);
  return {
    sessions: (filter: SessionFilter, page: PageRequest) =>
      existing(read('/api/v1/sessions', { ...filter, ...page }, contract.sessionPage)),
    session: (id) => read(`/api/v1/sessions/${encodeURIComponent(id)}`, {}, contract.session),
    exchanges: (filter: ExchangeFilter, page: PageRequest) => {
      const { session, ...rest } = filter;
      // The exchanges of one session come in their order, those of a search newest first.
      if (session === undefined || Object.keys(rest).length > 0)
        return existing(read('/api/v1/exchanges', { ...filter, ...asPhrases(filter.q), ...page }, contract.exchangePage));
      return existing(read(`/api/v1/sessions/${encodeURIComponent(session)}/exchanges`, page, contract.exchangePage));
    },
    search: (search, page) => existing(read('/api/v1/exchanges', { ...search, ...page }, contract.foundPage)),
    recording: (session, auditor = null, excerpt = {}) =>
      auditor === null
        ? recordingLines({ base, token }, session, excerpt)
        : openedLines({ base, token }, session, { auditor, excerpt }, decoderOf),
    caveat: () => null,
    close: () => {},
  };
}

/** A gateway's console, and who asks. */
export interface Server {
  readonly base: URL;
  readonly token: string;
}

/** What is asked: read with parameters, or with a body that says what to do. */
interface Asked {
  readonly query?: object;
  readonly body?: object;
}

/** The answer of a route, or null where there is no such thing or it may not be seen. */
export async function askServer<Schema extends z.ZodType>(
  { base, token }: Server,
  path: string,
  asked: Asked,
  schema: Schema,
): Promise<z.output<Schema> | null> {
  const response = await ask(base, path, asked, token);
  if (response === null) return null;
  const answer = schema.safeParse(await response.json().catch(() => null));
  if (answer.success) return answer.data;
  throw new CommandFailure(
    'PROTOCOL_REFUSED',
    `${base.origin} did not answer as Chaperone’s API does (${path}).`,
    'Check --server; if it is right, the server and this program are of versions that do not fit.',
  );
}

/** The URL of a server that a token may be sent to. */
export function checkedServer(server: string): URL {
  const base = URL.canParse(server) ? new URL(server) : null;
  if (base === null || !/^https?:$/.test(base.protocol) || base.username !== '')
    throw misuse(`--server ${server} is not a URL of a gateway.`, 'Write it as https://gateway.example.com or http://127.0.0.1:8080.');
  if (base.protocol === 'http:' && !isLoopback(hostOf(base)))
    throw misuse(`--server ${base.origin} would send the token unencrypted.`, 'Use https; plain http is for loopback only.');
  return base;
}

async function ask(base: URL, path: string, { query = {}, body }: Asked, token: string): Promise<Response | null> {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  let response: Response;
  try {
    const headers = { authorization: `Bearer ${token}` };
    const said = body && { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    response = await fetch(url, { headers, ...said, redirect: 'error' });
  } catch (fault) {
    throw new CommandFailure(
      'TARGET_UNREACHABLE',
      `The gateway at ${base.origin} could not be reached: ${messageOf(fault instanceof Error && fault.cause ? fault.cause : fault)}.`,
      'Start it, or name it with --server URL or CHAPERONE_SERVER; or read its state folder with --state DIR.',
    );
  }
  if (response.status === 404) return null;
  if (!response.ok) throw await refusalOf(base, response);
  return response;
}

async function refusalOf(base: URL, response: Response): Promise<CommandFailure> {
  const answer = contract.problemDocument.safeParse(await response.json().catch(() => null));
  if (answer.success) {
    const { code, detail, hint } = answer.data;
    return new CommandFailure(code, detail, hint, code === 'REQUEST_INVALID' ? 2 : 1);
  }
  return new CommandFailure(
    'PROTOCOL_REFUSED',
    `${base.origin} answered with status ${response.status}, not as Chaperone’s API does.`,
    'Check --server.',
  );
}

function notThere(base: URL): never {
  throw new CommandFailure('NOT_FOUND', `${base.origin} has no such route, or you may not see it.`, 'Check --server.');
}

async function* recordingLines(server: Server, session: string, excerpt: Excerpt): AsyncGenerator<object> {
  const body = await bodyOf(server, session, 'recording', excerpt);
  yield* unbroken(ndjsonLines(body.pipeThrough(new TextDecoderStream())));
}

/** What is sealed comes sealed, and is opened and decoded here: the key goes nowhere. */
async function* openedLines(
  server: Server,
  session: string,
  { auditor, excerpt }: { readonly auditor: AuditorKey; readonly excerpt: Excerpt },
  decoderOf: (protocol: string) => Decoder | null,
): AsyncGenerator<object> {
  const entries = entriesOf(unbroken(await bodyOf(server, session, 'originals', {})));
  const first = await entries.next();
  if (first.done) return;
  const protocol = first.value.kind === 'session' ? first.value.facts.protocol : '';
  yield* decodeRecording(withOriginals(following(first.value, entries), auditor), decoderOf(protocol), excerpt);
}

async function* following<Item>(first: Item, rest: AsyncIterable<Item>): AsyncGenerator<Item> {
  yield first;
  yield* rest;
}

async function bodyOf(
  { base, token }: Server,
  session: string,
  what: 'recording' | 'originals',
  query: Excerpt,
): Promise<NonNullable<Response['body']>> {
  const response = await ask(base, `/api/v1/sessions/${encodeURIComponent(session)}/${what}`, { query }, token);
  if (response?.body != null) return response.body;
  throw new CommandFailure('NOT_FOUND', `There is no session ${session}, or you may not see it.`, 'Check the id.');
}

/** Says what it means that an answer ends before its end. */
async function* unbroken<Item>(answer: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* answer;
  } catch (fault) {
    if (fault instanceof CommandFailure) throw fault;
    throw new CommandFailure(
      'TARGET_FAULT',
      `The gateway broke the recording off: ${messageOf(fault)}.`,
      'What was shown or written so far is not whole. Try again; if it stays so, look at the gateway’s log.',
    );
  }
}

async function* ndjsonLines(text: AsyncIterable<string>): AsyncGenerator<object> {
  const pieces: string[] = [];
  for await (const chunk of text) {
    const [first = '', ...rest] = chunk.split('\n');
    pieces.push(first);
    for (const next of rest) {
      yield parsed(pieces.join(''));
      pieces.length = 0;
      pieces.push(next);
    }
  }
  if (pieces.join('') !== '') throw new Error('the last line is not complete');
}

function parsed(line: string): object {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) throw new Error('a line is not an entry');
  return value;
}

/** Words as they stand, whatever they would mean in a query. */
function asPhrases(q: string | undefined): { readonly q?: string } {
  if (q === undefined) return {};
  const words = q.split(/\s+/u).filter((word) => word !== '');
  return { q: words.map((word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`).join(' ') };
}
