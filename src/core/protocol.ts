import type { OnReadOpts, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { ZodType } from 'zod';
import type { ActionCatalog, FactCatalog } from './action.ts';
import type { Direction, SessionEnd } from './entry.ts';
import type { Mediate } from './exchange.ts';
import type { Json } from './json.ts';
import type { Part } from './part.ts';
import type { ProbeAnswer, ProbeRequest, ProbeStep } from './probe.ts';
import type { Session } from './session.ts';
import type { Credential, Timeouts } from './stages.ts';
import type { Refusal } from './verdict.ts';
import type { WebConversation } from './web.ts';

/** A client that has connected to a protocol's listener, before anything is known of it. */
export interface Client {
  readonly socket: Socket;
  readonly address: string;
  /** What the listener proves itself with; null where it has no certificate. */
  readonly tls: SecureContext | null;
  /** Whether the listener may speak without TLS (`insecureLoopback`, and then only on loopback). */
  readonly plaintext: boolean;
  /**
   * Gives what the client said to the other gateways that share the listener, where it may be for a session of theirs (a
   * cancel), and resolves when they have dealt with it. Absent where there are none, and for what came from one of them.
   */
  readonly passOn?: (bytes: Uint8Array) => Promise<void>;
}

/** Opens a socket to a target; refuses the gateway's own, link-local and metadata addresses. `reading` says how it is read, where not as a stream. */
export type Dial = (host: string, port: number, signal: AbortSignal, reading?: OnReadOpts) => Promise<Socket>;

/** What a session reaches: its connection's settings, credentials included, and the way to get there. */
export interface Target<Settings> {
  readonly settings: Settings;
  readonly dial: Dial;
  /** Where a protocol may keep what it must know of the target: the connection's alone, below the state; made by whoever needs it. */
  readonly folder: string;
  /** A protocol that has no sessions at its target, or no words for their end, keeps to those that it can. */
  readonly timeouts: Timeouts;
  /** Hears what is begun on the way to the target. Absent where nobody asks. */
  readonly probed?: ((step: ProbeStep) => void) | undefined;
}

/** A client that has said whom it claims to be and where it wants to go. Exactly one of `welcome` and `refuse` is called. */
export interface Greeting<Settings> {
  /** As offered, unverified. */
  readonly credential: Credential;
  /** The connection's name as the client gave it. */
  readonly connection: string;
  readonly run: string | null;
  /** Reaches the target and converses until the session is over; every exchange goes through `mediate`. Never rejects. */
  welcome(session: Session, target: Target<Settings>, mediate: Mediate): Promise<SessionEnd>;
  /** Says no in the protocol's own words and closes. */
  refuse(refusal: Refusal): Promise<void>;
  /** Closes the client's side, once the end of the session is on record. */
  close(): void;
}

/** A client of the gateway's own, which goes the way of every other one, asks for the least there is, and leaves. */
export interface Probe<Settings> {
  readonly greeting: Greeting<Settings>;
  /** Never rejects. */
  readonly answered: Promise<ProbeAnswer>;
}

/**
 * Reads one session's recorded bytes, entry by entry in order, into parts. Pure; never throws on what a peer may have sent. The
 * bytes are lent for the call: what is needed later is copied.
 */
export interface Decoder {
  bytes(exchange: number, direction: Direction, bytes: Uint8Array): readonly Part[];
  /** From here on this exchange's content in this direction was not kept: whatever is half read is dropped. */
  withheld(exchange: number, direction: Direction): void;
  /**
   * What it must know of all that it has read in order to go on, as plain data for `decoder`; of exchanges, none but these come again.
   * Null where it cannot say so at this place, which it soon can again; as JSON it has at most a mebibyte. Recordings of a protocol whose decoder has no such thing are read from the beginning.
   */
  save?(open: readonly number[]): Json | null;
}

/** What every wire protocol teaches the gateway, however its clients come in. */
interface ProtocolBase<Settings> {
  /** Its folder's name. */
  readonly name: string;
  /** A connection's `target` and `credentials`: check, type, form and redaction come from this one schema. */
  readonly settings: ZodType<Settings>;
  /**
   * The settings that can be written as `{ document: TEXT }`, a description that the target has of itself, by their places, and what is
   * kept in a document's stead. They say what is at the target, and never where it is. Reading one may take seconds, and is done in a
   * thread of its own. Throws a RangeError that says what is wrong, and where.
   */
  readonly documents?: { readonly [place: string]: (text: string) => Json };
  readonly actions: ActionCatalog;
  readonly facts: FactCatalog;
  /** The Cedar entity types of the objects its actions name. */
  readonly objects: readonly string[];
  /** Wherever a connection may lead, for the check that no target is the gateway itself. */
  addresses(settings: Settings): readonly { readonly host: string; readonly port: number }[];
  /** A fresh one, or one that goes on from what another has saved. Throws on what it cannot have saved. */
  decoder(saved?: Json): Decoder;
}

/** A protocol whose clients come to a socket listener of its own, named after it. */
export interface SocketProtocol<Settings> extends ProtocolBase<Settings> {
  readonly listener: 'socket';
  /** Reads a fresh socket up to its greetings: one a connection for SQL, none for a cancel. */
  accept(client: Client): AsyncIterable<Greeting<Settings>>;
  /** What a connection of this name is tried by. */
  probe(connection: string): Probe<Settings>;
}

/** A protocol on top of HTTP: its clients come to the one web listener, which has read who they are and where they want to go. */
export interface WebProtocol<Settings> extends ProtocolBase<Settings> {
  readonly listener: 'web';
  /** Begins a session's conversation, which many requests on many sockets may belong to; every exchange goes through `mediate`. */
  converse(session: Session, target: Target<Settings>, mediate: Mediate): WebConversation;
  /** What a connection is tried by. */
  probe(settings: Settings): ProbeRequest;
}

/** All that a wire protocol teaches the gateway: what its folder exports as `protocol` in `index.ts`. */
export type Protocol<Settings> = SocketProtocol<Settings> | WebProtocol<Settings>;
