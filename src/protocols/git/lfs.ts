import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Outcome } from '../../core/entry.ts';
import type { Field } from '../../core/web.ts';
import { type ActionName, repositoryAction } from './actions.ts';
import { Answer, sayNo } from './answer.ts';
import { type Call, headerOf } from './call.ts';
import { frameKinds } from './framing.ts';
import { conduct, judge } from './gate.ts';
import type { LfsAction, LfsTickets } from './lfs-tickets.ts';
import type { ShowWhole } from './masking.ts';
import { collectBody } from './own-line.ts';
import type { Passage } from './passage.ts';
import { Readable } from 'node:stream';
import { attempt, collectRequest, refuseUnread } from './reading.ts';
import { handOn, maskedRefusal, outcomeOf, type Relayed, send } from './relay.ts';
import { TargetFailed, type Upstream, type UpstreamReply } from './upstream.ts';

/*
 * Git LFS (https://github.com/git-lfs/git-lfs/tree/main/docs/api): a batch asks where large files are to be moved, and each is then
 * moved by an address that the target gives. What crosses is recorded as a body of its exchange like all else.
 */
const mediaType = 'application/vnd.git-lfs+json';
const longestDocument = 8 * 1024 * 1024;

const oid = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().min(0);
const batchRequest = z.object({
  operation: z.enum(['upload', 'download']),
  objects: z.array(z.object({ oid, size })).max(10_000),
  transfers: z.array(z.string()).optional(),
});
const action = z.object({ href: z.string(), header: z.record(z.string(), z.string()).optional(), expires_in: z.number().optional() });
const batchReply = z.object({
  transfer: z.literal('basic').optional(),
  objects: z.array(
    z.object({
      oid,
      size,
      authenticated: z.boolean().optional(),
      actions: z.object({ upload: action.optional(), download: action.optional(), verify: action.optional() }).optional(),
      error: z.object({ code: z.number(), message: z.string() }).optional(),
    }),
  ),
  hash_algo: z.literal('sha256').optional(),
});
type GivenAction = z.output<typeof action>;

/** Answers where large files are to be moved: to and from the gateway. */
export async function answerBatch(call: Call, tickets: LfsTickets): Promise<void> {
  const body = await collectRequest(call.visit, longestDocument);
  const read = batchRequest.safeParse(parsed(body));
  const path = '/info/lfs/objects/batch';
  if (!read.success) return refuseUnread(call, relayed('POST', path, body), 'The request is no batch of large files');
  const { operation, objects } = read.data;
  // Other transfers than the basic one move parts and need words that nobody here understands.
  const canonical = Buffer.from(JSON.stringify({ ...read.data, transfers: ['basic'], hash_algo: 'sha256' }));
  const asked = relayed('POST', path, canonical);
  const given = { service: 'lfs', lfsObjects: objects.length, lfsBytes: objects.reduce((sum, each) => sum + each.size, 0) };
  const text = `${operation} ${objects.length} large files\n${objects
    .slice(0, 200)
    .map((each) => `  ${each.oid} ${each.size} bytes`)
    .join('\n')}`;
  await relay(call, lfsAction(operation), text, given, asked, async (passage, show) => {
    const reply = await send(call, passage, asked, call.over);
    if (reply.status !== 200) return handOnLfs(call, passage, reply, show);
    const answered = batchReply.safeParse(parsed(await collectBody(reply.body as AsyncIterable<Buffer>, longestDocument)));
    if (!answered.success) throw new TargetFailed('its answer to a batch of large files cannot be read');
    const document = { ...answered.data, objects: answered.data.objects.map((each) => rewritten(call, each, tickets)) };
    return answerJson(call, passage, document, show);
  });
}

function lfsAction(operation: 'upload' | 'download'): ActionName {
  return operation === 'upload' ? 'git:lfs-upload' : 'git:lfs-download';
}

type BatchObject = z.output<typeof batchReply>['objects'][number];

