import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { DataPlane } from '../../../../test/rig/data-plane.ts';
import { encodeMessage, parseFields } from '../messages.ts';
import { encodeStartup } from '../startup.ts';
import { cutMessages, type WireMessage } from './messages.ts';

/** A client that says exactly what a test wants said, byte for byte. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #wake: (() => void) | null = null;
  #closed = false;
  /** Up to here messages were handed out. */
  #taken = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** Connects, says who it is and reads up to the first ReadyForQuery. */
  static async open(plane: DataPlane, parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map(Object.entries(parameters))));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    await client.until('Z');
    return client;
  }
  static async dial(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** The messages up to and with the `count`th of this type; fails where the connection is closed before. */
  async until(type: string, count = 1): Promise<WireMessage[]> {
    for (;;) {
      const messages = this.#waiting();
      const at = messages.flatMap((message, index) => (message.type === type ? [index] : []))[count - 1];
      if (at !== undefined) {
        const taken = messages.slice(0, at + 1);
        this.#taken += taken.reduce((sum, { whole }) => sum + whole.length, 0);
        return taken;
      }
      if (this.#closed) throw new Error(`closed before ${count} × ${type}: ${describeMessages(messages)}`);
      await this.#more();
    }
  }
  /** Everything up to the close of the connection. */
  async rest(): Promise<WireMessage[]> {
    while (!this.#closed) await this.#more();
    return this.#waiting();
  }
  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #waiting(): WireMessage[] {
    const all = Buffer.concat(this.#received);
    this.#received = [all];
    return cutMessages(all.subarray(this.#taken)).filter(({ whole }) => whole.length === 1 + whole.readUInt32BE(1));
  }
  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Types in order, errors and notices with their SQLSTATE: `1 2 D C Z` or `E:42601 Z`. */
export function describeMessages(messages: readonly WireMessage[]): string {
  const word = ({ type, body }: WireMessage) => (type === 'E' || type === 'N' ? `${type}:${parseFields(body).code}` : type);
  return messages.map(word).join(' ');
}
