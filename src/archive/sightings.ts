import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionFacts } from '../core/entry.ts';
import type { ExchangeState } from './exchange-state.ts';

/** So many are known in memory, some 10 MB; what is not is asked of the table. */
const mostKnown = 50_000;

/** Remembers when each agent was first seen at each object, as long as that session is kept. */
export class Sightings {
  readonly #add: StatementSync;
  readonly #forget: StatementSync;
  readonly #known = new Set<string>();

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(
      'INSERT OR IGNORE INTO sightings (agent, connection, object, first_at, session_key, ordinal) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#forget = database.prepare('DELETE FROM sightings WHERE session_key = ?');
  }

  /** A stranger is nobody who could be seen again. */
  note(key: number, { principal, connection }: SessionFacts, exchange: ExchangeState): void {
    if (principal === null) return;
    const agent = principal.agent ?? '';
    for (const { name } of exchange.action.objects) {
      const sighting = `${agent}\n${connection}\n${name}`;
      if (this.#known.has(sighting)) continue;
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.add(sighting);
      this.#add.run(agent, connection, name, exchange.startedAt, key, exchange.ordinal);
    }
  }

  forget(key: number): void {
    if (Number(this.#forget.run(key).changes) > 0) this.#known.clear();
  }
}
