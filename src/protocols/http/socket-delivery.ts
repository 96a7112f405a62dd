import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeGently } from '../../wire/close-gently.ts';
import { encodeFrame } from '../../wire/websocket.ts';
import { Delivery } from './delivery.ts';
import { endFrame, FrameReader, frameOf, letter, readHead, readMessage } from './framing.ts';

/** Writes what is cleared to a client that asked for a WebSocket: the 101 and its messages, or any other reply as it is. */
export class SocketDelivery {
  readonly #response: ServerResponse;
  readonly #socket: Duplex;
  readonly #plain: Delivery;
  readonly #frames = new FrameReader((kind, payload) => this.#one(kind, payload));
  #switched = false;
  #ended = false;
  #takes = true;

  constructor(response: ServerResponse, socket: Duplex) {
    socket.on('drain', () => this.drained());
    this.#response = response;
    this.#socket = socket;
    this.#plain = new Delivery(response, true);
  }

  get begun(): boolean {
    return this.#switched || this.#plain.begun;
  }
  get ended(): boolean {
    return this.#ended || this.#plain.ended;
  }

  drained(): void {
    this.#takes = true;
    this.#plain.drained();
  }

  deliver(bytes: Buffer): boolean {
    this.#frames.read(bytes);
    return this.#takes;
  }

  #one(kind: number, payload: Buffer): void {
    if (this.#switched) this.#message(kind, payload);
    else if (kind === letter.reply && payload.toString('latin1', 0, 4) === '101 ') this.#switch(payload);
    else this.#takes = this.#plain.deliver(kind === letter.end ? endFrame : frameOf(kind as typeof letter.body, payload));
  }

  #switch(payload: Buffer): void {
    const { line, fields } = readHead(payload);
    this.#switched = true;
    // From here on the socket's end is the WebSocket's affair.
    this.#response.detachSocket(this.#socket as Socket);
    const lines = [`HTTP/1.1 ${line}`, 'Upgrade: websocket', 'Connection: Upgrade', ...fields.map(([name, value]) => `${name}: ${value}`)];
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  }

  #message(kind: number, payload: Buffer): void {
    if (this.#ended) return;
    if (kind === letter.message && this.#socket.writable) this.#takes = this.#socket.write(encodeFrame(readMessage(payload), false));
    if (kind !== letter.end) return;
    this.#ended = true;
    closeGently(this.#socket);
  }
}
