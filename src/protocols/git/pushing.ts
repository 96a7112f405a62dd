import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { Action } from '../../core/action.ts';
import { messageOf } from '../../core/errors.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { pushAction, repositoryAction, unreadPushAction } from './actions.ts';
import { type Call, headerOf, passedOn, versionOf } from './call.ts';
import { judge, conduct } from './gate.ts';
import type { Inspection } from './inspection.ts';
import { inspectApart } from './inspector.ts';
import type { Quarantine } from './mirror.ts';
import { GitFailed, whyNoGit } from './native.ts';
import { ownLine } from './own-line.ts';
import { SessionOver } from './passage.ts';
import type { Push, Spooled } from './push.ts';
import { PushDelivery } from './push-delivery.ts';
import { isNone, PushReader, type PushRequest } from './push-request.ts';
import { attempt, refuseUnread } from './reading.ts';
import { outcomeOf, handOn, maskedRefusal, type Relayed, send, unreachable } from './relay.ts';
import { sayNo } from './answer.ts';

/** Commands and options before the pack. */
const headRoom = 8 * 1024 * 1024;
/** A journal's entry may have 16 MiB, and an action is one. */
const longestAction = 8 * 1024 * 1024;
const pieceBytes = 256 * 1024;

/** Takes a push in, finds out what it does, and lets it through once that was judged. */
export async function push(call: Call): Promise<void> {
  await call.mirror.open();
  const quarantine = await call.mirror.quarantine();
  try {
    await receive(call, quarantine);
  } finally {
    await call.mirror.release(quarantine);
  }
}

async function receive(call: Call, quarantine: Quarantine): Promise<void> {
  const { settings, mirror, session, upstream, over } = call;
  const missing = await whyNoGit(mirror.home);
  // Meanwhile the push comes in.
  const refreshed = missing === null ? mirror.refresh(ownLine(session, upstream), over) : Promise.reject(new GitFailed(missing));
  refreshed.catch(() => {});
  const spooled = await spool(call, join(quarantine.folder, 'push'), settings.target.limits.pack + headRoom);
  if (spooled === null) return;
  const gzip = headerOf(call.visit, 'content-encoding') === 'gzip';
  const asked = relayedOf(call, spooled, gzip);
  const request = await readHead(call, spooled, gzip);
  if (request === 'probe') return probe(call, asked);
  if ('why' in request) return refuseUnread(call, asked, request.why);
  const found = spooled.over ? tooLarge(call) : await lookInto(call, request, spooled, gzip, quarantine, refreshed);
  if (found === null) return;
  await decide(call, { request, asked, spooled, quarantine, found });
}

async function decide(call: Call, push: Push): Promise<void> {
  const { request, spooled, found } = push;
  const flaw = 'kind' in found ? found : null;
  const action: Action =
    'kind' in found
      ? unreadPushAction(request.commands, found.message, { options: request.options, packBytes: spooled.bytes })
      : pushAction(found, { options: request.options, packBytes: found.packBytes });
  const tooLong = flaw === null && JSON.stringify(action).length > longestAction ? tooManyFiles : null;
  const delivery = new PushDelivery(call, push, flaw ?? tooLong);
  const judged =
    tooLong === null ? action : unreadPushAction(request.commands, tooLong.message, { options: request.options, packBytes: spooled.bytes });
  const { passage, verdict } = await judge(call, judged, {
    bound: boundTo(request),
    flaw: flaw ?? tooLong,
    notice: (text, held) => delivery.hold(text, held),
  });
  await conduct(call, passage, () => delivery.conclude(passage, verdict));
}

const tooManyFiles = refuse('LIMIT_EXCEEDED', 'The push changes more files than can be judged at once.', 'Push fewer commits at a time.');

/**
 * What an approval of a push is bound to: which refs go from where to where, and what hooks are told. The ids are digests of the
 * objects with all that they lead to, so that the same push may come in a pack that git has made anew.
 */
function boundTo({ commands, options }: PushRequest): Buffer {
  const sorted = commands.map(({ ref, old, new: state }) => [ref, old, state]).sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  return Buffer.from(JSON.stringify({ commands: sorted, options }));
}

