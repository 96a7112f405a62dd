import type { Ending, Session } from '../core/session.ts';

/** setTimeout's longest wait; a token that lives longer is looked at again then. */
const longestWaitMs = 2 ** 31 - 1;

interface Open {
  readonly session: Session;
  readonly over: PromiseWithResolvers<void>;
  timer: NodeJS.Timeout | null;
}

/** The sessions that are open now: what ends them from outside goes through here. */
export class OpenSessions {
  readonly #open = new Map<string, Open>();
  readonly #now: () => number;
  #emptied: (() => void)[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  get count(): number {
    return this.#open.size;
  }
  countOf(connection: string): number {
    let count = 0;
    for (const { session } of this.#open.values()) if (session.facts.connection === connection) count += 1;
    return count;
  }

  add(session: Session, outliveToken: boolean): void {
    this.#open.set(session.facts.id, { session, over: Promise.withResolvers(), timer: null });
    if (!outliveToken) this.#watchToken(session);
  }

  remove(id: string): void {
    const entry = this.#open.get(id);
    if (entry?.timer) clearTimeout(entry.timer);
    this.#open.delete(id);
    entry?.over.resolve();
    if (this.#open.size === 0) for (const tell of this.#emptied.splice(0)) tell();
  }

  /** Ends one session; what is returned resolves once its end is on record. Null where it is not open. */
  stop(id: string, ending: Ending): Promise<void> | null {
    const entry = this.#open.get(id);
    entry?.session.stop(ending);
    return entry?.over.promise ?? null;
  }

  /** Ends the open sessions of a connection; resolves once the end of each is on record. */
  async stopOf(connection: string, ending: Ending): Promise<void> {
    const found = [...this.#open.values()].filter(({ session }) => session.facts.connection === connection);
    for (const { session } of found) session.stop(ending);
    await Promise.all(found.map(({ over }) => over.promise));
  }

  /** Ends every open session, telling each why. */
  stopAll(message: string): void {
    for (const { session } of this.#open.values()) session.stop({ code: 'SHUTTING_DOWN', message, hint: 'Connect again in a moment.' });
  }

  /** Resolves when no session is open any more. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied.push(resolve);
    });
  }

  #watchToken(session: Session): void {
    const entry = this.#open.get(session.facts.id);
    if (entry === undefined) return;
    const left = session.principal.token.expiresAt - this.#now();
    entry.timer = setTimeout(
      () => (left > longestWaitMs ? this.#watchToken(session) : expire(session)),
      Math.max(0, Math.min(left, longestWaitMs)),
    );
    entry.timer.unref();
  }
}

function expire(session: Session): void {
  session.stop({
    code: 'SESSION_EXPIRED',
    message: 'The token that opened this session has expired, and the session ends with it.',
    hint: 'Get a new token and connect again.',
  });
}
