import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionFacts } from '../core/entry.ts';

/** Sessions that name no run belong together with no more than so much time between them. */
const idleMs = 15 * 60_000;

/** Finds the run of each new session, and forgets runs of which nothing is left. */
export class RunBook {
  readonly #findRun: StatementSync;
  readonly #addRun: StatementSync;
  readonly #goesOn: StatementSync;
  readonly #endedLately: StatementSync;
  readonly #put: StatementSync;
  readonly #runOf: StatementSync;
  readonly #drop: StatementSync;

  constructor(database: DatabaseSync) {
    const near = 'FROM sessions WHERE issuer = ? AND subject = ? AND agent IS ? AND run IS NULL AND run_key IS NOT NULL';
    this.#findRun = database.prepare('SELECT key FROM runs WHERE id = ?');
    this.#addRun = database.prepare('INSERT INTO runs (id, name, issuer, subject, email, started_at) VALUES (?, ?, ?, ?, ?, ?)');
    this.#goesOn = database.prepare(`SELECT run_key ${near} AND ended_at IS NULL ORDER BY key DESC LIMIT 1`);
    this.#endedLately = database.prepare(`SELECT run_key ${near} AND ended_at >= ? ORDER BY ended_at DESC LIMIT 1`);
    this.#put = database.prepare('UPDATE sessions SET run_key = ? WHERE key = ?');
    this.#runOf = database.prepare('SELECT run_key FROM sessions WHERE key = ?');
    this.#drop = database.prepare('DELETE FROM runs WHERE key = ? AND NOT EXISTS (SELECT 1 FROM sessions WHERE run_key = runs.key)');
  }

  /** To be called once the session has its row. A stranger's session belongs to no run: nobody knows whose it is. */
  assign(key: number, facts: SessionFacts): void {
    if (facts.principal !== null) this.#put.run(this.#runFor(facts, facts.principal), key);
  }

  /** Deletes a session's row by `remove`, and the run that it was the last of. */
  leave(key: number, remove: () => void): void {
    const run = this.#runOf.get(key)?.['run_key'] ?? null;
    remove();
    if (run !== null) this.#drop.run(run);
  }

  #runFor(facts: SessionFacts, principal: NonNullable<SessionFacts['principal']>): number {
    const { run, startedAt } = facts;
    const { issuer, subject, email, agent } = principal;
    const id = run === null ? facts.id : namedRunId(issuer, subject, run);
    const beside = run === null ? this.#unnamedBeside(issuer, subject, agent, startedAt) : undefined;
    const found = beside ?? this.#findRun.get(id)?.['key'];
    if (found !== undefined) return Number(found);
    return Number(this.#addRun.run(id, run, issuer, subject, email, startedAt).lastInsertRowid);
  }

  #unnamedBeside(issuer: string, subject: string, agent: string | null, startedAt: number) {
    const beside = this.#goesOn.get(issuer, subject, agent) ?? this.#endedLately.get(issuer, subject, agent, startedAt - idleMs);
    return beside?.['run_key'] ?? undefined;
  }
}

/** Clients name runs as they like, so a name is one run for one principal alone. */
function namedRunId(issuer: string, subject: string, run: string): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject, run]))
    .digest('hex')
    .slice(0, 32);
}
