import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry } from '../core/entry.ts';
import type { Anomaly } from './anomalies.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Counted, ExchangeState } from './exchange-state.ts';
import { ExchangeIds } from './exchange-order.ts';
import type { Row } from './rows.ts';
import { RunBook } from './run-book.ts';
import { openToWrite } from './schema.ts';
import type { SessionStream } from './session-stream.ts';
import { Sightings } from './sightings.ts';
import { Tallies } from './tallies.ts';
import { type Changed, TextIndex } from './text-index.ts';

/** Up to where in the journal an archive has come: a segment's number and a byte in it. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** What the catalog knows of a session that a stream must go on from. */
export interface KnownSession {
  readonly key: number;
  readonly lastSequence: number;
}

const sessionColumns = `id, connection, protocol, issuer, subject, email, agent, principal, run, client_address, started_at, ended_at,
  last_at, status, reason, verdict, code, detail, policies, policy_version, exchanges, refused, bytes_to_target, bytes_to_client,
  recording, retention_days, last_sequence, decided, approved, denied, expired, failed, masked, rows`.split(/,\s*/);
const exchangeColumns = `id, session_key, ordinal, started_at, duration_ms, action, effect, objects, verdict, reason, policies,
  approval, rows, bytes, withheld, masked, status, tag, error, cut, parameters, text, found, home, covers`.split(/,\s*/);
const exchangeValues = `INTO exchanges (${exchangeColumns.join()}) VALUES (${exchangeColumns.map(() => '?').join()})`;

/** Writes the catalog. One writer at a time; every row is written so that writing it again changes nothing. */
export class CatalogStore {
  readonly database: DatabaseSync;
  readonly texts: TextIndex;
  readonly #statements: Statements;
  readonly #indexing: boolean;
  readonly #ids: ExchangeIds;
  readonly #runs: RunBook;
  readonly #sightings: Sightings;
  readonly #tallies: Tallies;

