import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Action } from '../core/action.ts';
import type { Decision, Entry, EntryBody, SessionFacts } from '../core/entry.ts';
import { encodeFrame, frameHeaderBytes, saidBefore, sessionBytes, writeFrame } from '../core/frame.ts';
import { createId } from '../core/identifier.ts';
import type { Json } from '../core/json.ts';
import type { Part } from '../core/part.ts';
import type { Decoder } from '../core/protocol.ts';
import { placesOfSession } from '../core/said.ts';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from '../core/segment.ts';
import { archiveJournal } from './archiver.ts';
import { openCatalog } from './catalog.ts';
import { catalogPath, journalFolder, makePrivateFolder } from './layout.ts';
import type { Catalog } from './run-items.ts';
import { segmentPath } from './segment-reader.ts';
import type { Decoders } from './session-stream.ts';
import type { Position } from './store.ts';

/** A state folder whose journal a test writes entry by entry. */
export class TestJournal {
  readonly state = mkdtempSync(join(tmpdir(), 'archive-'));
  readonly #copy = mkdtempSync(join(tmpdir(), 'written-'));
  segment = 1;
  offset = 0;
  #at: number;
  readonly #sequences = new Map<string, number>();
  /** What each session has said in this segment, and where that stands. */
  readonly #places = new Map<string, Map<string, number>>();

  /** Its first entry is of this time, in milliseconds since the epoch. */
  constructor(at = 1_760_000_000_000) {
    this.#at = at;
    makePrivateFolder(journalFolder(this.state));
    this.roll(1);
  }

  /** The time of the last entry. */
  get now(): number {
    return this.#at;
  }

  get position(): Position {
    return { segment: this.segment, offset: this.offset };
  }

  /** Lets time pass, in milliseconds. */
  pause(milliseconds: number): void {
    this.#at += milliseconds;
  }

  roll(segment = this.segment + 1): void {
    this.segment = segment;
    this.#places.clear();
    this.#append(encodeSegmentHeader(segment));
    this.offset = segmentHeaderBytes;
  }

