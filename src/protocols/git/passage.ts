import type { Action } from '../../core/action.ts';
import type { Act, Crossing, Exchange } from '../../core/exchange.ts';
import type { Outcome } from '../../core/entry.ts';
import type { Cleared, Shown, Witnessed } from '../../core/proof.ts';
import { endingOf } from '../../core/session.ts';
import type { Permit, Refusal } from '../../core/verdict.ts';
import { encodeFrame, frameHeadBytes, type FrameKind } from './framing.ts';

/** The session ended while something was on its way. */
export class SessionOver extends Error {
  override readonly name = 'SessionOver';
}

export interface PassageParts {
  readonly action: Action;
  /** All of the request that matters to its target; by default the action's text. */
  readonly bound?: Buffer;
  /** Why the client says that it asks; null where it does not say. */
  readonly stated: string | null;
  /** Why nobody can be asked about it: it is refused whatever they say. */
  readonly flaw?: Refusal | null;
  readonly cancelled: AbortSignal;
  /** Of the session. */
  readonly signal: AbortSignal;
  readonly notice?: (text: string, passage: Passage) => void;
}

export type Verdict = { readonly kind: 'permit'; readonly permit: Permit } | { readonly kind: 'refusal'; readonly refusal: Refusal };

/** Targets need not take push options, and git says so; the header every request can have. */
const by = 'with git push -o reason="…", or the header Chaperone-Reason by http.extraHeader';

/** An entry of the journal has at most 16 MiB. */
const recordedAtOnce = 1024 * 1024;

interface Waiting {
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (fault: Error) => void;
}

/**
 * One exchange on its way through the gate. What it sends is given back once it is on record, and that alone may go on: `ask` and
 * `answer` resolve with the content of the frame that was committed.
 */
export class Passage implements Exchange {
  readonly action: Action;
  readonly cancelled: AbortSignal;
  readonly judged: Promise<Verdict>;
  readonly #parts: PassageParts;
  readonly #settle: (verdict: Verdict) => void;
  readonly #asked: Waiting[] = [];
  readonly #answered: Waiting[] = [];
  #crossing: Crossing | null = null;
  #permit: Permit | null = null;
  #ended = false;

  constructor(parts: PassageParts) {
    this.#parts = parts;
    this.action = parts.action;
    this.cancelled = parts.cancelled;
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.judged = promise;
    this.#settle = resolve;
    parts.signal.addEventListener('abort', this.#over, { once: true });
  }

  act(): Act | Promise<Refusal> {
    const { action, bound, stated: text, flaw } = this.#parts;
    if (flaw) return Promise.resolve(flaw);
    return { action, bytes: bound ?? Buffer.from(action.text), parameters: [], stated: { text, by }, estimate: null };
  }
  perform(permit: Permit, crossing: Crossing): void {
    this.#crossing = crossing;
    this.#permit = permit;
    this.#settle({ kind: 'permit', permit });
  }
  refuse(refusal: Refusal, crossing: Crossing): void {
    this.#crossing = crossing;
    this.#settle({ kind: 'refusal', refusal });
  }
  notice(text: string, crossing: Crossing): void {
    this.#crossing = crossing;
    this.#parts.notice?.(text, this);
  }
  forward(request: Witnessed): void {
    this.#asked.shift()?.resolve(contentOf(request));
  }
  deliver(reply: Cleared): void {
    this.#answered.shift()?.resolve(contentOf(reply));
  }

  /** Puts a piece of the request on record; resolves with what may be sent to the target. */
  ask(kind: FrameKind, content: Buffer | string): Promise<Buffer> {
    const [crossing, permit] = [this.#crossing, this.#permit];
    return this.#committed(this.#asked, () => {
      if (permit !== null) crossing?.ask(encodeFrame(kind, content), permit);
    });
  }
  /** Puts on record what goes nowhere. */
  attempt(kind: FrameKind, content: Buffer | string): void {
    this.attemptFrames(encodeFrame(kind, content));
  }
  attemptFrames(frames: Buffer): void {
    if (this.#ended || this.#parts.signal.aborted) return;
    for (let at = 0; at < frames.length; at += recordedAtOnce) this.#crossing?.attempt(frames.subarray(at, at + recordedAtOnce));
  }
  /** Puts a piece of the reply on record; resolves with what may be sent to the client. `show` makes it fit to be seen. */
  answer(kind: FrameKind, content: Buffer | string, show: (frame: Buffer) => Shown): Promise<Buffer> {
    return this.#committed(this.#answered, () => this.#crossing?.answer(show(encodeFrame(kind, content))));
  }
  end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parts.signal.removeEventListener('abort', this.#over);
    this.#crossing?.end(outcome);
  }

  #committed(waiting: Waiting[], cross: () => void): Promise<Buffer> {
    if (this.#parts.signal.aborted) return Promise.reject(this.#why());
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      cross();
    });
  }

  /** What is not on record by now will never be said to be. */
  readonly #over = (): void => {
    for (const { reject } of [...this.#asked.splice(0), ...this.#answered.splice(0)]) reject(this.#why());
  };
  #why(): SessionOver {
    return new SessionOver(endingOf(this.#parts.signal)?.message ?? 'the session is over');
  }
}

function contentOf(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset + frameHeadBytes, frame.byteLength - frameHeadBytes);
}
