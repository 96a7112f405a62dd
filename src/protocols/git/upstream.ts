import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, type buildConnector } from 'undici';
import type { Target } from '../../core/protocol.ts';
import type { Field } from '../../core/web.ts';
import { encrypt, tlsTermsOf } from '../../wire/encrypt.ts';
import type { Settings } from './settings.ts';

/** The target could not be asked, or answered what it may not. */
export class TargetFailed extends Error {
  override readonly name = 'TargetFailed';
}

export interface UpstreamRequest {
  readonly method: string;
  /** Behind the repository's own path. */
  readonly path: string;
  readonly headers: readonly Field[];
  readonly body: Buffer | Readable | null;
  readonly signal: AbortSignal;
}

export interface FollowRequest extends UpstreamRequest {
  readonly origin: string;
  /** Whether the target wants to know there, too, who asks. */
  readonly credential: boolean;
}

export interface UpstreamReply {
  readonly status: number;
  readonly headers: readonly Field[];
  readonly body: Readable;
}

/** A hook of the target's may think for long about a push before it answers. */
const patienceMs = 15 * 60_000;
/** For the address and TLS together: a target that says nothing in between is given up. */
const connectMs = 60_000;
const connections = 64;
const largestHead = 64 * 1024;

type Connector = buildConnector.connector;

/** The way to the repository: every byte that the gateway sends to the target goes through here. */
export class Upstream {
  readonly #target: Target<Settings>;
  readonly #agent: Agent;
  readonly #closing = new AbortController();

  constructor(target: Target<Settings>) {
    this.#target = target;
    const connect: Connector = (options, callback) => void this.#connect(options, callback);
    this.#agent = new Agent({
      connect,
      connections,
      headersTimeout: patienceMs,
      bodyTimeout: patienceMs,
      maxHeaderSize: largestHead,
      pipelining: 1,
    });
  }

  /** Asks the repository, with the gateway's credentials. */
  request({ path, headers, ...rest }: UpstreamRequest): Promise<UpstreamReply> {
    const { settings } = this.#target;
    const { origin, path: repository } = settings.target.url;
    return this.#send(origin, { ...rest, path: `${repository}${path}`, headers: [...headers, ...credentialOf(settings)] });
  }

  /** Asks an address that the target named for a large file; the gateway's credentials go to the target's own host alone. */
  follow({ origin, path, headers, credential, ...rest }: FollowRequest): Promise<UpstreamReply> {
    const { settings } = this.#target;
    const own = credential && origin === settings.target.url.origin ? credentialOf(settings) : [];
    return this.#send(origin, { ...rest, path, headers: [...headers, ...own] });
  }

  close(): void {
    this.#closing.abort();
    void this.#agent.destroy();
  }

  async #send(origin: string, { method, path, headers, body, signal }: UpstreamRequest): Promise<UpstreamReply> {
    try {
      const reply = await this.#agent.request({
        origin,
        path,
        method,
        headers: headers.flat(),
        body,
        signal,
      });
      // A body that is given up says so by an error; whoever reads it hears of it there, and nobody else has to.
      reply.body.on('error', () => {});
      return { status: reply.statusCode, headers: flatten(reply.headers), body: reply.body };
    } catch (fault) {
      throw new TargetFailed(fault instanceof Error ? fault.message : String(fault), { cause: fault });
    }
  }

  async #connect(...[options, callback]: Parameters<Connector>): Promise<void> {
    const secure = options.protocol === 'https:';
    const host = options.hostname.replace(/^\[|\]$/g, '');
    try {
      // undici names the port only where it is not the scheme's own.
      const socket = await this.#reach(host, Number(options.port) || (secure ? 443 : 80), secure);
      callback(null, socket);
    } catch (fault) {
      callback(fault instanceof Error ? fault : new Error(String(fault)), null);
    }
  }

  async #reach(host: string, port: number, secure: boolean): Promise<Socket> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(connectMs)]);
    const socket = await this.#target.dial(host, port, signal);
    if (!secure) return socket;
    this.#target.probed?.('encrypt');
    const encrypted = await encrypt(socket, tlsTermsOf(this.#target.settings.target.tls, host), ['http/1.1'], signal);
    this.#target.probed?.('answer');
    return encrypted;
  }
}

function credentialOf({ credentials }: Settings): Field[] {
  if (credentials === undefined) return [];
  const pair = `${credentials.user}:${credentials.password.reveal()}`;
  return [['authorization', `Basic ${Buffer.from(pair).toString('base64')}`]];
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Field[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return values.map((each): Field => [name.toLowerCase(), each]);
  });
}
