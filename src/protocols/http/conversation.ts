import type { Mediate } from '../../core/exchange.ts';
import type { SessionEnd } from '../../core/entry.ts';
import type { Target } from '../../core/protocol.ts';
import { endingOf, type Session } from '../../core/session.ts';
import { refuse } from '../../core/verdict.ts';
import type { Visit, WebConversation } from '../../core/web.ts';
import { BodyMasks } from './body-masking.ts';
import { fixedInjection, type InjectionSource, noInjection } from './credential.ts';
import { HttpExchange } from './exchange.ts';
import { TokenSource } from './oauth.ts';
import { isReadFirst, RequestReader } from './request.ts';
import { RequestBody } from './request-body.ts';
import { Running } from './running.ts';
import type { Settings } from './settings.ts';
import { type CallParts, TargetCall } from './target-call.ts';
import { onRecord } from './token-request.ts';
import { Upstream } from './upstream.ts';

/** How long a body may be that must be understood before it is judged. */
const readableBytes = 1024 * 1024;

/** One source of tokens for each connection, whatever sessions it has: its settings are its identity. */
const tokenSources = new WeakMap<Settings, TokenSource>();

/** The requests of one session. */
export class HttpConversation implements WebConversation {
  readonly #session: Session;
  readonly #target: Target<Settings>;
  readonly #mediate: Mediate;
  readonly #upstream: Upstream;
  readonly #reader: RequestReader;
  readonly #injections: InjectionSource;
  readonly #masks: BodyMasks | null;
  readonly #running = new Running<HttpExchange>();
  #lastParts: CallParts | null = null;

  constructor(session: Session, target: Target<Settings>, mediate: Mediate) {
    this.#session = session;
    this.#target = target;
    this.#mediate = mediate;
    const { settings } = target;
    this.#upstream = new Upstream(settings.target.url, target);
    this.#reader = new RequestReader(settings);
    this.#injections = injectionsOf(session, target);
    this.#masks = session.masking === null ? null : new BodyMasks(session.masking);
  }

  answer(visit: Visit): Promise<void> {
    const body = new RequestBody(visit);
    if (visit.body === null || !isReadFirst(visit, this.#target.settings)) return this.#exchange(visit, body, null);
    return body.whole(readableBytes).then((whole) => this.#exchange(visit, body, whole));
  }

  async close(): Promise<SessionEnd> {
    const { signal } = this.#session;
    const ending = signal.aborted ? endingOf(signal) : null;
    // What cannot be put on record cannot be told either.
    const told = ending === null || ending.code === 'RECORDER_FAULT' ? null : refuse(ending.code, ending.message, ending.hint);
    const running = this.#running.all();
    for (const exchange of running) exchange.close(told);
    await Promise.all(running.map(({ over }) => over));
    this.#upstream.close();
    return { status: 'ended', reason: ending?.message ?? 'No request came for as long as the connection lets a session be idle.' };
  }

  /** The same object as for the request before, where that came the same way. */
  #partsOf({ base, prefix }: Visit, masks: BodyMasks | null): CallParts {
    const last = this.#lastParts;
    if (last?.places.base === base && last.masks === masks) return last;
    const { url, rewriteBodies } = this.#target.settings.target;
    const places = { target: url, base, prefix };
    return (this.#lastParts = { upstream: this.#upstream, places, rewriteBodies, masks, injections: this.#injections });
  }

  #exchange(visit: Visit, body: RequestBody, whole: Buffer | null): Promise<void> {
    const masks = this.#masks === null || this.#session.masking?.allMayBeSeen() ? null : this.#masks;
    const head = this.#reader.read(visit, masks !== null, whole);
    const parts = this.#partsOf(visit, masks);
    const exchange = new HttpExchange(visit, head, body, (own) => new TargetCall(own, parts));
    this.#running.add(exchange);
    void this.#mediate(exchange);
    return exchange.over.then(() => this.#running.remove(exchange));
  }
}

function injectionsOf(session: Session, target: Target<Settings>): InjectionSource {
  const { settings } = target;
  const { credentials } = settings;
  if (credentials === undefined || !('oauth' in credentials)) {
    const injection = credentials === undefined ? noInjection : fixedInjection(credentials);
    return { current: () => injection, refused: () => {} };
  }
  const { oauth } = credentials;
  const source = tokenSources.get(settings) ?? new TokenSource(oauth, Date.now);
  tokenSources.set(settings, source);
  const post = onRecord(session, oauth.tokenUrl, async (form, authorization) => {
    const upstream = new Upstream(oauth.tokenUrl, target);
    try {
      return await upstream.postForm(oauth.tokenUrl.path || '/', form, authorization);
    } finally {
      upstream.close();
    }
  });
  return { current: () => source.current(post), refused: (injection) => source.refused(injection) };
}
