import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeMessage } from '../../src/protocols/postgres/messages.ts';
import { encodeStartup } from '../../src/protocols/postgres/startup.ts';

const READY = 0x5a;
const headerBytes = 5;

/** Where a wire client goes: straight to a server that asks for no password, or to the gateway with a token. */
export interface Destination {
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A client that keeps the bytes of the replies as they come, however many; reads no more of them than where a message ends. */
export class WireStream implements Disposable {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #header: Buffer = Buffer.alloc(0);
  #skip = 0;
  #ready = 0;
  #wake: () => void = () => {};
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open({ port, user, database, password, parameters = {} }: Destination): Promise<WireStream> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    const stream = new WireStream(socket);
    socket.write(encodeStartup(user, database, new Map(Object.entries(parameters))));
    if (password !== undefined) socket.write(encodeMessage('p', Buffer.from(`${password}\0`)));
    await stream.#until(1);
    return stream;
  }

  /** Sends, and resolves with the very bytes that came back up to the `count`th ReadyForQuery. */
  async ask(messages: readonly Buffer[], count = 1): Promise<Buffer> {
    this.#chunks = [];
    this.#ready = 0;
    this.#socket.write(Buffer.concat(messages));
    await this.#until(count);
    return Buffer.concat(this.#chunks);
  }
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #until(count: number): Promise<void> {
    while (this.#ready < count) {
      if (this.#closed) throw new Error(`closed after: ${Buffer.concat(this.#chunks).toString('latin1', 0, 300)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  #hear(chunk: Buffer): void {
    this.#chunks.push(chunk);
    for (let at = 0; at < chunk.length; ) {
      if (this.#skip > 0) {
        const some = Math.min(this.#skip, chunk.length - at);
        this.#skip -= some;
        at += some;
      } else {
        const some = chunk.subarray(at, at + headerBytes - this.#header.length);
        this.#header = Buffer.concat([this.#header, some]);
        at += some.length;
        if (this.#header.length < headerBytes) break;
        this.#skip = this.#header.readUInt32BE(1) - 4;
        if (this.#header[0] === READY) this.#ready += 1;
        this.#header = Buffer.alloc(0);
      }
    }
    this.#wake();
  }
}