  entry(session: string, exchange: number, body: EntryBody): Entry {
    const sequence = this.#sequences.get(session) ?? 0;
    this.#sequences.set(session, sequence + 1);
    return { session, sequence, at: (this.#at += 0.25), exchange, ...body };
  }

  write(...entries: readonly Entry[]): Position {
    return this.append(Buffer.concat(entries.map((entry) => this.#frameOf(entry))));
  }

  /** As the gateway writes it: what its session has said in this segment before, by the place where it stands. */
  #frameOf(entry: Entry): Buffer {
    const whole = encodeFrame(entry);
    const { session, sequence, exchange: ordinal, at, kind } = entry;
    if (kind !== 'exchange' && kind !== 'decision' && kind !== 'outcome') return whole;
    const payload = whole.subarray(frameHeaderBytes);
    const places = this.#places.get(session) ?? new Map<string, number>();
    this.#places.set(session, places);
    const before = places.get(payload.toString());
    const place = before ?? places.size + 1;
    if (place > placesOfSession) return whole;
    places.set(payload.toString(), place);
    const said = before === undefined ? payload : saidBefore;
    const frame = Buffer.alloc(frameHeaderBytes + said.length);
    writeFrame(frame, 0, { session: sessionBytes(session), sequence, exchange: ordinal, at, kind, direction: null, place }, said);
    return frame;
  }

  append(bytes: Buffer): Position {
    this.#append(bytes);
    this.offset += bytes.length;
    return this.position;
  }

  #append(bytes: Buffer): void {
    appendFileSync(segmentPath(this.state, this.segment), bytes);
    appendFileSync(join(this.#copy, segmentName(this.segment)), bytes);
  }

  put(session: string, exchange: number, ...bodies: readonly EntryBody[]): Position {
    return this.write(...bodies.map((body) => this.entry(session, exchange, body)));
  }

  /** A whole session of statements, each with one bind value and one row. */
  session(texts: readonly string[], facts: Partial<SessionFacts> = {}, ended = true): string {
    const id = createId(Math.floor(this.#at));
    this.put(id, 0, opening(id, this.#at, facts));
    texts.forEach((text, at) => this.put(id, at + 1, ...exchange(text, [`bind-${at}`], [`cell-${at} of ${text}`])));
    if (ended) this.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
    return id;
  }

  /** A folder with every segment as it was written, those included that an archiver has deleted. */
  archive(): string {
    return this.#copy;
  }

  remove(): void {
    rmSync(this.state, { recursive: true, force: true });
    rmSync(this.#copy, { recursive: true, force: true });
  }
}

export const permitted: Decision = {
  verdict: 'permitted',
  code: null,
  reason: null,
  detail: null,
  grounds: { policies: ['engineering'], version: 'v1' },
  approval: null,
};

export function opening(id: string, startedAt: number, facts: Partial<SessionFacts> = {}): EntryBody {
  const principal = {
    subject: 'ada',
    issuer: 'https://login.example.com',
    email: 'ada@example.com',
    groups: ['engineering'],
    agent: 'cursor',
    actors: ['cursor'],
    token: { issuer: 'https://login.example.com', subject: 'ada', jti: null, sha256: '00', expiresAt: startedAt + 1000 },
  };
  const common = { connection: 'orders', protocol: 'lines', run: 'run-1', clientAddress: '127.0.0.1', retentionDays: 30 };
  return { kind: 'session', facts: { id, principal, startedAt, decision: permitted, ...common, ...facts } };
}

export function exchange(text: string, binds: readonly string[], cells: readonly string[]): EntryBody[] {
  const object = { type: 'Table', name: 'accounts' };
  const demands = [{ action: 'lines:ask', effect: 'read', object }] as const;
  const action: Action = { name: 'lines:ask', effect: 'read', demands, objects: [object], text, facts: {} };
  return [
    { kind: 'exchange', action },
    { kind: 'decision', decision: permitted },
    { kind: 'bytes', direction: 'request', bytes: Buffer.from(`${binds.join(',')}\n`) },
    { kind: 'bytes', direction: 'reply', bytes: Buffer.from(`${cells.join(',')}\n`) },
    { kind: 'outcome', outcome: { status: 'ok', rows: 1, tag: 'ASK 1', error: null } },
  ];
}

/** The tests' protocol: lines of cells; a request's line is its bind values, a reply's a row. */
export function linesDecoder(_protocol = 'lines', saved: Json = []): Decoder {
  // What `save` below made of it.
  const half = new Map(saved as unknown as [string, string][]);
  return {
    bytes(ordinal, direction, bytes): Part[] {
      const key = `${ordinal} ${direction}`;
      const lines = ((half.get(key) ?? '') + Buffer.from(bytes).toString()).split('\n');
      half.set(key, lines.pop() ?? '');
      const rows = lines.map((line) => line.split(','));
      if (direction === 'reply') return rows.length === 0 ? [] : [{ shape: 'rows', columns: ['cell'], rows }];
      return rows.map((values) => ({ shape: 'mark', name: 'parameters', detail: { values } }));
    },
    withheld(ordinal, direction) {
      half.delete(`${ordinal} ${direction}`);
    },
    save: (open) => [...half].filter(([key]) => open.includes(Number(key.split(' ')[0]))),
  };
}

/** Every table but those that only hold the archive's own progress, with row numbers replaced by what they stand for. */
export function dumpCatalog(state: string): { [table: string]: unknown[] } {
  const database = new DatabaseSync(catalogPath(state), { readOnly: true });
  const all = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map(({ key: _key, session_key: _session, run_key: _run, home: _home, covers: _covers, id, ...row }) =>
        typeof id === 'number' ? { ...row } : { id, ...row },
      );
  try {
    const owned = 'FROM exchanges x JOIN sessions s ON s.key = x.session_key';
    return {
      sessions: all('SELECT s.*, r.id AS of_run FROM sessions AS s LEFT JOIN runs AS r ON r.key = s.run_key ORDER BY s.id'),
      runs: all('SELECT * FROM runs ORDER BY id'),
      sightings: all(
        'SELECT g.agent, g.connection, g.object, g.first_at, s.id AS of_session FROM sightings AS g JOIN sessions AS s ON s.key = g.session_key ORDER BY 1, 2, 3',
      ),
      exchanges: all(`SELECT s.id AS session, x.* ${owned} ORDER BY s.id, x.ordinal`),
      orphans: all('SELECT rowid FROM exchange_text WHERE rowid NOT IN (SELECT home FROM exchanges)'),
      indexed: all(
        `SELECT s.id AS session, x.ordinal ${owned} WHERE x.home IN (SELECT rowid FROM exchange_text WHERE exchange_text MATCH 'cell') ORDER BY s.id, x.ordinal`,
      ),
      tallies: all('SELECT * FROM tallies ORDER BY width, ruled, slot, policy, issuer, subject, verdict, failed'),
      audit: all('SELECT * FROM audit ORDER BY ledger, sequence'),
      anomalies: all('SELECT * FROM anomalies ORDER BY id'),
    };
  } finally {
    database.close();
  }
}

/** Archives all of a journal and opens the catalog that comes of it. */
export async function archiveWhole(journal: TestJournal, decoders: Decoders = linesDecoder): Promise<Catalog> {
  const running = archiveJournal({ state: journal.state, decoders, audit: async () => {}, log: () => {} });
  running.committed(journal.position);
  await running.close();
  return openCatalog(journal.state);
}
