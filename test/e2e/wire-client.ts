import { once } from 'node:events';
import { connect } from 'node:net';

/** What a server's ErrorResponse says (PostgreSQL manual, "Error and Notice Message Fields"). */
export interface WireError {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The whole message as it came. */
  readonly bytes: Buffer;
}

/** Sends a start-up message and, when asked, the password; returns the error that answers either, or null where it is let in. */
export async function knock(port: number, parameters: Readonly<Record<string, string>>, password: string): Promise<WireError | null> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(startup(parameters));
  let received = Buffer.alloc(0);
  let asked = false;
  let ready = false;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const types = messagesOf(received).map(({ type }) => type);
    if (types[0] === 'R' && !asked) {
      asked = true;
      socket.write(message('p', Buffer.from(`${password}\0`)));
    }
    if (!types.includes('Z')) return;
    ready = true;
    socket.end(message('X', Buffer.alloc(0)));
  });
  await once(socket, 'close');
  const error = messagesOf(received).find(({ type }) => type === 'E');
  if (error === undefined && !ready) throw new Error(`the server closed the connection without a word: ${received.toString('latin1')}`);
  return error ? errorOf(error.whole) : null;
}

function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [`${name}\0`, `${value}\0`]);
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), ...pairs.map((text) => Buffer.from(text)), Buffer.alloc(1)]);
  return Buffer.concat([length(body), body]);
}

/** A message with its type and length. */
export function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), length(body), body]);
}

function length(body: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(body.length + 4);
  return bytes;
}

function messagesOf(bytes: Buffer): { type: string; whole: Buffer }[] {
  const messages: { type: string; whole: Buffer }[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push({ type: bytes.toString('latin1', at, at + 1), whole: bytes.subarray(at, end) });
    at = end;
  }
  return messages;
}

function errorOf(bytes: Buffer): WireError {
  const fields = new Map(
    bytes
      .toString('utf8', 5)
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)] as const),
  );
  const field = (letter: string) => fields.get(letter) ?? '';
  return { severity: field('S'), code: field('C'), message: field('M'), hint: field('H'), bytes };
}
