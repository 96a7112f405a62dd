import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { messageOf } from '../../core/errors.ts';
import type { Dial, Target } from '../../core/protocol.ts';
import { ByteSource, SourceEnded } from '../../wire/byte-source.ts';
import { ForbiddenAddress } from '../../wire/dial.ts';
import { authorityOf } from '../../wire/settings.ts';
import { serverEndPoint } from './channel-binding.ts';
import type { Settings } from './settings.ts';
import { encodeTlsRequest } from './startup.ts';

/** The target could not be reached, refused the gateway, or broke the protocol before a session was open. */
export class TargetRefused extends Error {}

/** This address, or this host, has no session to give, and another of the target's may have one. */
export class PassedBy extends TargetRefused {
  readonly next: 'address' | 'host';
  /** Whether the same address may have one soon: nobody listens there yet, or it starts up. */
  readonly soon: boolean;

  constructor(message: string, { next, soon, cause }: { next: 'address' | 'host'; soon: boolean; cause?: unknown }) {
    super(message, { cause });
    this.next = next;
    this.soon = soon;
  }
}

/** One address of one of the target's hosts. A certificate is for the host's name. */
export interface Place {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** A connection to the target on which nothing of the protocol was said yet. */
export interface TargetLine {
  readonly socket: Duplex;
  readonly source: ByteSource;
  /** What authentication can be bound to (`tls-server-end-point`); null without TLS. */
  readonly endPoint: Buffer | null;
}

/**
 * A connection on which nothing was said yet, encrypted where the settings want it; cancels travel by one of their own.
 * `signal` ends it at any time, its own time-out among the reasons.
 */
export async function reach(
  { target }: Settings,
  place: Place,
  dial: Dial,
  signal: AbortSignal,
  probed?: Target<Settings>['probed'],
): Promise<TargetLine> {
  let raw: Socket | null = null;
  const abort = () => raw?.destroy();
  // TLS itself has no patience of its own: a target that falls silent within the handshake would be waited for without end.
  signal.addEventListener('abort', abort, { once: true });
  try {
    raw = await dial(place.address, place.port, signal);
    signal.throwIfAborted();
    if (target.tls === 'off') return { socket: raw, source: new ByteSource(raw, target.connectTimeout), endPoint: null };
    probed?.('encrypt');
    const socket = await encrypt(raw, target, place);
    return { socket, source: new ByteSource(socket, target.connectTimeout), endPoint: serverEndPoint(socket) };
  } catch (fault) {
    raw?.destroy();
    throw refusedBy(fault, signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Codes of what a network does, rather than a server. */
const lost: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
]);

/** What a fault on the way to a session means for the search. A certificate, or an address, that will not do ends it. */
export function refusedBy(fault: unknown, signal: AbortSignal): TargetRefused {
  if (fault instanceof TargetRefused) return fault;
  if (isTimeout(signal.reason)) return new PassedBy('no answer in time', { next: 'address', soon: false, cause: fault });
  const code = fault instanceof Error && 'code' in fault ? fault.code : null;
  const passing = !signal.aborted && !(fault instanceof ForbiddenAddress) && (lost.has(code) || fault instanceof SourceEnded);
  if (passing) return new PassedBy(messageOf(fault), { next: 'address', soon: code === 'ECONNREFUSED', cause: fault });
  return new TargetRefused(messageOf(fault), { cause: fault });
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

async function encrypt(raw: Socket, { tls, connectTimeout }: Settings['target'], { host }: Place): Promise<TLSSocket> {
  const source = new ByteSource(raw, connectTimeout);
  raw.write(encodeTlsRequest());
  const answer = await source.take(1);
  // Whatever stands behind the answer was sent before the encryption (PgBouncer CVE-2021-3935).
  if (source.release().length > 0) throw new TargetRefused('the target sent plaintext behind its answer to the TLS request');
  if (answer.toString('latin1') !== 'S') throw new TargetRefused('the target does not speak TLS');
  const ca = typeof tls === 'object' ? { ca: authorityOf(tls) } : {};
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ socket: raw, host, ALPNProtocols: ['postgresql'], ...servername, ...ca });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new SourceEnded('the target closed the connection during the TLS handshake')));
  });
  socket.on('error', () => {});
  return socket;
}