/** An object's answer with the gateway's own addresses in it, or an error where the target's leads where nothing may be reached. */
function rewritten(call: Call, object: BatchObject, tickets: LfsTickets): object {
  const { oid: id, size: bytes, actions, error, authenticated = false } = object;
  if (actions === undefined) return { oid: id, size: bytes, ...(error === undefined ? {} : { error }) };
  const own: Record<string, object> = {};
  for (const kind of ['upload', 'download', 'verify'] as const) {
    const given = actions[kind];
    if (given === undefined) continue;
    const place = placeOf(call, given);
    if (place === null)
      return {
        oid: id,
        size: bytes,
        error: { code: 403, message: 'The target stores this file at a host that the connection does not name.' },
      };
    const ticket = tickets.give({ kind, oid: id, size: bytes, authenticated, ...place });
    const href = kind === 'verify' ? `${call.base}/info/lfs/verify/${ticket}` : `${call.base}/info/lfs/objects/${id}/${ticket}`;
    own[kind] = { href, ...(given.expires_in === undefined ? {} : { expires_in: given.expires_in }) };
  }
  return { oid: id, size: bytes, actions: own };
}

const fieldName = /^[A-Za-z0-9-]{1,64}$/;
const framed: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

function placeOf({ settings }: Call, { href, header = {} }: GivenAction): Pick<LfsAction, 'origin' | 'path' | 'headers'> | null {
  const url = URL.parse(href);
  const { target } = settings;
  if (url === null || ![target.url, ...target.lfs.origins].some(({ origin }) => origin === url.origin)) return null;
  const headers = Object.entries(header).map(([name, value]): Field => [name.toLowerCase(), value]);
  if (headers.some(([name, value]) => !fieldName.test(name) || framed.has(name) || /[\r\n\0]/.test(value))) return null;
  return { origin: url.origin, path: `${url.pathname}${url.search}`, headers };
}

/** Moves one large file, whose content is held against its name: it is the digest. */
export async function moveObject(
  call: Call,
  tickets: LfsTickets,
  { oid: id, ticket }: { readonly oid: string; readonly ticket: string },
): Promise<void> {
  const kind = call.visit.method === 'PUT' ? 'upload' : 'download';
  const found = tickets.take(ticket, kind);
  const path = `/info/lfs/objects/${id}`;
  if (found === null || found.oid !== id)
    return refuseUnread(call, relayed(call.visit.method, path, null), 'No batch of this session has given that address', 404);
  const given = { service: 'lfs', lfsObjects: 1, lfsBytes: found.size };
  const asked: Relayed = { method: call.visit.method, path, headers: [], body: null };
  await relay(call, lfsAction(kind), `${kind} ${id}, ${found.size} bytes`, given, asked, async (passage, show) => {
    await passage.ask(frameKinds.head, JSON.stringify(asked));
    const body = kind === 'upload' ? Readable.from(checkedUpload(call, passage, found), { objectMode: false }) : null;
    const headers: Field[] = [...found.headers, ...uploadFields(call, found, kind)];
    const reply = await call.upstream.follow({
      method: asked.method,
      ...placed(found),
      headers,
      body,
      signal: call.over,
    });
    return handOnLfs(call, passage, reply, show);
  });
}

function placed({
  origin,
  path,
  authenticated,
  headers,
}: LfsAction): Pick<Parameters<Upstream['follow']>[0], 'origin' | 'path' | 'credential'> {
  return { origin, path, credential: !authenticated && headers.every(([name]) => name !== 'authorization') };
}

/** A question for credentials, or another place, is not the client's affair: it has none there. */
function handOnLfs(call: Call, passage: Passage, reply: UpstreamReply, show: ShowWhole): Promise<Outcome> {
  const { status } = reply;
  if (status !== 401 && (status < 300 || status >= 400)) return handOn(call, passage, reply, show);
  reply.body.destroy();
  throw new TargetFailed(`the target answered ${status}, which nobody here can follow`);
}

function uploadFields({ visit }: Call, found: LfsAction, kind: 'upload' | 'download'): Field[] {
  const named = new Set(found.headers.map(([name]) => name));
  const type = headerOf(visit, 'content-type') ?? 'application/octet-stream';
  const range = headerOf(visit, 'range');
  if (kind === 'download') return range === null ? [] : [['range', range]];
  return [['content-length', String(found.size)], ...(named.has('content-type') ? [] : [['content-type', type] as const])];
}

