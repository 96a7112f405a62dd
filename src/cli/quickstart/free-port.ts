import { once } from 'node:events';
import { createServer } from 'node:net';
import { ChaperoneError } from '../../core/errors.ts';

/** A loopback port that was free a moment ago: the wanted one, or any. */
export async function freePort(wanted = 0): Promise<number> {
  const port = await tryPort(wanted);
  return port ?? freePort();
}

/** Says before anything is started that a port the demonstration has to listen on is taken. */
export async function mustBeFree(port: number, option: string): Promise<void> {
  if (port === 0 || (await tryPort(port)) !== null) return;
  const message = `Port ${port} on 127.0.0.1 is taken; end what listens there, or choose another with ${option}.`;
  throw new ChaperoneError('REQUEST_INVALID', message);
}

async function tryPort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return null;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : null;
}