/** Null where the client is gone or the session over. */
async function lookInto(
  call: Call,
  request: PushRequest,
  spooled: Spooled,
  gzip: boolean,
  quarantine: Quarantine,
  refreshed: Promise<ReadonlyMap<string, string>>,
): Promise<Inspection | Refusal | null> {
  const { limits } = call.settings.target;
  try {
    const refs = await refreshed;
    const stale = request.commands.find(({ ref, old }) => (refs.get(ref) ?? null) !== (isNone(old) ? null : old));
    if (stale !== undefined) return staleRefusal(stale.ref);
    if (refs.size === 0) await call.mirror.beginAs((request.commands[0]?.new.length ?? 40) === 64 ? 'sha256' : 'sha1', call.over);
    const inspected = await inspectApart(
      {
        place: quarantine.place,
        spool: spooled.path,
        gzip,
        packAt: request.packAt,
        packBytes: Math.max(0, spooled.bytes - request.packAt),
        commands: request.commands,
        email: call.session.principal.email?.toLowerCase() ?? null,
        detail: join(quarantine.folder, 'detail'),
        limits: { bytes: limits.pack, objects: limits.objects, commits: limits.commits, patch: limits.patch, ms: limits.time },
      },
      call.over,
    );
    if (call.over.aborted) return null;
    return inspected.kind === 'found' ? inspected.inspection : flawed(inspected.why, inspected.large);
  } catch (fault) {
    if (fault instanceof SessionOver || call.over.aborted) return null;
    if (fault instanceof GitFailed || fault instanceof MalformedBytes) {
      const message = 'The gateway’s copy of the repository could not be brought up to date, so what the push changes cannot be told.';
      return refuse('TARGET_FAULT', message, 'Try again; if it stays so, tell whoever runs Chaperone.', { detail: messageOf(fault) });
    }
    return unreachable(fault);
  }
}

function flawed(why: string, large: boolean): Refusal {
  return refuse(
    large ? 'LIMIT_EXCEEDED' : 'PROTOCOL_REFUSED',
    why,
    large ? 'Push fewer commits at a time.' : 'Look at the push with git fsck, and push what it finds sound.',
  );
}

function staleRefusal(ref: string): Refusal {
  return refuse('REQUEST_INVALID', `${ref} has changed at the target since it was last fetched.`, 'Fetch, and push again.');
}

function tooLarge({ settings }: Call): Refusal {
  return flawed(`The push is longer than ${settings.target.limits.pack} bytes.`, true);
}

/** Writes a push to disk as it comes; null where the client breaks off. */
async function spool({ visit }: Call, path: string, most: number): Promise<Spooled | null> {
  visit.proceed();
  const file = await open(path, 'wx', 0o600);
  let bytes = 0;
  try {
    for await (const piece of visit.request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      // What is over is read and dropped, since a client that is still sending does not listen.
      if (bytes <= most) await file.write(piece);
    }
  } catch {
    return null;
  } finally {
    await file.close();
  }
  return { path, bytes: Math.min(bytes, most), over: bytes > most };
}

/** Reads what stands before the pack; a sentence says why it cannot be read. */
async function readHead(
  { visit }: Call,
  { path, bytes }: Spooled,
  gzip: boolean,
): Promise<PushRequest | 'probe' | { readonly why: string }> {
  if (headerOf(visit, 'content-type') !== 'application/x-git-receive-pack-request') return { why: 'The request is not one of git’s' };
  const encoding = headerOf(visit, 'content-encoding');
  if (encoding !== null && encoding !== 'gzip') return { why: 'The push is compressed by something else than gzip' };
  const reader = new PushReader();
  const file = createReadStream(path);
  const source = gzip ? file.pipe(createGunzip()) : file;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (bytes === 4 && chunk.toString('latin1') === '0000') return 'probe';
      const request = reader.feed(chunk);
      if (request !== null) return request;
    }
    return { why: 'The push breaks off before its pack' };
  } catch (fault) {
    if (fault instanceof MalformedBytes) return { why: `The push has ${fault.message}` };
    return { why: 'The push cannot be decompressed' };
  } finally {
    file.destroy();
  }
}

/** Before a long push git asks with an empty one whether its credential is good (remote-curl.c, probe_rpc). */
async function probe(call: Call, asked: Relayed): Promise<void> {
  const action = repositoryAction('git:list', call.repository, 'ask whether a push may come', {
    service: 'receive-pack',
    protocolVersion: versionOf(call),
  });
  const { passage, verdict } = await judge(call, action);
  const whole: Relayed = { ...asked, body: Buffer.from('0000') };
  await conduct(call, passage, async () => {
    const { show } = call;
    if (verdict.kind === 'permit' && show !== null) {
      const reply = await send(call, passage, whole, call.over);
      passage.end(reply.status < 400 ? await handOn(call, passage, reply, show) : outcomeOf(reply.status));
      return;
    }
    attempt(passage, whole);
    await sayNo(call, passage, verdict.kind === 'refusal' ? verdict.refusal : maskedRefusal);
  });
}

function relayedOf(call: Call, { path, bytes }: Spooled, gzip: boolean): Relayed {
  const headers = [
    ['content-type', 'application/x-git-receive-pack-request'],
    ['accept', 'application/x-git-receive-pack-result'],
    ...(gzip ? [['content-encoding', 'gzip'] as const] : []),
    ...passedOn(call),
    ['content-length', String(bytes)],
  ] as const;
  const pieces: AsyncIterable<Buffer> = {
    [Symbol.asyncIterator]: () => createReadStream(path, { highWaterMark: pieceBytes })[Symbol.asyncIterator](),
  };
  return { method: 'POST', path: '/git-receive-pack', headers, body: pieces };
}
