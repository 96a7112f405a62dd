import { messageOf } from '../../core/errors.ts';
import type { Outcome } from '../../core/entry.ts';
import type { Act, Crossing, Exchange } from '../../core/exchange.ts';
import type { Cleared, Witnessed } from '../../core/proof.ts';
import { type Permit, type Refusal, refuse } from '../../core/verdict.ts';
import type { Visit } from '../../core/web.ts';
import { Delivery } from './delivery.ts';
import { SocketDelivery } from './socket-delivery.ts';
import { endFrame, frameHeader, frameOf, letter, trailersFrame } from './framing.ts';
import { inOwnWords } from './masking.ts';
import { OverrideWatch } from './method-override.ts';
import { problemFrames } from './problems.ts';
import { boundBytes, type RequestHead, requestFrame } from './request.ts';
import type { RequestBody } from './request-body.ts';

/** How long a body may be that people are asked about. */
const approvableBytes = 1024 * 1024;
const shownToPeople = 64 * 1024;
/** How much may wait for its commit in either direction before its source is paused. */
const mostUncommitted = 1024 * 1024;
/** A piece of a body that is as long as this goes on without being copied. */
const copied = 16 * 1024;

/** What sends a request to its target, piece by piece, and brings the reply. */
export interface Carrier {
  /** Frames of the request, in order, cut anywhere. */
  forward(frames: Buffer): void;
  /** Whether the reply may go on coming. */
  flow(more: boolean): void;
  /** Ends what goes on both ways, in its own words; false where the reply is one that is simply broken off. */
  close(refusal: Refusal): boolean;
  /** The request is over, whatever became of it: nothing more is wanted. */
  abandon(reason: Error): void;
}

/** One request and its reply, on their way through the flow. */
export class HttpExchange implements Exchange {
  readonly action;
  /** Among those of its session that run. */
  place = -1;
  readonly #visit: Visit;
  readonly #head: RequestHead;
  readonly #body: RequestBody;
  readonly #delivery: Delivery | SocketDelivery;
  readonly #watch: OverrideWatch | null;
  #permit: Permit | null = null;
  readonly #over = Promise.withResolvers<void>();
  #carry: ((exchange: HttpExchange) => Carrier) | null;
  #carrier: Carrier | null = null;
  #crossing: Crossing | null = null;
  #cancelling: AbortController | null = null;
  #gone: string | null = null;
  #ended = false;
  #uncommitted = { request: 0, reply: 0 };
  #targetTakes = true;
  #clientTakes = true;

  constructor(visit: Visit, head: RequestHead, body: RequestBody, carry: (exchange: HttpExchange) => Carrier) {
    this.action = head.action;
    this.#visit = visit;
    this.#head = head;
    this.#body = body;
    this.#carry = carry;
    this.#watch = head.isLongForm ? new OverrideWatch() : null;
    this.#delivery =
      visit.upgrade === null
        ? new Delivery(visit.response, visit.method !== 'HEAD')
        : new SocketDelivery(visit.response, visit.upgrade.socket);
    visit.response.once('close', () => this.cut('The client went away.'));
    // It may have left while its body was read.
    if (visit.response.destroyed) this.cut('The client went away.');
    visit.response.on('drain', () => {
      this.#delivery.drained();
      this.#clientFlows(true);
    });
  }

