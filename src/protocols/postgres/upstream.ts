import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isIP, type Socket } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { Dial } from '../../core/protocol.ts';
import { ByteSource } from '../../wire/byte-source.ts';
import { cstring, encodeMessage, parseFields } from './messages.ts';
import { ScramClient, scramMechanism } from './scram.ts';
import type { Settings } from './settings.ts';
import { encodeTlsRequest, newestMinor, parseNegotiation, uint32 } from './startup.ts';

/** The target could not be reached, refused the gateway, or broke the protocol before a session was open. */
export class TargetRefused extends Error {}

/** Key data by which a running statement is cancelled: 4 bytes of secret in protocol 3.0, up to 256 from 3.2 on. */
export interface CancelKey {
  readonly process: number;
  readonly secret: Buffer;
}

export interface Upstream {
  readonly socket: Duplex;
  /** The ParameterStatus and NoticeResponse messages of the start-up, as they came. */
  readonly announced: Buffer;
  readonly key: CancelKey | null;
  /** What was read behind the first ReadyForQuery. */
  readonly rest: Buffer;
}

const handshakeMs = 15_000;
const handshakeMessageLimit = 64 * 1024;

/** What a session at the target needs. */
export interface UpstreamOrder {
  readonly settings: Settings;
  readonly dial: Dial;
  readonly signal: AbortSignal;
  /** Puts the start-up message of this minor version on record and resolves with what may be sent. */
  readonly startup: (minor: number) => Promise<Uint8Array>;
}

/** Opens a session at the target with the credentials that only the gateway holds. */
export async function openUpstream(order: UpstreamOrder): Promise<Upstream> {
  const { settings } = order;
  if (onlyOldest.has(settings)) return begin(order, 0);
  try {
    return await begin(order, newestMinor);
  } catch (fault) {
    if (!(fault instanceof VersionRefused)) throw fault;
    const upstream = await begin(order, 0);
    onlyOldest.add(settings);
    return upstream;
  }
}

/**
 * Connections whose targets refuse protocol 3.2 instead of negotiating, as poolers do and servers from before 2018; they
 * are asked for 3.0 at once the next time.
 */
const onlyOldest = new WeakSet<Settings>();
class VersionRefused extends TargetRefused {}

async function begin({ settings, dial, signal, startup }: UpstreamOrder, minor: number): Promise<Upstream> {
  const { socket, source } = await reach(settings, dial, signal);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    socket.write(await startup(minor));
    const ready = await logIn(settings, socket, source, minor);
    return { socket, ...ready, rest: source.release() };
  } catch (fault) {
    source.release();
    socket.destroy();
    throw fault instanceof TargetRefused ? fault : new TargetRefused(messageOf(fault), { cause: fault });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A connection on which nothing was said yet, encrypted where the settings want it; cancels travel by one of their own. */
export async function reach(settings: Settings, dial: Dial, signal: AbortSignal): Promise<{ socket: Duplex; source: ByteSource }> {
  const { host, port } = settings.target;
  let raw: Socket;
  try {
    raw = await dial(host, port, signal);
  } catch (fault) {
    throw new TargetRefused(messageOf(fault), { cause: fault });
  }
  // TLS itself has no patience of its own: a target that falls silent within the handshake would be waited for without end.
  const late = AbortSignal.any([signal, AbortSignal.timeout(handshakeMs)]);
  const abort = () => raw.destroy();
  late.addEventListener('abort', abort, { once: true });
  try {
    late.throwIfAborted();
    const socket = settings.target.tls === 'off' ? raw : await encrypt(raw, settings);
    return { socket, source: new ByteSource(socket, handshakeMs) };
  } catch (fault) {
    raw.destroy();
    throw new TargetRefused(messageOf(fault), { cause: fault });
  } finally {
    late.removeEventListener('abort', abort);
  }
}

async function encrypt(raw: Socket, settings: Settings): Promise<TLSSocket> {
  const source = new ByteSource(raw, handshakeMs);
  raw.write(encodeTlsRequest());
  const answer = await source.take(1);
  // Whatever stands behind the answer was sent before the encryption (PgBouncer CVE-2021-3935).
  if (source.release().length > 0) throw new TargetRefused('the target sent plaintext behind its answer to the TLS request');
  if (answer.toString('latin1') !== 'S') throw new TargetRefused('the target does not speak TLS');
  const { host, tls } = settings.target;
  const ca = typeof tls === 'object' ? { ca: readFileSync(tls.ca) } : {};
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ socket: raw, host, ALPNProtocols: ['postgresql'], ...servername, ...ca });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new TargetRefused('the target closed the connection during the TLS handshake')));
  });
  socket.on('error', () => {});
  return socket;
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
  readonly whole: Buffer;
}

