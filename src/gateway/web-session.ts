import type { Session } from '../core/session.ts';
import type { Visit, WebConversation } from '../core/web.ts';
import { messageOf } from '../core/errors.ts';
import type { Undecided } from './undecided.ts';

/** How long a session of many requests is kept without one, where its connection does not say. */
const usualIdleMs = 5 * 60_000;

interface SessionParts {
  readonly session: Session;
  readonly conversation: WebConversation;
  readonly undecided: Undecided;
  readonly idleMs: number | null;
  readonly log: (line: string) => void;
  /** Called once, when the session takes no more requests; what is running may still be ending. */
  readonly leaving: (session: WebSession) => void;
  /** Called once its end is on record. */
  readonly ended: () => void;
}

/** One principal's requests to one connection, however many sockets they come on, from admission to end. */
export class WebSession {
  readonly #parts: SessionParts;
  readonly #idleMs: number;
  #running = 0;
  #leaving = false;
  #lastMs = performance.now();
  #timer: NodeJS.Timeout;
  #endWhenIdle = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#idleMs = parts.idleMs ?? usualIdleMs;
    this.#timer = this.#watch(this.#idleMs);
    const { signal } = parts.session;
    if (signal.aborted) this.#leave();
    else signal.addEventListener('abort', () => this.#leave(), { once: true });
  }

  /** Whether it takes requests. */
  get open(): boolean {
    return !this.#leaving;
  }

  /** Answers one request; only while `open`. */
  async answer(visit: Visit): Promise<void> {
    this.#running += 1;
    try {
      await this.#parts.conversation.answer(visit);
    } catch (fault) {
      this.#parts.log(`a request of session ${this.#parts.session.facts.id} failed: ${messageOf(fault)}`);
      visit.response.destroy();
    }
    this.#running -= 1;
    this.#lastMs = performance.now();
    if (this.#running === 0 && this.#endWhenIdle) this.#leave();
  }

  /** Ends as soon as nothing is running. */
  endWhenIdle(): void {
    this.#endWhenIdle = true;
    if (this.#running === 0) this.#leave();
  }

  #watch(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.#lookIfIdle(), ms);
    timer.unref();
    return timer;
  }

  /** One timer a session and not one a request: it looks whether it came too early. */
  #lookIfIdle(): void {
    const left = this.#running > 0 ? this.#idleMs : this.#lastMs + this.#idleMs - performance.now();
    if (left <= 0) this.#leave();
    else this.#timer = this.#watch(Math.ceil(left));
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    clearTimeout(this.#timer);
    this.#parts.leaving(this);
    void this.#end();
  }

  async #end(): Promise<void> {
    const { session, conversation, undecided, log, ended } = this.#parts;
    try {
      const end = await conversation.close();
      await undecided.settled();
      await session.record.end(end);
    } catch (fault) {
      log(`the end of session ${session.facts.id} could not be kept: ${messageOf(fault)}`);
    } finally {
      ended();
    }
  }
}
