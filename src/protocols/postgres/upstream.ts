import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { messageOf } from '../../core/errors.ts';
import type { Dial } from '../../core/protocol.ts';
import { ByteSource } from '../../wire/byte-source.ts';
import { serverEndPoint } from './channel-binding.ts';
import type { Settings } from './settings.ts';
import { encodeTlsRequest } from './startup.ts';

/** The target could not be reached, refused the gateway, or broke the protocol before a session was open. */
export class TargetRefused extends Error {}

/** A connection to the target on which nothing of the protocol was said yet. */
export interface TargetLine {
  readonly socket: Duplex;
  readonly source: ByteSource;
  /** What authentication can be bound to (`tls-server-end-point`); null without TLS. */
  readonly endPoint: Buffer | null;
}

/** For TLS, and then for everything up to the first ReadyForQuery. */
const handshakeMs = 15_000;

/** A connection on which nothing was said yet, encrypted where the settings want it; cancels travel by one of their own. */
export async function reach(settings: Settings, dial: Dial, signal: AbortSignal): Promise<TargetLine> {
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
    if (settings.target.tls === 'off') return { socket: raw, source: new ByteSource(raw, handshakeMs), endPoint: null };
    const socket = await encrypt(raw, settings);
    return { socket, source: new ByteSource(socket, handshakeMs), endPoint: serverEndPoint(socket) };
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
