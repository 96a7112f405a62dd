import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../core/action.ts';
import { messageOf } from '../../core/errors.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { pushAction, repositoryAction, unreadPushAction } from './actions.ts';
import { type Call, passedOn, versionOf } from './call.ts';
import { judge, conduct } from './gate.ts';
import type { Inspection, InspectionJob } from './inspection.ts';
import { inspectApart } from './inspector.ts';
import type { Quarantine } from './mirror.ts';
import { GitFailed, whyNoGit } from './native.ts';
import { ownLine } from './own-line.ts';
import { SessionOver } from './passage.ts';
import type { Push } from './push.ts';
import { PushDelivery } from './push-delivery.ts';
import { isNone, type PushRequest } from './push-request.ts';
import { attempt, refuseUnread } from './reading.ts';
import { outcomeOf, handOn, maskedRefusal, type Relayed, send, unreachable } from './relay.ts';
import { sayNo } from './answer.ts';
import { Spool, type Spooled } from './spool.ts';

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
  const { settings } = call;
  const spool = new Spool(call, join(quarantine.folder, 'push'), settings.target.limits.pack + headRoom);
  const request = await spool.head;
  const given = typeof request === 'object' && 'commands' in request ? request : null;
  const unwanted = new AbortController();
  const looked = given && lookInto(call, given, { spool, quarantine }, AbortSignal.any([call.over, unwanted.signal]));
  const spooled = await spool.done;
  if (spooled === null || spooled.over || spooled.fault !== null) unwanted.abort();
  const found = await looked;
  if (spooled === null) return;
  const asked = relayedOf(call, spooled, spool.gzip);
  if (request === 'probe') return probe(call, asked);
  if ('why' in request) return refuseUnread(call, asked, request.why);
  const refusal = spooled.over ? tooLarge(call) : spooled.fault === null ? null : unkept(spooled.fault);
  const result = refusal ?? found;
  if (result !== null) await decide(call, { request, asked, spooled, quarantine, found: result });
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
    stated: statedIn(request) ?? call.visit.stated,
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

/** The target gets the option like every other; most do nothing by it. */
function statedIn({ options }: PushRequest): string | null {
  const given = options.find((option) => option.startsWith('reason='));
  return given?.slice('reason='.length).trim() || null;
}

interface Looking {
  readonly spool: Spool;
  readonly quarantine: Quarantine;
}

/** Finds out what a push does while it still comes in; null where nobody wants to know any more. */
async function lookInto(
  call: Call,
  request: PushRequest,
  { spool, quarantine }: Looking,
  unwanted: AbortSignal,
): Promise<Inspection | Refusal | null> {
  const { settings, mirror, session, upstream, over } = call;
  const { limits } = settings.target;
  try {
    const missing = await whyNoGit(mirror.home);
    if (missing !== null) throw new GitFailed(missing);
    const refs = await mirror.refresh(ownLine(session, upstream), over);
    const stale = request.commands.find(({ ref, old }) => (refs.get(ref) ?? null) !== (isNone(old) ? null : old));
    if (stale !== undefined) return staleRefusal(stale.ref);
    if (refs.size === 0) await mirror.beginAs((request.commands[0]?.new.length ?? 40) === 64 ? 'sha256' : 'sha1', over);
    const job: InspectionJob = {
      place: quarantine.place,
      spool: spool.path,
      gzip: spool.gzip,
      packAt: request.packAt,
      commands: request.commands,
      email: call.session.principal.email?.toLowerCase() ?? null,
      signers: settings.target.signers,
      detail: join(quarantine.folder, 'detail'),
      limits: { bytes: limits.pack, objects: limits.objects, commits: limits.commits, patch: limits.patch, ms: limits.time },
    };
    const inspected = await inspectApart(job, spool, unwanted);
    if (unwanted.aborted) return null;
    return inspected.kind === 'found' ? inspected.inspection : flawed(inspected.why, inspected.large);
  } catch (fault) {
    if (fault instanceof SessionOver || unwanted.aborted) return null;
    if (fault instanceof GitFailed || fault instanceof MalformedBytes) {
      const message = 'The gateway’s copy of the repository could not be brought up to date, so what the push changes cannot be told.';
      return refuse('TARGET_FAULT', message, 'Try again; if it stays so, tell whoever runs Chaperone.', { detail: messageOf(fault) });
    }
    return unreachable(fault);
  }
}

function unkept(detail: string): Refusal {
  return refuse('INTERNAL', 'The push could not be kept to be looked into.', 'Tell whoever runs Chaperone.', { detail });
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