  get head(): RequestHead {
    return this.#head;
  }
  /** Resolves once nothing more is to be expected of it. */
  get over(): Promise<void> {
    return this.#over.promise;
  }
  get hasBody(): boolean {
    return this.#visit.body !== null;
  }
  /** The length of the request's body, where its client has said it. */
  get length(): number | null {
    return this.#visit.body?.length ?? null;
  }
  /** The client's side of a WebSocket; null for a request of any other kind. */
  get client(): Visit['upgrade'] {
    return this.#visit.upgrade;
  }
  get ended(): boolean {
    return this.#ended;
  }
  /** Made on demand: few exchanges ever wait. */
  get cancelled(): AbortSignal {
    this.#cancelling ??= new AbortController();
    if (this.#gone !== null) this.#cancelling.abort();
    return this.#cancelling.signal;
  }

  async act(): Promise<Act | Refusal> {
    const body = await this.#body.whole(approvableBytes);
    if (body === null)
      return refuse(
        'LIMIT_EXCEEDED',
        `This needs an approval, and its body is longer than the ${approvableBytes} bytes that one can be bound to.`,
        'Send less at once, or ask for a policy that needs no approval for it.',
      );
    const parameters = body.length === 0 ? [] : [body.toString('utf8', 0, shownToPeople)];
    const stated = { text: this.#visit.stated, by: 'with the header Chaperone-Reason: …' };
    return { action: this.action, bytes: boundBytes(this.#head, body), parameters, stated, estimate: null };
  }

  perform(permit: Permit, crossing: Crossing): void {
    this.#crossing = crossing;
    const { problem } = this.#head;
    if (this.#gone !== null) return this.#cutNow(this.#gone);
    if (problem !== null) return this.refuse(refuse('PROTOCOL_REFUSED', `Chaperone does not pass ${problem}.`, clearer), crossing);
    this.#permit = permit;
    this.#carrier = this.#carry?.(this) ?? null;
    const { body } = this.#visit;
    const frame = requestFrame(this.#head, body === null ? null : body.length);
    // What a WebSocket's client says comes behind its head.
    if (this.#visit.upgrade !== null) return this.ask(frame);
    if (body === null) return this.#ask(Buffer.concat([frame, endFrame]), permit);
    this.#ask(frame, permit);
    this.#body.flow({
      piece: (bytes) => this.#askPiece(bytes, permit),
      end: (trailers) => this.#ask(trailers.length === 0 ? endFrame : Buffer.concat([trailersFrame(trailers), endFrame]), permit),
    });
  }

  refuse(refusal: Refusal, crossing: Crossing): void {
    this.#crossing = crossing;
    const { held } = this.#body;
    crossing.attempt(Buffer.concat([requestFrame(this.#head, this.#visit.body?.length ?? null), frameOf(letter.body, held)]));
    if (this.#gone !== null) return this.#cutNow(this.#gone);
    this.#say(refusal);
    this.end({ status: 'refused', rows: null, tag: null, error: null });
  }

  /** HTTP has no word that every client takes before the reply: a 102 ends the wait of some. */
  notice(): void {}

  forward(request: Witnessed): void {
    this.#uncommitted.request -= request.length;
    if (this.#ended) return;
    this.#carrier?.forward(asBuffer(request));
    this.#requestFlows();
  }

  deliver(reply: Cleared): void {
    this.#uncommitted.reply -= reply.length;
    const more = this.#delivery.deliver(asBuffer(reply));
    this.#clientFlows(more);
    if (this.#delivery.ended) this.#over.resolve();
  }

  /** Another piece of a request that goes on while it is answered. */
  ask(frames: Buffer): void {
    if (this.#permit !== null) this.#ask(frames, this.#permit);
  }

  /** A piece of the reply, shown. */
  readonly answer: Crossing['answer'] = (bytes, original) => {
    if (this.#ended || this.#crossing === null) return;
    this.#uncommitted.reply += bytes.length;
    this.#crossing.answer(bytes, original);
    this.#replyFlows();
  };

  masked(counts: Parameters<Crossing['masked']>[0]): void {
    if (!this.#ended && counts.length > 0) this.#crossing?.masked(counts);
  }

  /** Whether the target takes more of the request. */
  targetTakes(more: boolean): void {
    this.#targetTakes = more;
    this.#requestFlows();
  }

  /** The reply is whole, or there will be none. */
  end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#crossing?.end(outcome);
    this.#body.abandon();
  }

  /** The target failed it: says so where nothing has been said yet, and else breaks the reply off. */
  fail(code: 'TARGET_UNREACHABLE' | 'TARGET_FAULT', words: string, fault: unknown, begun: boolean): void {
    if (this.#ended) return;
    const error = { code, message: messageOf(fault) };
    if (begun) {
      this.end({ status: 'cut', rows: null, tag: null, error });
      return void this.#visit.response.destroy();
    }
    this.#say(refuse(code, words, 'Try again; if it stays so, tell whoever runs Chaperone.'));
    this.end({ status: 'error', rows: null, tag: null, error });
  }

  /** The reply is one that its client may not see as it is, and that cannot be masked. */
  withhold(what: string, begun: boolean): void {
    if (this.#ended) return;
    const error = { code: 'ACCESS_REFUSED', message: `withheld: ${what}` };
    if (begun) {
      this.end({ status: 'cut', rows: null, tag: null, error });
      return void this.#visit.response.destroy();
    }
    const hint = 'Ask for it as JSON or text, or ask for a policy that permits `unmask` on this connection.';
    this.#say(refuse('ACCESS_REFUSED', `The target was asked, and answered with ${what}; you may not see it unmasked.`, hint));
    this.end({ status: 'error', rows: null, tag: null, error });
  }

  /** Nobody is there any more to be answered. */
  cut(reason: string): void {
    if (this.#delivery.ended) return;
    this.#gone ??= reason;
    this.#cancelling?.abort();
    this.#carrier?.abandon(new Error(reason));
    if (this.#crossing !== null) this.#cutNow(reason);
  }

  /** Ends it because its session ends: tells the client, where that can be put on record. */
  close(refusal: Refusal | null): void {
    if (this.#ended) return;
    const begun = this.#delivery.begun || this.#uncommitted.reply > 0;
    if (refusal !== null && this.#crossing !== null && !begun) {
      this.#carrier?.abandon(new Error(refusal.message));
      this.#say(refusal);
      return this.end({ status: 'cut', rows: null, tag: null, error: { code: refusal.code, message: refusal.message } });
    }
    if (refusal !== null && this.#carrier?.close(refusal)) return;
    this.cut(refusal?.message ?? 'The session has ended.');
    this.#visit.response.destroy();
    // What is not decided yet will be cut when it is; the session's end does not wait for a verdict.
    this.#over.resolve();
  }

  #cutNow(reason: string): void {
    this.end({ status: 'cut', rows: null, tag: null, error: { code: 'CANCELLED', message: reason } });
    this.#over.resolve();
  }

  #say(refusal: Refusal): void {
    this.answer(inOwnWords(problemFrames(refusal)));
  }

  #ask(frames: Buffer, permit: Permit): void {
    if (this.#ended) return;
    this.#uncommitted.request += frames.length;
    this.#crossing?.ask(frames, permit);
    this.#requestFlows();
  }

  #askPiece(bytes: Buffer, permit: Permit): void {
    if (this.#watch?.finds(bytes) === true) return this.#overridden();
    if (bytes.length < copied) return this.#ask(frameOf(letter.body, bytes), permit);
    this.#ask(frameHeader(letter.body, bytes.length), permit);
    this.#ask(bytes, permit);
  }

  /** It turns out to be another request than the one that was judged; the target has not got all of it. */
  #overridden(): void {
    if (this.#ended) return;
    const refusal = refuse('PROTOCOL_REFUSED', 'A form this long may not name another method (_method).', 'Send it by that method itself.');
    this.#carrier?.abandon(new Error(refusal.message));
    if (this.#delivery.begun || this.#uncommitted.reply > 0) this.#visit.response.destroy();
    else this.#say(refusal);
    this.end({ status: 'cut', rows: null, tag: null, error: { code: refusal.code, message: refusal.message } });
  }

  #requestFlows(): void {
    if (this.#ended || this.#visit.body === null) return;
    if (this.#targetTakes && this.#uncommitted.request < mostUncommitted) this.#body.resume();
    else this.#body.pause();
  }

  #clientFlows(more: boolean): void {
    this.#clientTakes = more;
    this.#replyFlows();
  }

  #replyFlows(): void {
    if (!this.#ended) this.#carrier?.flow(this.#clientTakes && this.#uncommitted.reply < mostUncommitted);
  }
}

const clearer = 'Send it in a way that can be read only one way: no dot segments, empty segments, semicolons or encoded separators.';

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
