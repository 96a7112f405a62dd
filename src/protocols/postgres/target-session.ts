import type { Duplex } from 'node:stream';
import type { Dial, Target } from '../../core/protocol.ts';
import type { ByteSource } from '../../wire/byte-source.ts';
import { closeGently } from '../../wire/close-gently.ts';
import { Authentication } from './authentication.ts';
import { encodeMessage, parseFields } from './messages.ts';
import { type Answers, unsuitable } from './session-attributes.ts';
import type { Settings } from './settings.ts';
import { newestMinor, parseNegotiation } from './startup.ts';
import { PassedBy, type Place, reach, refusedBy, TargetRefused } from './upstream.ts';

/** Key data by which a running statement is cancelled: 4 bytes of secret in protocol 3.0, up to 256 from 3.2 on. */
export interface CancelKey {
  readonly process: number;
  readonly secret: Buffer;
}

/** The target's own key, and the server that knows it: of several hosts no other does. */
export interface TargetKey extends CancelKey {
  readonly place: Place;
}

export interface Upstream {
  readonly socket: Duplex;
  /** The ParameterStatus and NoticeResponse messages of the start-up, as they came. */
  readonly announced: Buffer;
  readonly key: TargetKey | null;
  /** What was read behind the first ReadyForQuery. */
  readonly rest: Buffer;
}

/** What the gateway says to a target of its own accord, and hears, on record. */
export interface OwnWords {
  /** Resolves with what may be sent, once it is on record. */
  readonly say: (bytes: Buffer) => Promise<Uint8Array>;
  readonly heard: (bytes: Buffer, original?: Buffer) => void;
}

/** What a session at the target needs. */
export interface UpstreamOrder {
  readonly settings: Settings;
  readonly dial: Dial;
  /** Aborts when nobody wants the session any more. */
  readonly signal: AbortSignal;
  /** The start-up message of this minor version. */
  readonly startup: (minor: number) => Buffer;
  readonly words: OwnWords;
  /** Hears of each step that is begun. */
  readonly probed?: Target<Settings>['probed'];
}

const handshakeMessageLimit = 64 * 1024;

export type Attributes = Settings['target']['targetSessionAttrs'];

/** Opens a session at one address, with the credentials that only the gateway holds. Rejects with TargetRefused. */
export async function openUpstream(order: UpstreamOrder, place: Place, wanted: Attributes): Promise<Upstream> {
  const oldest = onlyOldest.get(order.settings)?.has(spell(place)) === true;
  try {
    return await begin(order, place, wanted, oldest ? 0 : newestMinor);
  } catch (fault) {
    if (!(fault instanceof VersionRefused)) throw fault;
    const upstream = await begin(order, place, wanted, 0);
    const known = onlyOldest.get(order.settings) ?? new Set();
    onlyOldest.set(order.settings, known.add(spell(place)));
    return upstream;
  }
}

/**
 * Addresses of connections' targets that refuse protocol 3.2 instead of negotiating, as poolers do and servers from before
 * 2018; they are asked for 3.0 at once the next time.
 */
const onlyOldest = new WeakMap<Settings, Set<string>>();
class VersionRefused extends TargetRefused {}

function spell({ address, port }: Place): string {
  return `${address} ${port}`;
}

async function begin(order: UpstreamOrder, place: Place, wanted: Attributes, minor: number): Promise<Upstream> {
  const { settings, dial, startup, words } = order;
  const signal = AbortSignal.any([order.signal, AbortSignal.timeout(settings.target.connectTimeout)]);
  const { socket, source, endPoint } = await reach(settings, place, dial, signal, order.probed);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    order.probed?.('authenticate');
    socket.write(await words.say(startup(minor)));
    const { announced, key } = await logIn(new Authentication(settings, socket, endPoint), source, minor);
    order.probed?.('answer');
    const answers = new ServerAnswers(socket, source, words, announced);
    const problem = await unsuitable(wanted, answers);
    if (problem !== null) {
      socket.write(await words.say(encodeMessage('X')));
      throw new PassedBy(problem, { next: 'host', soon: false });
    }
    signal.throwIfAborted();
    return { socket, announced: answers.announced, key: key && { ...key, place }, rest: source.release() };
  } catch (fault) {
    source.release();
    if (fault instanceof PassedBy) closeGently(socket);
    else socket.destroy();
    throw refusedBy(fault, signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** What a server has announced, and what it answers when it is asked more. */
class ServerAnswers implements Answers {
  readonly #socket: Duplex;
  readonly #source: ByteSource;
  readonly #words: OwnWords;
  announced: Buffer;

  constructor(socket: Duplex, source: ByteSource, words: OwnWords, announced: Buffer) {
    this.#socket = socket;
    this.#source = source;
    this.#words = words;
    this.announced = announced;
  }

  async ask(query: Buffer): Promise<Buffer | null> {
    this.#socket.write(await this.#words.say(query));
    let row: Buffer | null = null;
    for (let count = 0; count < 1000; count += 1) {
      const { type, body, whole } = await readMessage(this.#source);
      this.#words.heard(whole);
      if (type === 'Z') return row;
      if (type === 'D') row ??= body;
      else if (type === 'S' || type === 'N') this.announced = Buffer.concat([this.announced, whole]);
      else if (type === 'E')
        throw new TargetRefused(`the target does not say what it is: ${parseFields(body).message ?? 'without a reason'}`);
      else if (type !== 'T' && type !== 'C') throw strange(whole);
    }
    throw new TargetRefused('the target’s answer has no end');
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
    else throw strange(whole);
  }
  throw new TargetRefused('the target’s start-up has no end');
}

function strange(whole: Buffer): TargetRefused {
  return new TargetRefused(`the target sent a message of type 0x${whole.toString('hex', 0, 1)} during start-up`);
}

/**
 * `feature_not_supported` and `protocol_violation` in answer to the start-up message may be about its version;
 * `cannot_connect_now` is a server that starts up, shuts down or recovers.
 */
function refusalOf(body: Buffer, newer: boolean): TargetRefused {
  const { code, message = 'without a reason' } = parseFields(body);
  const words = `the target refused the gateway: ${message}`;
  if (code === '57P03') return new PassedBy(words, { next: 'host', soon: true });
  return newer && (code === '0A000' || code === '08P01') ? new VersionRefused(words) : new TargetRefused(words);
}

function readKey(body: Buffer): CancelKey {
  const secret = body.subarray(4);
  if (secret.length < 4 || secret.length > 256) throw new TargetRefused(`the target sent a cancel key of ${secret.length} bytes`);
  return { process: body.readUInt32BE(0), secret: Buffer.from(secret) };
}
