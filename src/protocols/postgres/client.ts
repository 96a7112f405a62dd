import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Client, Greeting, Target } from '../../core/protocol.ts';
import type { Mediate } from '../../core/exchange.ts';
import type { SessionEnd } from '../../core/entry.ts';
import { messageOf } from '../../core/errors.ts';
import type { Session } from '../../core/session.ts';
import type { Credential } from '../../core/stages.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import { ByteSource } from '../../wire/byte-source.ts';
import { closeGently } from '../../wire/close-gently.ts';
import { encodeBearerChallenge, encodeBearerOffer, parseBearer } from './bearer.ts';
import { presentCancelKey } from './cancel-keys.ts';
import { Conversation } from './conversation.ts';
import { reachTarget } from './welcome.ts';
import { encodeMessage } from './messages.ts';
import type { Settings } from './settings.ts';
import { encodeDoorRefusal } from './sqlstates.ts';
import { encodeCancel, encodeNegotiation, needsNegotiation, parseOpening, runOf, type Startup, startupLimit, uint32 } from './startup.ts';

/** How long a client may take from connecting to its password. */
const handshakeMs = 30_000;
/** Entra tokens with 200 groups are under 16 KiB; 120,000 bytes were tried with psql. */
const tokenLimit = 64 * 1024;
const plaintextRefusal = refuse(
  'TLS_REQUIRED',
  'This gateway is reached over TLS only: a token in plaintext could be read by anyone on the way.',
  'Connect with sslmode=verify-full.',
);

/** The first byte of a TLS handshake (RFC 8446 section 5.1): no start-up packet begins with it, for it would be 352 MiB long. */
const tlsHandshake = 0x16;
const alpnName = 'postgresql';

/** Without ALPN a browser, say, could be made to talk to this port as if it were its own server's (ALPACA, 2021). */
const withoutAlpn = refuse(
  'PROTOCOL_REFUSED',
  'TLS began at once and the client did not name the protocol "postgresql" by ALPN.',
  'Use a client that does (libpq 17 with sslnegotiation=direct), or one that asks for TLS first.',
);

const withoutToken = refuse('TOKEN_MISSING', 'The client sent no token.', 'Send your token as the password (PGPASSWORD or ~/.pgpass).');
/** What a client can mend by another token (RFC 7628 section 3.2.2). */
const aboutTokens: ReadonlySet<string> = new Set(['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED']);
/** How long a client may take to acknowledge that its token is refused. */
const challengeMs = 5_000;

interface Line {
  readonly socket: Duplex;
  readonly source: ByteSource;
  /** Null on a plain line; else the name that ALPN settled on, or false where the client asked for none. */
  readonly tls: { readonly alpn: () => string | false | null } | null;
}

/** Reads a fresh socket up to a greeting: TLS, start-up message, password. A cancel request has none. */
export async function* accept(client: Client): AsyncGenerator<Greeting<Settings>> {
  client.socket.setNoDelay(true);
  client.socket.setKeepAlive(true, 60_000);
  client.socket.on('error', () => {});
  const line = { socket: client.socket, source: new ByteSource(client.socket, handshakeMs), tls: null };
  try {
    const greeting = await greet(client, line);
    if (greeting) yield greeting;
  } catch {
    // Whoever leaves or breaks the protocol before naming anybody has no session to put on record.
    line.source.release();
    client.socket.destroy();
  }
}

async function greet(client: Client, first: Line): Promise<Greeting<Settings> | null> {
  let head = await first.source.take(4);
  let line = first;
  if (head[0] === tlsHandshake) {
    if (client.tls === null) throw new RangeError('TLS where there is no certificate');
    line = wrap(client, client.tls, Buffer.concat([head, first.source.release()]));
    head = await line.source.take(4);
    if (line.tls?.alpn() !== alpnName) return turnAway(line, withoutAlpn);
  }
  for (let attempts = 0; attempts < 3; attempts += 1) {
    if (attempts > 0) head = await line.source.take(4);
    const opening = parseOpening(await readUntyped(head, line.source));
    switch (opening.kind) {
      case 'tls':
        line = upgrade(client, line);
        break;
      case 'gss':
        line.socket.write('N');
        break;
      case 'cancel':
        line.source.release();
        // A client waits until it is closed to be sure that its cancel has been dealt with, whoever has the session.
        if (!presentCancelKey(opening.process, opening.secret)) await client.passOn?.(encodeCancel(opening.process, opening.secret));
        line.socket.end();
        return null;
      case 'unacceptable':
        return turnAway(line, refuse('PROTOCOL_REFUSED', opening.message, opening.hint));
      case 'startup':
        if (line.tls === null && !client.plaintext) return turnAway(line, plaintextRefusal);
        return askToken(line, opening);
    }
  }
  return turnAway(line, refuse('PROTOCOL_REFUSED', 'The client asked for encryption too often.', 'Use a client that speaks protocol 3.'));
}

