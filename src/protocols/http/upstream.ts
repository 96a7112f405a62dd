import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Client } from 'undici';
import type { Target } from '../../core/protocol.ts';
import { encrypt, type TlsTerms, tlsTermsOf } from '../../wire/encrypt.ts';
import { HttpCall, type HttpRequest, type HttpTaker } from '../../wire/http-call.ts';
import { BrokenConnection, type OpenedSocket } from '../../wire/http1-connection.ts';
import { Http1Pool } from '../../wire/http1-pool.ts';
import { Http2Pool } from '../../wire/http2-pool.ts';
import { LentReading } from '../../wire/lent-memory.ts';
import type { WebPlace } from '../../wire/settings.ts';
import type { Settings } from './settings.ts';
import { UpgradeLine, type Upgraded } from './upgrade-line.ts';

/** How many connections to its target a session has at most; what comes beyond waits. */
const mostConnections = 64;
const connectMs = 15_000;
const answerMs = 300_000;
const longestToken = 256 * 1024;
const headerLimit = 128 * 1024;

type UpstreamTarget = Pick<Target<Settings>, 'settings' | 'dial' | 'timeouts' | 'probed'>;

/**
 * A session's connections to one place. They are its own: nothing that a target keeps by connection, and nothing that was left on
 * one, can come to somebody else. HTTP/1.1 goes by connections of our own, HTTP/2 by Node's client, upgrades by undici's.
 */
export class Upstream {
  readonly #place: WebPlace;
  readonly #target: UpstreamTarget;
  readonly #tls: TlsTerms | null;
  readonly #headMs: number;
  readonly #http1: Http1Pool;
  readonly #http2: Http2Pool;
  /** Whether the place has turned out to speak HTTP/2. */
  #speaksHttp2 = false;
  #closed = false;

  constructor(place: WebPlace, target: UpstreamTarget) {
    this.#place = place;
    this.#target = target;
    this.#tls = place.secure ? tlsTermsOf(target.settings.target.tls, place.host) : null;
    this.#headMs = target.timeouts.statement ?? answerMs;
    this.#http1 = new Http1Pool({
      authority: new URL(place.origin).host,
      open: () => this.#open(),
      elsewhere: (call) => this.#http2.carry(call),
      most: mostConnections,
      headMs: this.#headMs,
    });
    this.#http2 = new Http2Pool({ origin: place.origin, open: () => this.#openHttp2(), headMs: this.#headMs });
  }

  send(request: HttpRequest, taker: HttpTaker): HttpCall {
    const call = new HttpCall(request, taker);
    if (this.#speaksHttp2) this.#http2.carry(call);
    else this.#http1.carry(call);
    return call;
  }

  /** On a connection of its own, by HTTP/1.1, which ends with whatever it becomes. */
  upgrade(request: HttpRequest, taker: HttpTaker, upgraded: Upgraded): HttpCall {
    const call = new HttpCall(request, taker);
    const client = new Client(this.#place.origin, {
      headersTimeout: this.#headMs,
      bodyTimeout: 0,
      maxHeaderSize: headerLimit,
      allowH2: false,
      connect: (_options: object, done: Connected) => void connectBy(() => this.#reach(['http/1.1'], null), done),
    });
    const line = new UpgradeLine(call, upgraded);
    client.dispatch(line.options, line);
    // Closes once what was dispatched is over; a socket that was handed over is its own by then.
    client.close().catch(() => {});
    return call;
  }

  /** Asks an authorization server. Its answer is short and comes soon, or is not taken. */
  postForm(path: string, form: string, authorization: string): Promise<{ status: number; text: string }> {
    const body = Buffer.from(form, 'utf8');
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    let status = 0;
    let text = '';
    const request = {
      method: 'POST',
      path,
      fields: [
        ['content-type', 'application/x-www-form-urlencoded'],
        ['accept', 'application/json'],
        ['authorization', authorization],
      ],
      body: { length: body.length },
    } as const;
    const call = this.send(request, {
      head: (head) => (status = head.status),
      piece: (bytes) => {
        text += bytes.toString('utf8');
        if (text.length > longestToken) throw new Error('the authorization server answered at too great length');
      },
      end: () => resolve({ status, text }),
      settled: () => {},
      drained: () => {},
      failed: reject,
    });
    call.write(body);
    call.end([]);
    const late = setTimeout(() => {
      const fault = new Error('the authorization server did not answer in time');
      call.abort(fault);
      reject(fault);
    }, connectMs);
    return promise.finally(() => clearTimeout(late));
  }

  close(): void {
    this.#closed = true;
    this.#http1.destroy();
    this.#http2.destroy();
  }

  /** A connection that speaks HTTP/1.1; null where the place has chosen HTTP/2. */
  async #open(): Promise<OpenedSocket | null> {
    // What comes out of TLS comes in pieces of at most 16 KiB, in memory of their own.
    const reading = this.#tls === null ? new LentReading() : null;
    const socket = await this.#reach(['h2', 'http/1.1'], reading);
    if (this.#closed) socket.destroy();
    if (!(socket instanceof TLSSocket) || socket.alpnProtocol !== 'h2') return { socket, reading };
    this.#speaksHttp2 = true;
    this.#http2.take(socket);
    return null;
  }

  async #openHttp2(): Promise<Socket> {
    const socket = await this.#reach(['h2'], null);
    if (socket instanceof TLSSocket && socket.alpnProtocol === 'h2') return socket;
    socket.destroy();
    this.#speaksHttp2 = false;
    throw new BrokenConnection('the target spoke HTTP/2 before, and does not any more');
  }

  async #reach(versions: readonly string[], reading: LentReading | null): Promise<Socket> {
    const { dial, probed } = this.#target;
    const signal = AbortSignal.timeout(connectMs);
    const socket = await dial(this.#place.host, this.#place.port, signal, reading?.options);
    if (this.#tls === null) return socket;
    probed?.('encrypt');
    const secure = await encrypt(socket, this.#tls, versions, signal);
    probed?.('answer');
    return secure;
  }
}

type Connected = (...result: [null, Socket] | [Error, null]) => void;

async function connectBy(reaching: () => Promise<Socket>, done: Connected): Promise<void> {
  let socket: Socket;
  try {
    socket = await reaching();
  } catch (fault) {
    return done(fault instanceof Error ? fault : new Error(String(fault)), null);
  }
  done(null, socket);
}
