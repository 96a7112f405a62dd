import type { Duplex } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { Dial } from '../../core/protocol.ts';
import type { ByteSource } from '../../wire/byte-source.ts';
import { Authentication } from './authentication.ts';
import { parseFields } from './messages.ts';
import type { Settings } from './settings.ts';
import { newestMinor, parseNegotiation } from './startup.ts';
import { reach, TargetRefused } from './upstream.ts';

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
  const { socket, source, endPoint } = await reach(settings, dial, signal);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    socket.write(await startup(minor));
    const ready = await logIn(new Authentication(settings, socket, endPoint), source, minor);
    return { socket, ...ready, rest: source.release() };
  } catch (fault) {
    source.release();
    socket.destroy();
    throw fault instanceof TargetRefused ? fault : new TargetRefused(messageOf(fault), { cause: fault });
  } finally {
    signal.removeEventListener('abort', abort);
  }
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
  authentication: Authentication,
  source: ByteSource,
  minor: number,
): Promise<{ announced: Buffer; key: CancelKey | null }> {
  const announced: Buffer[] = [];
  let key: CancelKey | null = null;
  for (let count = 0; count < 1000; count += 1) {
    const { type, body, whole } = await readMessage(source);
    if (type === 'R') await authentication.answer(body);
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
