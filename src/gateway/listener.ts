import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import type { SocketProtocol } from '../core/protocol.ts';
import { isLoopback } from '../wire/loopback.ts';
import type { Certificate } from './certificate.ts';
import type { SocketListen } from './configuration/listeners.ts';
import { type House, receive } from './reception.ts';
import { joinSiblings, type Siblings } from './siblings.ts';

/** A listener that is open. */
export interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Takes no new clients; those that are there stay. */
  close(): void;
}

/** More clients than this at once are not accepted; each costs memory before it has shown a token. */
const mostClients = 10_000;

/**
 * Opens the socket listener of a protocol. A shared one lets other gateways listen at the same address, and what it gives them
 * comes to theirs by a way without TLS, by which no session is opened. Throws LISTENER_FAILED where the address is taken.
 */
export async function openListener(
  protocol: SocketProtocol<unknown>,
  listen: SocketListen,
  security: { readonly certificate: Certificate | null; readonly insecureLoopback: boolean },
  house: House,
): Promise<Listener> {
  const { certificate } = security;
  const tls = certificate && createSecureContext({ cert: certificate.certPem, key: certificate.keyPem, minVersion: 'TLSv1.2' });
  const plaintext = security.insecureLoopback && isLoopback(listen.host);
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    socket.on('error', () => {});
    void receive({ socket, address: addressOf(socket), tls, plaintext, ...(siblings && { passOn: siblings.passOn }) }, protocol, house);
  });
  server.maxConnections = mostClients;
  const siblings = await siblingsOf(protocol, listen, house);
  try {
    await bind(server, listen, protocol.name);
  } catch (fault) {
    siblings?.close();
    throw fault;
  }
  const { address, port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    siblings?.close();
  };
  return { name: protocol.name, host: address, port, close };
}

function siblingsOf(protocol: SocketProtocol<unknown>, { port, shared }: SocketListen, house: House): Promise<Siblings> | null {
  if (shared === undefined) return null;
  return joinSiblings(shared, `${protocol.name}-${port}`, (socket) => {
    socket.on('error', () => {});
    void receive({ socket, address: 'another gateway', tls: null, plaintext: false }, protocol, house);
  });
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}

function bind(server: Server, listen: SocketListen, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (fault) => {
      const where = `listen.${name} (${listen.host}:${listen.port})`;
      reject(
        new ChaperoneError('LISTENER_FAILED', `${where} cannot be opened: ${messageOf(fault)}. Free the address, or name another.`, {
          cause: fault,
        }),
      );
    });
    server.listen({ port: listen.port, host: listen.host, reusePort: listen.shared !== undefined }, resolve);
  });
}
