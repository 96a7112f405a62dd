import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SessionEnd } from './entry.ts';

/** A header field as it came: its name in lower case, its value. */
export type Field = readonly [name: string, value: string];

/** A request at the web listener for one connection, its credential already taken away. */
export interface Visit {
  readonly method: string;
  /**
   * Nothing but the body, the trailers and the socket's fate are read from it: target and headers stand below, as they were checked.
   * Over HTTP/2 it is Node's Http2ServerRequest, which is made to be used as the other is; so is the response.
   */
  readonly request: IncomingMessage;
  /** For an upgrade, too, it is there to say no with. */
  readonly response: ServerResponse;
  /**
   * Where the client asks for a WebSocket (RFC 6455), and for nothing else: whoever says yes writes the 101 and all that
   * follows to `socket` itself, and leaves `response` alone. `head` is what came behind the request.
   */
  readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | null;
  /** `/<connection>`. */
  readonly prefix: string;
  /** The raw request target behind it: `/` first, query included, exactly as the client sent it. */
  readonly path: string;
  /** How the client reached it: `https://host:port/<connection>`. */
  readonly base: string;
  /**
   * In the client's order, without what is the gateway's or a single hop's alone: see src/wire/http-headers.ts. Neither `host` is
   * among them, nor what frames the body.
   */
  readonly headers: readonly Field[];
  /** Why the client says that it asks (`Chaperone-Reason`), decoded; null where it does not say. Goes to no target. */
  readonly stated: string | null;
  /** Whether a body comes, and how long it says it is; null where its length is not known before its end. */
  readonly body: { readonly length: number | null } | null;
  /** Lets a client that waits for it send its body (Expect: 100-continue). Called once the body is wanted, and without effect otherwise. */
  proceed(): void;
}

/** One session's requests, of which several may be under way at once. */
export interface WebConversation {
  /** Answers one request wholly, by the flow; resolves when it is over; never rejects. */
  answer(visit: Visit): Promise<void>;
  /** Ends what is running (session.signal has said why, or the session was idle); resolves when nothing is. */
  close(): Promise<SessionEnd>;
}
