import { randomBytes } from 'node:crypto';
import type { Field } from '../../core/web.ts';

/** Where one large file is moved to or from, as the target has said. Only the gateway knows it. */
export interface LfsAction {
  readonly kind: 'upload' | 'download' | 'verify';
  readonly oid: string;
  readonly size: number;
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly Field[];
  /** Whether the address and the fields are credential enough; otherwise the target wants the gateway's. */
  readonly authenticated: boolean;
}

const mostTickets = 50_000;

/**
 * In place of the addresses that the target gives for large files, with the credentials that stand in them or beside them, a client
 * gets a number. It is good in the session that it was given in.
 */
export class LfsTickets {
  readonly #actions = new Map<string, LfsAction>();

  give(action: LfsAction): string {
    if (this.#actions.size >= mostTickets) this.#actions.delete(this.#actions.keys().next().value ?? '');
    const ticket = randomBytes(16).toString('hex');
    this.#actions.set(ticket, action);
    return ticket;
  }

  take(ticket: string, kind: LfsAction['kind']): LfsAction | null {
    const found = this.#actions.get(ticket);
    return found?.kind === kind ? found : null;
  }
}
