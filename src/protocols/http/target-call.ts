import type { Duplex } from 'node:stream';
import type { Outcome } from '../../core/entry.ts';
import type { Refusal } from '../../core/verdict.ts';
import type { Field } from '../../core/web.ts';
import { ForbiddenAddress } from '../../wire/dial.ts';
import type { HttpCall, HttpTaker } from '../../wire/http-call.ts';
import { ofMessage } from '../../wire/http-headers.ts';
import { MalformedReply, type ReplyHead } from '../../wire/http-reply.ts';
import { BrokenConnection, LateReply } from '../../wire/http1-connection.ts';
import { acceptOf } from '../../wire/websocket.ts';
import { Withheld } from './body-mask.ts';
import type { BodyMasks } from './body-masking.ts';
import { BodyUrls } from './body-urls.ts';
import { type Injection, type InjectionSource, sentTarget, withCredential, withoutCredential } from './credential.ts';
import { BrokenCoding, Decoding } from './decoding.ts';
import type { Carrier, HttpExchange } from './exchange.ts';
import { FrameReader, letter, readFields } from './framing.ts';
import { codingOf, type Places, replyFields } from './headers.ts';
import { ShownReply } from './masking.ts';
import { bodyKindOf, mediaTypeOf } from './media.ts';
import { Tunnel } from './tunnel.ts';
import type { Upstream } from './upstream.ts';

/** What a call of a target needs of its session. */
export interface CallParts {
  readonly upstream: Pick<Upstream, 'send' | 'upgrade'>;
  readonly places: Places;
  /** Whether the target's URLs are led back in bodies, too. */
  readonly rewriteBodies: boolean;
  /** What masks the reply; null where nothing is masked, or all may be seen. */
  readonly masks: BodyMasks | null;
  readonly injections: InjectionSource;
}

const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** One request at its target, and the reply's way back. */
export class TargetCall implements Carrier, HttpTaker {
  readonly #exchange: HttpExchange;
  readonly #parts: CallParts;
  readonly #frames = new FrameReader((kind, payload) => this.#one(kind, payload));
  #call: HttpCall | null = null;
  /** What came before the request could be begun. */
  #early: Buffer[] = [];
  #sentTrailers: readonly Field[] = [];
  #isWhole = false;
  #abandoned: Error | null = null;
  #reply: ShownReply | null = null;
  #decoding: Decoding | null = null;
  #outcome: Outcome | null = null;
  #trailers: readonly Field[] = [];
  #injection: Injection | null = null;
  #tunnel: Tunnel | null = null;
  #urls: BodyUrls | null = null;

  constructor(exchange: HttpExchange, parts: CallParts) {
    this.#exchange = exchange;
    this.#parts = parts;
  }

  // ---- towards the target -------------------------------------------------------------------------------------------------

  forward(frames: Buffer): void {
    this.#frames.read(frames);
  }

