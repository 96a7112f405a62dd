import type { Direction } from '../../src/core/entry.ts';

/** Recorded bytes of one exchange in one direction; 0 is the session's own channel. */
export interface Piece {
  readonly exchange: number;
  readonly direction: Direction;
  readonly bytes: Buffer;
}

/** A stretch of a session as the record has it. */
export interface Fixture {
  readonly name: string;
  readonly pieces: readonly Piece[];
}

/** What became of one request, as the client saw it. */
export type Answer =
  | { readonly kind: 'answered'; readonly text: string }
  /** `text` is all that the client was shown: message, hint and what else there is. `code` is the protocol's own. */
  | { readonly kind: 'refused'; readonly code: string; readonly text: string }
  | { readonly kind: 'lost'; readonly text: string };

/** A real client of the protocol with one open session. */
export interface ConformanceClient {
  /**
   * One request that carries `mark` and is answered by something that carries it too; where the session tells nothing unasked, one
   * whose mark begins with `held` is never answered by the target. Never rejects.
   */
  ask(mark: string): Promise<Answer>;
  /** What it was told beside answers. */
  notices(): readonly string[];
  /** Resolves with what the client was told when its session has ended; only where the session tells unasked. */
  readonly closed: Promise<string>;
  /** Says goodbye. */
  leave(): Promise<void>;
  /** Is gone without a word. */
  vanish(): void;
}

/** A real target that holds no state which one test could leave to the next. */
export interface ConformanceTarget {
  /** Where it listens on loopback. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * What a protocol's folder brings for the conformance suite, exported as `rig` by `testing/conformance-rig.ts`. Clients
 * and targets are real programs or libraries, never the protocol's own code.
 */
export interface ConformanceRig {
  startTarget(): Promise<ConformanceTarget>;
  /** `target` and `credentials` of a connection to this loopback port, as a configuration has them. */
  settings(port: number): unknown;
  /** The credential that only the gateway holds. */
  readonly secret: string;
  /** Opens a session through the gateway's port on loopback; rejects where it is refused. */
  connect(port: number, connection: string, token: string): Promise<ConformanceClient>;
  /** Whether a client may send the next request before the answer to the one before has come. */
  readonly pipelines: boolean;
  /** Whether a client is told of its session's end without asking anything: false where a session is more than a socket. */
  readonly tellsUnasked: boolean;
  /** `many`: a session's requests come and go on several connections; default `one`. */
  readonly connections?: 'one' | 'many';
  /** Whether the protocol has words for telling a client that a person is asked. */
  readonly notices: boolean;
  /** The refusals' own words for Chaperone's codes. */
  readonly codes: { readonly ACCESS_REFUSED: string; readonly INTERNAL: string };
  /** What of one connection's bytes must be on record: all but the handshakes that carry a token or the target's credential. */
  recorded(direction: Direction, bytes: Buffer): Buffer;
  /** Recorded bytes in the form that `recorded` has them in, where the record has a form of its own. */
  kept?(direction: Direction, bytes: Buffer): Buffer;
  /** Stretches of recorded sessions that between them use every message. */
  readonly fixtures: readonly Fixture[];
  /** All that a well-behaved client of a socket listener sends up to and with its token. */
  readonly opening: Buffer;
}
