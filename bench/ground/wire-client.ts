import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as startTls } from 'node:tls';

/** A PostgreSQL client that knows as little as it can, so that what it costs itself does not show. */
export interface WireClient extends Disposable {
  readonly socket: Socket;
  /** Sends a simple query and resolves with the tag of its CommandComplete once the answer has ended; rows are thrown away. */
  query(text: string, onData?: (bytes: number) => void): Promise<string>;
}

export interface Way {
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Sent when a password is asked for in plain text. */
  readonly password: string;
  readonly tls?: boolean;
}

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const terminate = Buffer.from([0x58, 0, 0, 0, 4]);
const idle = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const tailBytes = 128;

/** Resolves at the first ReadyForQuery; rejects with the server's words. */
export async function connectWire(way: Way, signal: AbortSignal): Promise<WireClient> {
  const plain = connect({ host: '127.0.0.1', port: way.port, noDelay: true });
  plain.on('error', () => {});
  const abort = () => void plain.destroy();
  signal.addEventListener('abort', abort, { once: true });
  plain.once('close', () => signal.removeEventListener('abort', abort));
  try {
    await once(plain, 'connect');
    const socket = way.tls ? await secured(plain) : plain;
    socket.write(startup({ user: way.user, database: way.database, application_name: 'bench' }));
    await answered(socket, way.password);
    return clientOf(socket);
  } catch (fault) {
    plain.destroy();
    throw fault;
  }
}

async function secured(plain: Socket): Promise<Socket> {
  plain.write(sslRequest);
  const [answer] = (await once(plain, 'data')) as [Buffer];
  if (answer.toString('latin1') !== 'S') throw new Error('the listener offers no TLS');
  // The gateway's certificate is one it made itself at its start.
  const socket = startTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}

function clientOf(socket: Socket): WireClient {
  return {
    socket,
    query: (text, onData = () => {}) => {
      const answer = untilIdle(socket, onData);
      socket.write(message('Q', Buffer.from(`${text}\0`)));
      return answer;
    },
    [Symbol.dispose]: () => {
      socket.end(terminate);
      socket.resume();
    },
  };
}

/** Looks at the last bytes of each read alone: an answer ends with CommandComplete and ReadyForQuery. */
function untilIdle(socket: Socket, onData: (bytes: number) => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let tail: Buffer = Buffer.alloc(0);
  const closed = () => reject(new Error('the server closed the connection within an answer'));
  const read = (chunk: Buffer) => {
    onData(chunk.length);
    tail = chunk.length >= tailBytes ? chunk.subarray(-tailBytes) : Buffer.concat([tail, chunk]).subarray(-tailBytes);
    if (!tail.subarray(-idle.length).equals(idle)) return;
    socket.off('data', read);
    socket.off('close', closed);
    const tag = /C\0\0\0.([A-Z][A-Z0-9 ]+)\0$/s.exec(tail.toString('latin1', 0, tail.length - idle.length))?.[1];
    if (tag === undefined) reject(new Error(`the answer was no success: ${tail.toString('latin1')}`));
    else resolve(tag);
  };
  socket.on('data', read);
  socket.once('close', closed);
  return promise;
}

/** Answers a request for the password, and waits for ReadyForQuery. */
function answered(socket: Socket, password: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = Buffer.alloc(0);
  const closed = () => reject(new Error('the server closed the connection before it was ready'));
  const read = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 5 && received.length > received.readUInt32BE(1)) {
      const end = 1 + received.readUInt32BE(1);
      const [type, body] = [String.fromCharCode(received[0] ?? 0), received.subarray(5, end)];
      received = received.subarray(end);
      if (type === 'R' && body.readUInt32BE(0) === 3) socket.write(message('p', Buffer.from(`${password}\0`)));
      if (type === 'E') reject(new Error(body.toString('utf8').replaceAll('\0', ' ').trim()));
      if (type === 'Z') resolve();
    }
  };
  socket.on('data', read);
  socket.once('close', closed);
  return promise.finally(() => {
    socket.off('data', read);
    socket.off('close', closed);
  });
}

function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).map(([name, value]) => Buffer.from(`${name}\0${value}\0`));
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), ...pairs, Buffer.alloc(1)]);
  return Buffer.concat([length(body), body]);
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), length(body), body]);
}

function length(body: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(body.length + 4);
  return bytes;
}
