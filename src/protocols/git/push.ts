import type { Refusal } from '../../core/verdict.ts';
import type { Inspection } from './inspection.ts';
import type { Quarantine } from './mirror.ts';
import type { PushRequest } from './push-request.ts';
import type { Relayed } from './relay.ts';

/** What a client has sent, on disk. */
export interface Spooled {
  readonly path: string;
  readonly bytes: number;
  readonly over: boolean;
}

/** A push that has come in whole. */
export interface Push {
  readonly request: PushRequest;
  readonly asked: Relayed;
  readonly spooled: Spooled;
  readonly quarantine: Quarantine;
  /** What it does, or why that cannot be said. */
  readonly found: Inspection | Refusal;
}
