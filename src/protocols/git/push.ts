import type { Refusal } from '../../core/verdict.ts';
import type { Inspection } from './inspection.ts';
import type { Quarantine } from './mirror.ts';
import type { PushRequest } from './push-request.ts';
import type { Relayed } from './relay.ts';
import type { Spooled } from './spool.ts';

/** A push that has come in whole. */
export interface Push {
  readonly request: PushRequest;
  readonly asked: Relayed;
  readonly spooled: Spooled;
  readonly quarantine: Quarantine;
  /** What it does, or why that cannot be said. */
  readonly found: Inspection | Refusal;
}
