import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { encodeMessage } from '../messages.ts';
import { uint32 } from '../startup.ts';
import { reply } from './fixtures.ts';

/** A target under a test's command: what it answers is the test's affair. */
export interface FakeTarget extends AsyncDisposable {
  readonly port: number;
  readonly sockets: readonly Socket[];
  /** All that was sent to it, connection by connection. */
  received(): string;
}

/** A login that asks for nothing, and the first ReadyForQuery. */
export const friendly = Buffer.concat([
  encodeMessage('R', uint32(0)),
  reply.setting('server_version', '18'),
  encodeMessage('K', uint32(7), uint32(8)),
  reply.ready(),
]);

/** Whether a start-up message is that of a session of the gateway's own, which asks for the catalog. */
function isOwnLine(startup: Buffer): boolean {
  return startup.includes('application_name\0chaperone\0');
}

function tellOfCatalog(socket: Socket, catalog: Buffer | null): void {
  socket.removeAllListeners('data');
  if (catalog === null) socket.end(reply.error('57P01', 'this target tells nobody of its catalog'));
  else {
    socket.write(friendly);
    socket.once('data', () => {
      socket.write(catalog.subarray(0, catalog.length - 7));
      setImmediate(() => socket.end(catalog.subarray(-7)));
    });
    socket.resume();
  }
}

/**
 * Answers the start-up message by `greeting`, and every later write by what `answer` makes of it; `then` does what is to
 * be done to the socket after that. Who asks for its catalog hears `catalog`, in two pieces, or that it tells nobody.
 */
export async function startFakeTarget(
  greeting: Buffer | null | ((startup: Buffer) => Buffer | null),
  answer: (sent: Buffer, socket: Socket) => Buffer | null = () => null,
  catalog: Buffer | null = null,
): Promise<FakeTarget> {
  const sockets: Socket[] = [];
  const received: Buffer[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    let started = false;
    socket.on('data', (chunk: Buffer) => {
      if (!started && isOwnLine(chunk)) {
        sockets.splice(sockets.indexOf(socket), 1);
        tellOfCatalog(socket, catalog);
        return;
      }
      received.push(chunk);
      const says = started ? answer(chunk, socket) : typeof greeting === 'function' ? greeting(chunk) : greeting;
      started = true;
      if (says !== null && socket.writable) socket.write(says);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    received: () => Buffer.concat(received).toString('latin1'),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
