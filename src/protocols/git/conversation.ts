import type { ServerResponse } from 'node:http';
import { endingOf, type Session } from '../../core/session.ts';
import type { SessionEnd } from '../../core/entry.ts';
import { errorCodes } from '../../core/errors.ts';
import type { Mediate } from '../../core/exchange.ts';
import type { Target } from '../../core/protocol.ts';
import { refuse } from '../../core/verdict.ts';
import type { Visit, WebConversation } from '../../core/web.ts';
import { noStore, wordsOf } from './answer.ts';
import type { Call, InBand } from './call.ts';
import { encodeFrame, frameHeadBytes, type FrameKind, frameKinds } from './framing.ts';
import { answerBatch, answerLocks, moveObject, verifyObject } from './lfs.ts';
import { LfsTickets } from './lfs-tickets.ts';
import { inOwnWords, showingWhole } from './masking.ts';
import { type Mirror, mirrorIn } from './mirror.ts';
import { push } from './pushing.ts';
import { fetchObjects, list, refuseUnread } from './reading.ts';
import { isDumb, type Route, routeOf } from './routes.ts';
import type { Settings } from './settings.ts';
import { Upstream } from './upstream.ts';

/** How long those who are told of a session's end may take to hear it. */
const farewellMs = 2_000;

/** One session's requests to one repository. */
export class Conversation implements WebConversation {
  readonly #session: Session;
  readonly #target: Target<Settings>;
  readonly #mediate: Mediate;
  readonly #upstream: Upstream;
  readonly #mirror: Mirror;
  readonly #tickets = new LfsTickets();
  readonly #running = new Set<Running>();

  constructor(session: Session, target: Target<Settings>, mediate: Mediate) {
    this.#session = session;
    this.#target = target;
    this.#mediate = mediate;
    this.#upstream = new Upstream(target);
    this.#mirror = mirrorIn(target.folder, target.settings.target.limits.mirror);
    session.signal.addEventListener('abort', () => this.#sayFarewell(), { once: true });
  }

  async answer(visit: Visit): Promise<void> {
    const gone = new AbortController();
    const left = () => {
      if (!visit.response.writableFinished) gone.abort();
    };
    visit.response.once('close', left);
    const farewell: Running['farewell'] = { form: null };
    const running: Running = { visit, farewell, done: this.#answer(visit, gone.signal, farewell) };
    this.#running.add(running);
    try {
      await running.done;
    } finally {
      this.#running.delete(running);
      visit.response.off('close', left);
      if (this.#session.signal.aborted) await heard(visit.response);
    }
  }

  async close(): Promise<SessionEnd> {
    const late = setTimeout(() => {
      for (const { visit } of this.#running) visit.response.destroy();
    }, farewellMs);
    await Promise.allSettled([...this.#running].map(({ done }) => done));
    clearTimeout(late);
    this.#upstream.close();
    const { signal } = this.#session;
    return { status: 'ended', reason: signal.aborted ? endingOf(signal).message : 'no request came any more' };
  }

  async #answer(visit: Visit, gone: AbortSignal, farewell: Running['farewell']): Promise<void> {
    const { settings } = this.#target;
    const over = AbortSignal.any([gone, this.#session.signal]);
    const call: Call = {
      visit,
      ...placeOf(visit, settings),
      session: this.#session,
      mediate: this.#mediate,
      settings,
      upstream: this.#upstream,
      mirror: this.#mirror,
      repository: settings.target.url.path.slice(1),
      show: showingWhole(this.#session),
      gone,
      over,
      farewell,
    };
    const route = visit.upgrade === null ? routeOf(visit.method, call.path) : null;
    if (route !== null) return this.#take(call, route);
    const why = isDumb(call.path.replace(/\?.*$/, ''))
      ? 'It is git’s older "dumb" protocol, which is not passed'
      : 'The repository has nothing there that the gateway passes';
    const asked = { method: visit.method, path: call.path.slice(0, 2_000), headers: [], body: null };
    await refuseUnread(call, asked, why, 404);
  }

  #take(call: Call, route: Route): Promise<void> {
    switch (route.kind) {
      case 'list':
        return list(call, route.service);
      case 'fetch':
        return fetchObjects(call);
      case 'push':
        return push(call);
      case 'lfs-batch':
        return answerBatch(call, this.#tickets);
      case 'lfs-object':
        return moveObject(call, this.#tickets, route);
      case 'lfs-verify':
        return verifyObject(call, this.#tickets, route.ticket);
      default:
        return answerLocks(call, route);
    }
  }

  /** Tells everybody who waits that the session is over, on record in its channel. */
  #sayFarewell(): void {
    const { code, message, hint } = endingOf(this.#session.signal);
    const words = wordsOf(refuse(code, message, hint));
    for (const { visit, farewell } of this.#running) {
      const { response } = visit;
      const { form } = farewell;
      // Half of what was on its way cannot be followed by words, but where its protocol has a place for them.
      if (response.headersSent && form === null) response.destroy();
      else this.#sayLast(response, form ?? inPlainWords, form === null ? errorCodes[code].http : 200, words);
    }
  }

  #sayLast(response: ServerResponse, { type, words }: InBand, status: number, text: string): void {
    const headers = [['content-type', type], noStore] as const;
    const say = (kind: FrameKind, content: string | Buffer, deliver: (content: Uint8Array) => void) =>
      this.#session
        .channel({ forward: () => {}, deliver: (frame) => deliver(frame.subarray(frameHeadBytes)) })
        .answer(inOwnWords(encodeFrame(kind, content)));
    if (!response.headersSent)
      say(frameKinds.head, JSON.stringify({ status, headers }), () => {
        if (!response.headersSent) response.writeHead(status, Object.fromEntries(headers));
      });
    say(frameKinds.body, words(text), (content) => response.end(content));
  }
}

/**
 * A client may put the repository's own name behind the connection's: `/web-app/web-app.git`. git-lfs needs it, since it puts `.git`
 * behind an address that does not end in it.
 */
function placeOf({ path, base }: Visit, { target }: Settings): Pick<Call, 'path' | 'base'> {
  const name = `/${target.url.path.replace(/^.*\//, '').replace(/\.git$/, '')}.git`;
  return path.startsWith(`${name}/`) ? { path: path.slice(name.length), base: base + name } : { path, base };
}

interface Running {
  readonly visit: Visit;
  readonly farewell: { form: InBand | null };
  readonly done: Promise<void>;
}

/** Lets the last words arrive; where there are none, because nothing can be recorded any more, nobody waits for them for long. */
async function heard(response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, farewellMs);
  response.once('close', resolve);
  await promise;
  clearTimeout(late);
  response.destroy();
}

const inPlainWords: InBand = { type: 'text/plain; charset=utf-8', words: (text) => Buffer.from(`${text}\n`) };
