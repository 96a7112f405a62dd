import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Client, Greeting, Target } from '../../core/protocol.ts';
import type { Mediate } from '../../core/exchange.ts';
import type { SessionEnd } from '../../core/entry.ts';
import type { Session } from '../../core/session.ts';
import type { Credential } from '../../core/stages.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import { ByteSource } from '../../wire/byte-source.ts';
import { presentCancelKey } from './cancel-keys.ts';
import { Conversation } from './conversation.ts';
import { reachTarget } from './welcome.ts';
import { encodeMessage } from './messages.ts';
import type { Settings } from './settings.ts';
import { encodeDoorRefusal } from './sqlstates.ts';
import { encodeNegotiation, parseOpening, runOf, type Startup, startupLimit, uint32 } from './startup.ts';

/** How long a client may take from connecting to its password. */
const handshakeMs = 30_000;
/** Entra tokens with 200 groups are under 16 KiB; 120,000 bytes were tried with psql. */
const tokenLimit = 64 * 1024;
const plaintextRefusal = refuse(
  'TLS_REQUIRED',
  'This gateway is reached over TLS only: a token in plaintext could be read by anyone on the way.',
  'Connect with sslmode=verify-full.',
);

interface Line {
  readonly socket: Duplex;
  readonly source: ByteSource;
  readonly encrypted: boolean;
}

/** Reads a fresh socket up to a greeting: TLS, start-up message, password. A cancel request has none. */
export async function* accept(client: Client): AsyncGenerator<Greeting<Settings>> {
  client.socket.setNoDelay(true);
  client.socket.setKeepAlive(true, 60_000);
  client.socket.on('error', () => {});
  const line = { socket: client.socket, source: new ByteSource(client.socket, handshakeMs), encrypted: false };
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
  let line = first;
  for (let attempts = 0; attempts < 3; attempts += 1) {
    const opening = parseOpening(await readUntyped(line.source));
    switch (opening.kind) {
      case 'tls':
        line = await upgrade(client, line);
        break;
      case 'gss':
        line.socket.write('N');
        break;
      case 'cancel':
        line.source.release();
        presentCancelKey(opening.process, opening.secret);
        line.socket.end();
        return null;
      case 'unacceptable':
        return turnAway(line, refuse('PROTOCOL_REFUSED', opening.message, opening.hint));
      case 'startup':
        if (!line.encrypted && !client.plaintext) return turnAway(line, plaintextRefusal);
        return askPassword(line, opening);
    }
  }
  return turnAway(line, refuse('PROTOCOL_REFUSED', 'The client asked for encryption too often.', 'Use a client that speaks protocol 3.'));
}

async function readUntyped(source: ByteSource): Promise<Buffer> {
  const length = (await source.take(4)).readUInt32BE(0);
  if (length < 8 || length > startupLimit) throw new RangeError(`start-up packet of ${length} bytes`);
  return source.take(length - 4);
}

async function upgrade(client: Client, line: Line): Promise<Line> {
  if (client.tls === null || line.encrypted) {
    line.socket.write('N');
    return line;
  }
  // Bytes that came with the request were not encrypted; taken as if they were, anybody on the way could have put them
  // there (PgBouncer CVE-2021-3935).
  if (line.source.release().length > 0) throw new RangeError('plaintext behind the TLS request');
  client.socket.write('S');
  const socket = new TLSSocket(client.socket, { isServer: true, secureContext: client.tls, ALPNProtocols: ['postgresql'] });
  socket.on('error', () => {});
  return { socket, source: new ByteSource(socket, handshakeMs), encrypted: true };
}

function turnAway(line: Line, refusal: Refusal): null {
  line.source.release();
  line.socket.end(encodeDoorRefusal(refusal));
  return null;
}

async function askPassword(line: Line, startup: Startup): Promise<Greeting<Settings> | null> {
  const negotiation = startup.minor > 0 || startup.unsupportedOptions.length > 0;
  if (negotiation) line.socket.write(encodeNegotiation(startup.unsupportedOptions));
  const cleartextPassword = 3;
  line.socket.write(encodeMessage('R', uint32(cleartextPassword)));
  const header = await line.source.take(5);
  const length = header.readUInt32BE(1);
  if (header.toString('latin1', 0, 1) !== 'p' || length < 5 || length > tokenLimit)
    return turnAway(
      line,
      refuse('TOKEN_MISSING', 'The client sent no password.', 'Send your token as the password (PGPASSWORD or ~/.pgpass).'),
    );
  const body = await line.source.take(length - 4);
  const token = body.toString('utf8', 0, body.length - 1);
  return new PostgresGreeting(line.socket, line.source.release(), startup, token);
}

class PostgresGreeting implements Greeting<Settings> {
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
    const line = { socket: this.#socket, rest: this.#rest };
    const reached = await reachTarget(line, this.#startup.parameters, session, target, mediate);
    if (!(reached instanceof Conversation)) return reached;
    this.#conversation = reached;
    return reached.run();
  }

  refuse(refusal: Refusal): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end(encodeDoorRefusal(refusal), () => resolve());
      this.#socket.resume();
    });
  }

  close(): void {
    this.#conversation?.close();
    this.#socket.end();
    this.#socket.resume();
    // A client that does not close its side is not waited for.
    setTimeout(() => this.#socket.destroy(), 2_000).unref();
  }
}
