import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The bytes of one connection through a tap, in the order they came. */
export interface TappedLine {
  readonly request: Buffer;
  readonly reply: Buffer;
}

/** A TCP proxy that keeps every byte of both directions. */
export interface Tap extends AsyncDisposable {
  readonly port: number;
  /** Connections in the order they came. */
  lines(): readonly TappedLine[];
  /** Cuts all connections that are open, as a network does. */
  cut(): void;
  close(): Promise<void>;
}

/** Listens on a free loopback port and connects to `port` on loopback. */
export async function startTap(port: number): Promise<Tap> {
  const kept: { request: Buffer[]; reply: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const line = { request: [] as Buffer[], reply: [] as Buffer[] };
    kept.push(line);
    const far = connect({ host: '127.0.0.1', port, noDelay: true });
    near.setNoDelay(true);
    join(near, far, line.request);
    join(far, near, line.reply);
  });
  function join(from: Socket, to: Socket, keep: Buffer[]): void {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      keep.push(chunk);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      if (!to.destroyed && !to.writableEnded) to.end();
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    cut();
    if (server.listening) await new Promise((closed) => server.close(closed));
  };
  return {
    port: (server.address() as AddressInfo).port,
    lines: () => kept.map(({ request, reply }) => ({ request: Buffer.concat(request), reply: Buffer.concat(reply) })),
    cut,
    close,
    [Symbol.asyncDispose]: close,
  };
}