async function readMessage(source: ByteSource): Promise<Message> {
  const header = await source.take(5);
  const length = header.readUInt32BE(1);
  if (length < 4 || length > handshakeMessageLimit) throw new TargetRefused(`the target sent a message of ${length} bytes during start-up`);
  const body = length === 4 ? Buffer.alloc(0) : await source.take(length - 4);
  return { type: header.toString('latin1', 0, 1), body, whole: Buffer.concat([header, body]) };
}

/** Answers the target's authentication and reads on to its first ReadyForQuery. */
async function logIn(
  settings: Settings,
  socket: Duplex,
  source: ByteSource,
  minor: number,
): Promise<{ announced: Buffer; key: CancelKey | null }> {
  const announced: Buffer[] = [];
  let key: CancelKey | null = null;
  let scram: ScramClient | null = null;
  for (let count = 0; count < 1000; count += 1) {
    const { type, body, whole } = await readMessage(source);
    if (type === 'R') scram = await authenticate(settings, socket, body, scram);
    else if (type === 'E') throw refusalOf(body, count === 0 && minor > 0);
    else if (type === 'v' && count === 0) parseNegotiation(body, minor);
    else if (type === 'S' || type === 'N') announced.push(whole);
    else if (type === 'K') key = readKey(body);
    else if (type === 'Z') return { announced: Buffer.concat(announced), key };
    else throw new TargetRefused(`the target sent a message of type 0x${whole.toString('hex', 0, 1)} during start-up`);
  }
  throw new TargetRefused('the target’s start-up has no end');
}

/** `feature_not_supported` and `protocol_violation` in answer to the start-up message may be about its version. */
function refusalOf(body: Buffer, newer: boolean): TargetRefused {
  const { code, message = 'without a reason' } = parseFields(body);
  const words = `the target refused the gateway: ${message}`;
  return newer && (code === '0A000' || code === '08P01') ? new VersionRefused(words) : new TargetRefused(words);
}

function readKey(body: Buffer): CancelKey {
  const secret = body.subarray(4);
  if (secret.length < 4 || secret.length > 256) throw new TargetRefused(`the target sent a cancel key of ${secret.length} bytes`);
  return { process: body.readUInt32BE(0), secret: Buffer.from(secret) };
}

/** The methods of AuthenticationXXX (chapter 54.7) that are answered, by code. */
async function authenticate(settings: Settings, socket: Duplex, body: Buffer, scram: ScramClient | null): Promise<ScramClient | null> {
  const code = body.readUInt32BE(0);
  if (code === 0) {
    if (scram && !scram.verified) throw new TargetRefused('the target broke off SCRAM before it had proved that it knows the password');
    return scram;
  }
  if (code === 11 && scram) {
    socket.write(password(await scram.final(body.toString('utf8', 4)), ''));
    return scram;
  }
  if (code === 12 && scram) {
    scram.verify(body.toString('utf8', 4));
    return scram;
  }
  if (code !== 3 && code !== 5 && code !== 10)
    throw new TargetRefused(`the target asks for authentication method ${code}, which the gateway does not speak`);
  const secret = settings.credentials.password?.reveal();
  if (secret === undefined) throw new TargetRefused('the target asks for a password and the connection has none');
  if (code === 3) socket.write(password(secret));
  else if (code === 5) socket.write(password(md5(settings.credentials.user, secret, body.subarray(4, 8))));
  else return beginScram(socket, body, secret);
  return scram;
}

function beginScram(socket: Duplex, body: Buffer, secret: string): ScramClient {
  const mechanisms = body.toString('utf8', 4).split('\0');
  if (!mechanisms.includes(scramMechanism)) throw new TargetRefused(`the target offers no ${scramMechanism}`);
  const scram = new ScramClient(secret);
  const first = Buffer.from(scram.first(), 'utf8');
  socket.write(encodeMessage('p', cstring(scramMechanism), uint32(first.length), first));
  return scram;
}

function password(text: string, end = '\0'): Buffer {
  return encodeMessage('p', Buffer.from(text + end, 'utf8'));
}

function md5(user: string, secret: string, salt: Buffer): string {
  const hash = (...parts: readonly (string | Buffer)[]) => parts.reduce((sum, part) => sum.update(part), createHash('md5')).digest('hex');
  return `md5${hash(hash(secret, user), salt)}`;
}