  /** With `indexing` off nothing goes to the full-text index. */
  constructor(path: string, indexing = true) {
    this.database = openToWrite(path);
    this.#indexing = indexing;
    this.#statements = prepareStatements(this.database);
    this.texts = new TextIndex(this.database);
    this.#runs = new RunBook(this.database);
    this.#sightings = new Sightings(this.database);
    this.#tallies = new Tallies(this.database);
    this.#ids = new ExchangeIds((lowest, highest) => {
      const id = this.#statements.highestExchange.get(lowest, highest)?.['id'] ?? null;
      return id === null ? null : Number(id);
    });
  }

  /** Runs `work` in one transaction. */
  transact(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (fault) {
      this.database.exec('ROLLBACK');
      throw fault;
    }
  }

  /** Stores how far the journal is archived; returns once that, and all that was stored before it, is on disk. */
  advance(position: Position): void {
    this.database.exec('PRAGMA synchronous = FULL');
    try {
      this.#statements.advance.run(position.segment, position.offset);
    } finally {
      this.database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  position(): Position | null {
    const row = this.database.prepare('SELECT segment, position FROM progress').get();
    return row === undefined ? null : { segment: Number(row['segment']), offset: Number(row['position']) };
  }

  session(id: string): KnownSession | null {
    const row = this.#statements.findSession.get(id);
    return row === undefined ? null : { key: Number(row['key']), lastSequence: Number(row['last_sequence']) };
  }

  /** Writes the sessions' rows and those of their exchanges that changed. */
  save(streams: readonly SessionStream[]): void {
    const changed: Changed[] = [];
    const factsOf = new Map(streams.map(({ key, facts }) => [key, facts]));
    for (const stream of streams) {
      const row = sessionRow(stream);
      if (stream.key === 0) {
        stream.key = Number(this.#statements.insertSession.run(...row).lastInsertRowid);
        this.#runs.assign(stream.key, stream.facts);
        factsOf.set(stream.key, stream.facts);
      } else this.#statements.updateSession.run(...row, stream.key);
      for (const exchange of stream.takeChanged()) {
        if (!exchange.stored) this.#sightings.note(stream.key, stream.facts, exchange);
        changed.push({ key: stream.key, exchange });
      }
    }
    this.#identify(changed);
    TextIndex.place(changed);
    this.#tallies.count(changed, factsOf);
    const { addExchange, putExchange } = this.#statements;
    for (const { key, exchange } of changed) (exchange.stored ? putExchange : addExchange).run(...exchangeRow(key, exchange));
    // FTS5 writes out what it holds in memory at every savepoint, which any other statement may open, and whenever a row's id is lower
    // than the last: so all rows come first, then their texts in order (measured: 15,000 exchanges a second became 30,000).
    if (this.#indexing) this.texts.write(changed);
    for (const { exchange } of changed) exchange.stored = true;
  }

  /** Gives each its row's id, and puts them in the order of these. */
  #identify(changed: Changed[]): void {
    this.#ids.begin();
    changed.sort((one, other) => one.exchange.startedAt - other.exchange.startedAt);
    for (const { key, exchange } of changed) {
      if (exchange.id !== 0) continue;
      const row = exchange.stored ? this.#statements.findExchange.get(key, exchange.ordinal) : undefined;
      if (row !== undefined) [exchange.id, exchange.counted] = [Number(row['id']), countedAs(row)];
      if (exchange.id === 0) exchange.id = this.#ids.next(exchange.startedAt);
    }
    changed.sort((one, other) => one.exchange.id - other.exchange.id);
  }

  /** Stores where a session's recording can be read from. */
  checkpoint(key: number, { sequence, exchange, offset, state }: Checkpoint): void {
    this.#statements.checkpoint.run(key, sequence, exchange, offset, state);
  }

  audit(entry: Entry & { readonly kind: 'audit' }): void {
    const { event, actor, detail } = entry.audit;
    this.#statements.audit.run(entry.session, entry.sequence, entry.at, event, actor, JSON.stringify(detail));
  }

  forgetAudit(ledger: string, after: number): void {
    this.database.prepare('DELETE FROM audit WHERE ledger = ? AND sequence > ?').run(ledger, after);
  }

  anomaly(anomaly: Anomaly): void {
    const { id, at, session, segment, offset, kind, detail } = anomaly;
    this.#statements.anomaly.run(id, at, session, segment, offset, kind, detail);
  }

  /** The ids of the sessions that have not ended. */
  openSessions(): string[] {
    return this.database
      .prepare("SELECT id FROM sessions WHERE status = 'active'")
      .all()
      .map((row) => String(row['id']));
  }

  markGap(session: string): void {
    this.database.prepare("UPDATE sessions SET recording = 'gap' WHERE id = ?").run(session);
  }

  /** Deletes a session's rows and what the index has of them. */
  forget(key: number): void {
    this.#tallies.forget(key);
    this.database.prepare('DELETE FROM exchange_text WHERE rowid IN (SELECT home FROM exchanges WHERE session_key = ?)').run(key);
    this.database.prepare('DELETE FROM exchanges WHERE session_key = ?').run(key);
    this.database.prepare('DELETE FROM checkpoints WHERE session_key = ?').run(key);
    this.#sightings.forget(key);
    this.#runs.leave(key, () => void this.database.prepare('DELETE FROM sessions WHERE key = ?').run(key));
  }

  close(): void {
    this.database.close();
  }
}

/** What the row of an exchange was counted as; the archive alone writes these columns. */
function countedAs({ verdict, status, policies }: Row): Counted {
  const names = new Set(JSON.parse(String(policies)) as string[]);
  return { verdict: typeof verdict === 'string' ? verdict : 'undecided', failed: status === 'error', policies: [...names] };
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    findSession: prepare('SELECT key, last_sequence FROM sessions WHERE id = ?'),
    insertSession: prepare(`INSERT INTO sessions (${sessionColumns.join()}) VALUES (${sessionColumns.map(() => '?').join()})`),
    updateSession: prepare(`UPDATE sessions SET ${sessionColumns.map((column) => `${column} = ?`).join()} WHERE key = ?`),
    findExchange: prepare('SELECT id, verdict, status, policies FROM exchanges WHERE session_key = ? AND ordinal = ?'),
    highestExchange: prepare('SELECT max(id) AS id FROM exchanges WHERE id BETWEEN ? AND ?'),
    addExchange: prepare(`INSERT ${exchangeValues}`),
    putExchange: prepare(`INSERT OR REPLACE ${exchangeValues}`),
    checkpoint: prepare('INSERT OR REPLACE INTO checkpoints (session_key, sequence, exchange, position, state) VALUES (?, ?, ?, ?, ?)'),
    audit: prepare('INSERT OR REPLACE INTO audit (ledger, sequence, at, event, actor, detail) VALUES (?, ?, ?, ?, ?, ?)'),
    anomaly: prepare('INSERT OR IGNORE INTO anomalies (id, at, session, segment, position, kind, detail) VALUES (?, ?, ?, ?, ?, ?, ?)'),
    advance: prepare('INSERT OR REPLACE INTO progress (only, segment, position) VALUES (1, ?, ?)'),
  };
}

function sessionRow(stream: SessionStream): (string | number | null)[] {
  const { facts, end, tally } = stream;
  const { principal, decision } = facts;
  return [
    stream.id,
    facts.connection,
    facts.protocol,
    principal?.issuer ?? null,
    principal?.subject ?? null,
    principal?.email ?? null,
    principal?.agent ?? null,
    principal === null ? null : JSON.stringify(principal),
    facts.run,
    facts.clientAddress,
    facts.startedAt,
    stream.endedAt,
    stream.lastAt,
    end?.status ?? 'active',
    end?.reason ?? null,
    decision.verdict,
    decision.code,
    decision.detail,
    JSON.stringify(decision.grounds.policies),
    decision.grounds.version,
    stream.exchanges,
    stream.refused,
    stream.bytesToTarget,
    stream.bytesToClient,
    stream.gap ? 'gap' : 'complete',
    facts.retentionDays,
    stream.lastSequence,
    tally.decided,
    tally.approved,
    tally.denied,
    tally.expired,
    tally.failed,
    tally.masked,
    tally.rows,
  ];
}

function exchangeRow(key: number, exchange: ExchangeState): (string | number | null)[] {
  const { decision, outcome, withheld, masked, parameters } = exchange;
  const error = outcome?.error ?? null;
  const reason = exchange.word(decision?.reason);
  const tag = exchange.word(outcome?.tag);
  const errorText = error === null ? null : JSON.stringify({ code: exchange.word(error.code), message: exchange.word(error.message) });
  return [
    exchange.id,
    key,
    exchange.ordinal,
    exchange.startedAt,
    exchange.durationMs,
    exchange.action.name,
    exchange.action.effect,
    exchange.objects,
    decision?.verdict ?? null,
    reason,
    decision === null ? '[]' : JSON.stringify(decision.grounds.policies),
    decision?.approval ?? null,
    exchange.rows,
    exchange.bytes,
    withheld === null ? null : JSON.stringify(withheld),
    masked === null ? null : JSON.stringify(masked),
    outcome?.status ?? 'active',
    tag,
    errorText,
    exchange.cuts,
    parameters === null ? null : JSON.stringify(parameters),
    exchange.text,
    exchange.found.toString(),
    exchange.home,
    exchange.covers,
  ];
}