  #one(kind: number, payload: Buffer): void {
    if (kind === letter.request) this.#begin();
    else if (kind === letter.body) this.#piece(payload);
    else if (kind === letter.message) this.#tunnel?.forward(payload);
    else if (kind === letter.trailers) this.#sentTrailers = readFields(payload);
    else if (kind === letter.end) this.#whole();
  }

  #begin(): void {
    const injection = this.#parts.injections.current();
    if (!(injection instanceof Promise)) return this.#send(injection);
    injection.then(
      (fetched) => this.#send(fetched),
      (fault: unknown) => this.#exchange.fail('TARGET_UNREACHABLE', 'Chaperone could not get a token for this target.', fault, false),
    );
  }

  #send(injection: Injection): void {
    if (this.#abandoned !== null) return;
    this.#injection = injection;
    const { method, target, fields } = this.#exchange.head;
    const { field } = injection;
    const sent = field === null ? fields : withCredential(fields, field);
    const path = `${this.#parts.places.target.path}${sentTarget(target, injection)}`;
    const body = this.#exchange.hasBody ? { length: this.#exchange.length } : null;
    const request = { method, path, fields: sent, body };
    const { upstream } = this.#parts;
    try {
      if (this.#exchange.client === null) this.#call = upstream.send(request, this);
      else this.#call = upstream.upgrade(request, this, (status, replied, socket) => this.#upgraded(status, replied, socket));
    } catch (fault) {
      return this.#exchange.fail('TARGET_FAULT', 'The request could not be sent to the target.', fault, false);
    }
    for (const bytes of this.#early.splice(0)) this.#call.write(bytes);
    if (this.#isWhole) this.#whole();
  }

  #piece(bytes: Buffer): void {
    if (this.#call === null) this.#early.push(bytes);
    this.#exchange.targetTakes(this.#call?.write(bytes) ?? false);
  }

  #whole(): void {
    this.#isWhole = true;
    if (!this.#exchange.hasBody || this.#call === null) return;
    const field = this.#injection?.field ?? null;
    this.#call.end(withoutCredential(this.#sentTrailers, field === null ? null : field[0]));
  }

  abandon(reason: Error): void {
    this.#abandoned ??= reason;
    this.#early = [];
    this.#call?.abort(reason);
    this.#decoding?.destroy();
    this.#tunnel?.destroy();
  }

  close(refusal: Refusal): boolean {
    this.#tunnel?.close(1008, `${refusal.code}: ${refusal.message}`);
    return this.#tunnel !== null;
  }

  // ---- from the target ----------------------------------------------------------------------------------------------------

  flow(more: boolean): void {
    if (this.#tunnel !== null) this.#tunnel.flow(more);
    else if (more) (this.#decoding ?? this.#call)?.resume();
    else (this.#decoding ?? this.#call)?.pause();
  }

  drained(): void {
    this.#exchange.targetTakes(true);
  }

  #upgraded(status: number, headers: readonly Field[], socket: Duplex): void {
    const fields = ofMessage(headers);
    const { client } = this.#exchange;
    const key = this.#exchange.head.fields.find(([name]) => name === 'sec-websocket-key')?.[1] ?? '';
    const accept = fields.find(([name]) => name === 'sec-websocket-accept')?.[1];
    const extended = fields.some(([name]) => name === 'sec-websocket-extensions');
    // Only who took the handshake speaks WebSocket from here on (Teleport 6.2.22 believed the status alone).
    if (client === null || this.#injection === null || status !== 101 || accept !== acceptOf(key) || extended) {
      socket.destroy();
      return this.failed(new BrokenConnection('the target’s answer to the handshake is none'));
    }
    const reply = new ShownReply(this.#injection.scrubber, this.#parts.masks, this.#exchange.answer);
    this.#reply = reply;
    reply.open('101 Switching Protocols', replyFields(fields, this.#parts.places, false));
    this.#tunnel = new Tunnel({ exchange: this.#exchange, reply, masks: this.#parts.masks, client, target: socket });
  }

  head({ status, reason, fields: headers }: ReplyHead): void {
    const fields = ofMessage(headers);
    const coding = codingOf(fields);
    if (this.#injection === null) throw new Error('a reply before its request');
    if (status === 401) this.#parts.injections.refused(this.#injection);
    const { scrubber } = this.#injection;
    const opaque = coding === 'unknown' || (coding !== null && status === 206);
    if (opaque && !scrubber.isEmpty) throw new UnreadableCoding('the reply has a content coding that Chaperone cannot read');
    const decoded = opaque ? null : coding;
    const { masks, places } = this.#parts;
    if (opaque && masks !== null) throw new UnreadableCoding('a reply that must be masked has a content coding that Chaperone cannot read');
    this.#reply = new ShownReply(scrubber, masks, this.#exchange.answer);
    const contentType = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
    if (this.#parts.rewriteBodies && !opaque && status !== 206 && bodyKindOf(mediaTypeOf(contentType)) !== 'bytes')
      this.#urls = new BodyUrls(places);
    const shown = replyFields(fields, places, decoded !== null || masks !== null || this.#urls !== null);
    const said = this.#reply.head(status, reason, shown, contentType);
    if (decoded !== null && !bodiless.has(status) && this.#exchange.head.method !== 'HEAD')
      this.#decoding = new Decoding(decoded, {
        piece: (bytes) => {
          this.#shown(bytes);
          this.settled();
        },
        end: () => this.#end(),
        flow: (more) => (more ? this.#call?.resume() : this.#call?.pause()),
        fail: (fault) => this.failed(fault),
      });
    this.#outcome = outcomeOf(status, said);
  }

  piece(bytes: Buffer): void {
    if (this.#decoding !== null) this.#decoding.write(bytes);
    else this.#shown(bytes);
  }

  settled(): void {
    this.#reply?.flush();
  }

  end(trailers: readonly Field[]): void {
    this.#trailers = ofMessage(trailers);
    if (this.#decoding !== null) this.#decoding.end();
    else this.#end();
  }

  #shown(bytes: Buffer): void {
    try {
      this.#reply?.piece(this.#urls?.piece(bytes) ?? bytes);
    } catch (fault) {
      this.failed(fault instanceof Error ? fault : new Error(String(fault)));
    }
  }

  #end(): void {
    try {
      const rest = this.#urls?.end();
      if (rest !== undefined && rest.length > 0) this.#reply?.piece(rest);
      this.#reply?.end(this.#trailers);
    } catch (fault) {
      return this.failed(fault instanceof Error ? fault : new Error(String(fault)));
    }
    this.#exchange.masked(this.#reply?.masked ?? []);
    this.#exchange.end(this.#outcome ?? outcomeOf(502, ''));
  }

  failed(fault: Error): void {
    if (this.#abandoned !== null) return;
    this.abandon(fault);
    const [code, words] = wordsOf(fault);
    if (fault instanceof Withheld) this.#exchange.withhold(fault.message, this.#reply?.begun ?? false);
    else this.#exchange.fail(code, words, fault, this.#reply?.begun ?? false);
  }
}

class UnreadableCoding extends Error {}

/** What faults of Node and of undici mean, by their codes. */
const meanings: { readonly [code: string]: string } = {
  UND_ERR_HEADERS_TIMEOUT: 'The target did not answer in time.',
  UND_ERR_HEADERS_OVERFLOW: 'The target answered with longer headers than Chaperone passes.',
  UND_ERR_SOCKET: 'The target broke the connection, or the protocol.',
  ECONNRESET: 'The target broke the connection.',
};

function wordsOf(fault: Error): readonly ['TARGET_UNREACHABLE' | 'TARGET_FAULT', string] {
  if (fault instanceof ForbiddenAddress)
    return ['TARGET_UNREACHABLE', 'The target is at an address that Chaperone never dials for a client.'];
  if (fault instanceof UnreadableCoding) return ['TARGET_FAULT', 'The target answered with a content coding that Chaperone cannot read.'];
  if (fault instanceof BrokenCoding) return ['TARGET_FAULT', 'The target’s answer is not in the content coding that it names.'];
  if (fault instanceof MalformedReply) return ['TARGET_FAULT', 'The target does not keep to HTTP.'];
  if (fault instanceof BrokenConnection) return ['TARGET_FAULT', 'The target broke the connection, or the protocol.'];
  if (fault instanceof LateReply) return ['TARGET_FAULT', 'The target did not answer in time.'];
  const code = 'code' in fault ? String(fault.code) : '';
  const broken = code.startsWith('HPE_') ? 'The target does not keep to HTTP.' : meanings[code];
  return broken === undefined ? ['TARGET_UNREACHABLE', 'The target could not be reached.'] : ['TARGET_FAULT', broken];
}

/** The same object each time, so that its text is made once. */
const successes = new Map<number, Outcome>();

function outcomeOf(status: number, reason: string): Outcome {
  if (status >= 400) return { status: 'error', rows: null, tag: String(status), error: { code: String(status), message: reason } };
  const known = successes.get(status);
  if (known !== undefined) return known;
  const outcome: Outcome = { status: 'ok', rows: null, tag: String(status), error: null };
  successes.set(status, outcome);
  return outcome;
}