async function readUntyped(head: Buffer, source: ByteSource): Promise<Buffer> {
  const length = head.readUInt32BE(0);
  if (length < 8 || length > startupLimit) throw new RangeError(`start-up packet of ${length} bytes`);
  return source.take(length - 4);
}

function upgrade(client: Client, line: Line): Line {
  if (client.tls === null || line.tls !== null) {
    line.socket.write('N');
    return line;
  }
  // Bytes that came with the request were not encrypted; taken as if they were, anybody on the way could have put them
  // there (PgBouncer CVE-2021-3935).
  if (line.source.release().length > 0) throw new RangeError('plaintext behind the TLS request');
  client.socket.write('S');
  return wrap(client, client.tls, null);
}

/** Begins TLS; `hello` is what was read of it already. */
function wrap(client: Client, secureContext: SecureContext, hello: Buffer | null): Line {
  if (hello !== null) client.socket.unshift(hello);
  const socket = new TLSSocket(client.socket, { isServer: true, secureContext, ALPNProtocols: [alpnName] });
  socket.on('error', () => {});
  return { socket, source: new ByteSource(socket, handshakeMs), tls: { alpn: () => socket.alpnProtocol } };
}

function turnAway(line: Line, refusal: Refusal): null {
  line.source.release();
  line.socket.end(encodeDoorRefusal(refusal));
  return null;
}

async function askToken(line: Line, startup: Startup): Promise<Greeting<Settings> | null> {
  if (needsNegotiation(startup)) line.socket.write(encodeNegotiation(startup));
  const cleartextPassword = 3;
  line.socket.write(startup.bearer ? encodeBearerOffer() : encodeMessage('R', uint32(cleartextPassword)));
  const header = await line.source.take(5);
  const length = header.readUInt32BE(1);
  if (header.toString('latin1', 0, 1) !== 'p' || length < 5 || length > tokenLimit) return turnAway(line, withoutToken);
  const body = await line.source.take(length - 4);
  let token: string;
  try {
    token = startup.bearer ? parseBearer(body) : body.toString('utf8', 0, body.length - 1);
  } catch (fault) {
    return turnAway(line, refuse('TOKEN_MISSING', `No token could be read: ${messageOf(fault)}.`, withoutToken.hint));
  }
  return new PostgresGreeting(line.socket, line.source.release(), startup, token);
}

/** A client that has said its token and where it wants to go. */
export class PostgresGreeting implements Greeting<Settings> {
  readonly credential: Credential;
  readonly connection: string;
  readonly run: string | null;
  readonly #socket: Duplex;
  readonly #rest: Buffer;
  readonly #startup: Startup;
  #conversation: Conversation | null = null;

  constructor(socket: Duplex, rest: Buffer, startup: Startup, token: string) {
    this.#socket = socket;
    this.#rest = rest;
    this.#startup = startup;
    this.credential = token === '' ? { kind: 'none' } : { kind: 'token', token };
    this.connection = startup.database.slice(0, 63);
    this.run = runOf(startup.parameters);
  }

  async welcome(session: Session, target: Target<Settings>, mediate: Mediate): Promise<SessionEnd> {
    const { minor, parameters } = this.#startup;
    const line = { socket: this.#socket, rest: this.#rest, minor, searchPath: parameters.get('search_path') ?? null };
    const reached = await reachTarget(line, parameters, session, target, mediate);
    if (!(reached instanceof Conversation)) return reached;
    this.#conversation = reached;
    return reached.run();
  }

  async refuse(refusal: Refusal): Promise<void> {
    if (this.#startup.bearer && aboutTokens.has(refusal.code)) await this.#challenge();
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end(encodeDoorRefusal(refusal), () => resolve());
      this.#socket.resume();
    });
  }

  async #challenge(): Promise<void> {
    this.#socket.write(encodeBearerChallenge());
    const source = new ByteSource(this.#socket, challengeMs);
    // Whether it says the one octet or leaves: it is refused.
    await source.take(1).catch(() => null);
    source.release();
  }

  close(): void {
    this.#conversation?.close();
    closeGently(this.#socket);
  }
}