async function* checkedUpload({ visit }: Call, passage: Passage, { oid: id, size: bytes }: LfsAction): AsyncGenerator<Buffer> {
  visit.proceed();
  const digest = createHash('sha256');
  let left = bytes;
  for await (const piece of visit.request as AsyncIterable<Buffer>) {
    left -= piece.length;
    digest.update(piece);
    if (left < 0) throw new TargetFailed('the file is longer than its batch has said');
    // The last piece goes only when all of it is what was asked for: until then the target has half a file.
    if (left === 0 && digest.digest('hex') !== id) throw new TargetFailed('the file is not the one that its batch has named');
    yield await passage.ask(frameKinds.body, piece);
  }
  if (left > 0) throw new TargetFailed('the file is shorter than its batch has said');
}

/** Tells the target that a file has been uploaded. */
export async function verifyObject(call: Call, tickets: LfsTickets, ticket: string): Promise<void> {
  const found = tickets.take(ticket, 'verify');
  const body = await collectRequest(call.visit, longestDocument);
  const asked = relayed('POST', '/info/lfs/verify', body);
  if (found === null || body === null) return refuseUnread(call, asked, 'No batch of this session has given that address', 404);
  const given = { service: 'lfs', lfsObjects: 1, lfsBytes: found.size };
  await relay(call, 'git:lfs-upload', `verify ${found.oid}`, given, asked, async (passage, show) => {
    await passage.ask(frameKinds.head, JSON.stringify({ method: 'POST', path: asked.path, headers: [] }));
    const sent = await passage.ask(frameKinds.body, body);
    const headers: Field[] = [...found.headers.filter(([name]) => name !== 'content-type'), ['content-type', mediaType]];
    const reply = await call.upstream.follow({
      method: 'POST',
      ...placed(found),
      headers,
      body: sent,
      signal: call.over,
    });
    return handOnLfs(call, passage, reply, show);
  });
}

/** Lists, takes or gives back locks. */
export async function answerLocks(call: Call, { path, changes }: { readonly path: string; readonly changes: boolean }): Promise<void> {
  const { method } = call.visit;
  const body = method === 'GET' ? null : await collectRequest(call.visit, longestDocument);
  const asked = relayed(method, path, body);
  const text = `${method} ${path}${body === null ? '' : ` ${body.toString('utf8').slice(0, 2_000)}`}`;
  await relay(call, changes ? 'git:lfs-lock' : 'git:list', text, { service: 'lfs' }, asked, async (passage, show) =>
    handOnLfs(call, passage, await send(call, passage, asked, call.over), show),
  );
}

async function relay(
  call: Call,
  name: ActionName,
  text: string,
  given: Parameters<typeof repositoryAction>[3],
  asked: Relayed,
  perform: (passage: Passage, show: ShowWhole) => Promise<Outcome>,
): Promise<void> {
  const { passage, verdict } = await judge(call, repositoryAction(name, call.repository, text, given));
  await conduct(call, passage, async () => {
    const { show } = call;
    if (verdict.kind === 'permit' && show !== null) return passage.end(await perform(passage, show));
    attempt(passage, asked);
    await sayNo(call, passage, verdict.kind === 'refusal' ? verdict.refusal : maskedRefusal);
  });
}

async function answerJson(call: Call, passage: Passage, value: object, show: ShowWhole): Promise<Outcome> {
  const answer = new Answer(passage, call);
  const body = Buffer.from(JSON.stringify(value));
  await answer.begin(
    200,
    [
      ['content-type', mediaType],
      ['content-length', String(body.length)],
    ],
    show,
  );
  await answer.write(body, show);
  answer.end();
  return outcomeOf(200);
}

function relayed(method: string, path: string, body: Buffer | null): Relayed {
  const headers: Field[] = [
    ['accept', mediaType],
    ...(body === null
      ? []
      : ([
          ['content-type', mediaType],
          ['content-length', String(body.length)],
        ] as const)),
  ];
  return { method, path, headers, body };
}

function parsed(bytes: Buffer | null): unknown {
  if (bytes === null) return null;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    // What is no JSON is no document of any schema.
    return null;
  }
}
