import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { refuse } from '../../core/verdict.ts';
import type { Visit } from '../../core/web.ts';
import { repositoryAction, unknownAction } from './actions.ts';
import { outcomeOf, faultOf, handOn, maskedRefusal, type Relayed, send } from './relay.ts';
import { Answer, replyFields, sayNo } from './answer.ts';
import { offeredToPush, largestAdvertisement } from './advertisement.ts';
import { type Call, headerOf, passedOn, versionOf } from './call.ts';
import { readFetchRequest, type FetchRequest } from './fetch-request.ts';
import { frameKinds } from './framing.ts';
import { conduct, judge } from './gate.ts';
import { expectPush } from './inspector.ts';
import { collectBody } from './own-line.ts';
import type { Service } from './routes.ts';

/** A fetch that names what it has of 100,000 branches is some 5 MB. */
const longestRequest = 32 * 1024 * 1024;
const inflate = promisify(gunzip);

/** Asks which refs there are, before a fetch or a push. */
export async function list(call: Call, service: Service): Promise<void> {
  const path = `/info/refs?service=${service}`;
  // Every push begins with this.
  if (service === 'git-receive-pack') expectPush();
  const type = `application/x-${service}-advertisement`;
  const given = { service: service.slice('git-'.length), protocolVersion: versionOf(call) };
  const action = repositoryAction('git:list', call.repository, `list refs (${given.service})`, given);
  const asked: Relayed = { method: 'GET', path, headers: [['accept', '*/*'], ...passedOn(call)], body: null };
  await ask(call, action, asked, type, service === 'git-receive-pack' ? offeredToPush : null);
}

/** Fetches objects, or asks by version 2 which refs there are. */
export async function fetchObjects(call: Call): Promise<void> {
  const body = await collectRequest(call.visit, longestRequest);
  const read = await understand(call, body);
  const gzip = headerOf(call.visit, 'content-encoding');
  const headers = [
    ['content-type', 'application/x-git-upload-pack-request'],
    ['accept', 'application/x-git-upload-pack-result'],
    ...(gzip === null ? [] : [['content-encoding', 'gzip'] as const]),
    ...passedOn(call),
    ['content-length', String(body?.length ?? 0)],
  ] as const;
  const asked: Relayed = { method: 'POST', path: '/git-upload-pack', headers, body };
  if (typeof read === 'string') return refuseUnread(call, asked, read);
  const name = read.kind === 'list' ? 'git:list' : 'git:fetch';
  const given = { service: 'upload-pack', protocolVersion: versionOf(call), ...read };
  const { kind: _kind, ...facts } = given;
  await ask(call, repositoryAction(name, call.repository, textOf(read), facts), asked, 'application/x-git-upload-pack-result', null);
}

/** Takes a request for what the target has through the gate, and hands its answer on. */
async function ask(
  call: Call,
  action: Parameters<typeof judge>[1],
  asked: Relayed,
  type: string,
  rewrite: ((bytes: Buffer) => Buffer) | null,
): Promise<void> {
  const { passage, verdict } = await judge(call, action);
  await conduct(call, passage, async () => {
    const { show } = call;
    if (verdict.kind === 'refusal' || show === null) {
      attempt(passage, asked);
      return sayNo(call, passage, verdict.kind === 'refusal' ? verdict.refusal : maskedRefusal);
    }
    const reply = await send(call, passage, asked, call.over);
    const fault = faultOf(reply, type);
    if (fault !== null) {
      reply.body.destroy();
      return sayNo(call, passage, fault, { outcome: { ...outcomeOf(Math.max(reply.status, 400)), tag: `HTTP ${reply.status}` } });
    }
    if (rewrite === null) return passage.end(await handOn(call, passage, reply, show));
    const body = rewrite(await collectBody(reply.body as AsyncIterable<Buffer>, largestAdvertisement));
    const answer = new Answer(passage, call);
    const fields = replyFields(reply).filter(([name]) => name !== 'content-length');
    await answer.begin(reply.status, [...fields, ['content-length', String(body.length)]], show);
    await answer.write(body, show);
    answer.end();
    passage.end(outcomeOf(reply.status));
  });
}

/** Says no to what the protocol or the table of routes does not have, by the flow like all else. */
export async function refuseUnread(call: Call, asked: Relayed, why: string, status = 400): Promise<void> {
  const { passage, verdict } = await judge(call, unknownAction(`${asked.method} ${asked.path}: ${why}`));
  await conduct(call, passage, async () => {
    attempt(passage, asked);
    if (verdict.kind === 'refusal' && verdict.refusal.code !== 'ACCESS_REFUSED') return sayNo(call, passage, verdict.refusal);
    const code = status === 404 ? 'NOT_FOUND' : 'PROTOCOL_REFUSED';
    const hint = 'The gateway passes git’s smart HTTP protocol and Git LFS, and what it understands of them.';
    await sayNo(call, passage, refuse(code, `${why}.`, hint), { status });
  });
}

export function attempt(
  passage: { attempt(kind: 'h' | 'b', content: Buffer | string): void },
  { method, path, headers, body }: Relayed,
): void {
  passage.attempt(frameKinds.head, JSON.stringify({ method, path, headers }));
  if (Buffer.isBuffer(body)) passage.attempt(frameKinds.body, body);
}

/** Null where it is longer than it may be. */
export async function collectRequest(visit: Visit, most: number): Promise<Buffer | null> {
  visit.proceed();
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of visit.request as AsyncIterable<Buffer>) {
    size += piece.length;
    // Read to its end all the same: a client that is still sending does not listen.
    if (size <= most) pieces.push(piece);
  }
  return size > most ? null : Buffer.concat(pieces);
}

async function understand(call: Call, body: Buffer | null): Promise<FetchRequest | string> {
  if (body === null) return `The request is longer than ${longestRequest} bytes`;
  const encoding = headerOf(call.visit, 'content-encoding');
  if (headerOf(call.visit, 'content-type') !== 'application/x-git-upload-pack-request') return 'The request is not one of git’s';
  if (encoding !== null && encoding !== 'gzip') return 'The request is compressed by something else than gzip';
  try {
    return readFetchRequest(encoding === null ? body : await inflate(body, { maxOutputLength: longestRequest }), versionOf(call));
  } catch (fault) {
    if (fault instanceof MalformedBytes) return `The request has ${fault.message}`;
    return 'The request cannot be decompressed, or is too long';
  }
}

function textOf({ kind, prefixes, wants, shallow, filter }: FetchRequest): string {
  if (kind === 'list') return `list refs${prefixes.length === 0 ? '' : `: ${prefixes.join(' ')}`}`;
  return `fetch ${wants} objects${shallow ? ', shallow' : ''}${filter === '' ? '' : `, without ${filter}`}`;
}
