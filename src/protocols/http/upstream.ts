import type { Socket } from 'node:net';
import { Client, type Dispatcher, Pool } from 'undici';
import type { Target } from '../../core/protocol.ts';
import { encrypt, type TlsTerms, tlsTermsOf } from '../../wire/encrypt.ts';
import type { WebPlace } from '../../wire/settings.ts';
import type { Settings } from './settings.ts';

/** How many connections to its target a session has at most; what comes beyond waits. */
const mostConnections = 64;
const connectMs = 15_000;
const answerMs = 300_000;
const longestToken = 256 * 1024;
const headerLimit = 128 * 1024;

export type Handler = Dispatcher.DispatchHandler;
export type Controller = Dispatcher.DispatchController;
export type Sent = Pick<Dispatcher.DispatchOptions, 'path' | 'method' | 'headers' | 'body' | 'upgrade'>;

/**
 * A session's connections to one place. They are its own: nothing that a target keeps by connection, and nothing that was left on
 * one, can come to somebody else.
 */
export class Upstream {
  readonly #pool: Pool;
  readonly #alone: () => Client;

  constructor(place: WebPlace, { settings, dial, timeouts, probed }: Pick<Target<Settings>, 'settings' | 'dial' | 'timeouts' | 'probed'>) {
    const tls = place.secure ? tlsTermsOf(settings.target.tls, place.host) : null;
    const connect = (versions: readonly string[]) => (_options: object, done: Connected) => {
      const signal = AbortSignal.timeout(connectMs);
      void connectBy(() => reach(place, tls, versions, { dial, probed }, signal), done);
    };
    const options = {
      headersTimeout: timeouts.statement ?? answerMs,
      // An event stream may be silent for as long as it likes; its client leaves, or its session ends.
      bodyTimeout: 0,
      maxHeaderSize: headerLimit,
      pipelining: 1,
    };
    this.#pool = new Pool(place.origin, {
      ...options,
      connections: mostConnections,
      allowH2: place.secure,
      connect: connect(['h2', 'http/1.1']),
    });
    this.#alone = () => new Client(place.origin, { ...options, allowH2: false, connect: connect(['http/1.1']) });
  }

  send(sent: Sent, handler: Handler): void {
    this.#pool.dispatch(sent, handler);
  }

  /** On a connection of its own, by HTTP/1.1, which ends with whatever it becomes. */
  upgrade(sent: Sent, handler: Handler): void {
    const client = this.#alone();
    client.dispatch({ ...sent, upgrade: 'websocket' }, handler);
    // Closes once what was dispatched is over; a socket that was handed over is its own by then.
    client.close().catch(() => {});
  }

  /** Asks an authorization server. Its answer is short, or not taken. */
  async postForm(path: string, form: string, authorization: string): Promise<{ status: number; text: string }> {
    const { statusCode, body } = await this.#pool.request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', authorization },
      body: form,
      headersTimeout: connectMs,
      bodyTimeout: connectMs,
    });
    let text = '';
    for await (const piece of body.setEncoding('utf8')) {
      text += String(piece);
      if (text.length > longestToken) throw new Error('the authorization server answered at too great length');
    }
    return { status: statusCode, text };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

type Connected = (...result: [null, Socket] | [Error, null]) => void;

async function connectBy(reaching: () => Promise<Socket | Error>, done: Connected): Promise<void> {
  const reached = await reaching();
  if (reached instanceof Error) done(reached, null);
  else done(null, reached);
}

/** A connection to the place, or why there is none. */
async function reach(
  { host, port }: WebPlace,
  tls: TlsTerms | null,
  versions: readonly string[],
  { dial, probed }: Pick<Target<Settings>, 'dial' | 'probed'>,
  signal: AbortSignal,
): Promise<Socket | Error> {
  try {
    const socket = await dial(host, port, signal);
    if (tls === null) return socket;
    probed?.('encrypt');
    const secure = await encrypt(socket, tls, versions, signal);
    probed?.('answer');
    return secure;
  } catch (fault) {
    return fault instanceof Error ? fault : new Error(String(fault));
  }
}
