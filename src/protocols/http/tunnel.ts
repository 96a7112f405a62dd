import type { Duplex } from 'node:stream';
import { Tally } from '../../core/masking.ts';
import { closeGently } from '../../wire/close-gently.ts';
import { closePayload, encodeFrame, type FramePiece, MalformedFrame, opcode, WebSocketReader } from '../../wire/websocket.ts';
import { Withheld } from './body-mask.ts';
import type { BodyMasks } from './body-masking.ts';
import type { HttpExchange } from './exchange.ts';
import { endFrame, messageFrame, readMessage } from './framing.ts';
import type { ShownReply } from './masking.ts';

interface TunnelParts {
  readonly exchange: HttpExchange;
  readonly reply: ShownReply;
  readonly masks: BodyMasks | null;
  readonly client: { readonly socket: Duplex; readonly head: Buffer };
  readonly target: Duplex;
}

/** How long a message may be that is masked, since it must be known whole. */
const longestMasked = 1024 * 1024;
/** How long the other side may take to close once one has. */
const farewellMs = 5_000;

/** A WebSocket between client and target, piece by piece on record. Ends when either side does. */
export class Tunnel {
  readonly #parts: TunnelParts;
  readonly #tally = new Tally();
  #held: Buffer[] = [];
  #heldBytes = 0;
  #heldKind = 0;
  #over = false;

  constructor(parts: TunnelParts) {
    this.#parts = parts;
    const { client, target } = parts;
    const fromClient = new WebSocketReader(true);
    const fromTarget = new WebSocketReader(false);
    const ask = (bytes: Buffer) =>
      this.#guarded(1002, () => fromClient.read(bytes).forEach((piece) => parts.exchange.ask(messageFrame(piece))));
    const answer = (bytes: Buffer) => this.#guarded(1011, () => fromTarget.read(bytes).forEach((piece) => this.#answer(piece)));
    if (client.head.length > 0) ask(client.head);
    client.socket.on('data', ask);
    target.on('data', answer);
    for (const [socket, leave] of [
      [client.socket, () => this.#clientLeft()],
      [target, () => this.#end()],
    ] as const) {
      socket.once('end', leave);
      socket.once('close', leave);
      socket.on('error', leave);
    }
    client.socket.on('drain', () => target.resume());
    target.on('drain', () => client.socket.resume());
  }

  /** A piece of the client's that is on record. */
  forward(payload: Buffer): void {
    const { client, target } = this.#parts;
    if (target.writable && !target.write(encodeFrame(readMessage(payload), true))) client.socket.pause();
  }

  /** Whether the client takes more now. */
  flow(more: boolean): void {
    if (more) this.#parts.target.resume();
    else this.#parts.target.pause();
  }

  /** The gateway ends it: tells the client why, in the protocol's words. */
  close(code: number, reason: string): void {
    if (this.#over) return;
    this.#parts.reply.say(messageFrame({ opcode: opcode.close, last: true, payload: closePayload(code, reason) }));
    this.#end();
  }

  destroy(): void {
    this.#over = true;
    this.#parts.client.socket.destroy();
    this.#parts.target.destroy();
  }

  #guarded(code: number, work: () => void): void {
    if (this.#over) return;
    try {
      work();
    } catch (fault) {
      if (!(fault instanceof MalformedFrame) && !(fault instanceof Withheld)) throw fault;
      this.close(fault instanceof Withheld ? 1008 : code, fault.message);
    }
  }

  #answer(piece: FramePiece): void {
    const { masks, reply } = this.#parts;
    if (masks === null || piece.opcode > opcode.close) return reply.message(messageFrame(piece));
    if (piece.opcode === opcode.close) return reply.message(messageFrame(this.#farewell(piece, masks)), messageFrame(piece));
    if (piece.opcode !== opcode.continuation) this.#heldKind = piece.opcode;
    if (this.#heldKind !== opcode.text) throw new Withheld('a binary message, which cannot be masked');
    this.#held.push(Buffer.from(piece.payload));
    this.#heldBytes += piece.payload.length;
    if (this.#heldBytes > longestMasked) throw new Withheld('a message that is too long to be masked');
    if (!piece.last) return;
    const said = Buffer.concat(this.#held.splice(0));
    const text = masks.message(said.toString('utf8'), this.#tally);
    this.#heldBytes = 0;
    const frameOf = (payload: Buffer) => messageFrame({ opcode: opcode.text, last: true, payload });
    reply.message(frameOf(Buffer.from(text, 'utf8')), frameOf(said));
  }

  /** Why the target closes, which its frame says in words. */
  #farewell(piece: FramePiece, masks: BodyMasks): FramePiece {
    const { payload } = piece;
    if (payload.length <= 2) return piece;
    const words = payload.toString('utf8', 2);
    const shown = masks.text(words, this.#tally);
    return shown === words ? piece : { ...piece, payload: closePayload(payload.readUInt16BE(0), shown) };
  }

  #clientLeft(): void {
    if (this.#over) return;
    this.#parts.exchange.ask(endFrame);
    const { target } = this.#parts;
    target.end();
    const timer = setTimeout(() => target.destroy(), farewellMs);
    timer.unref();
    target.once('close', () => clearTimeout(timer));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const { exchange, reply, target } = this.#parts;
    reply.end([]);
    exchange.masked([...reply.masked, ...this.#tally.entries()]);
    exchange.end({ status: 'ok', rows: null, tag: '101', error: null });
    closeGently(target);
  }
}
