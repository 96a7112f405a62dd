import { archiveJournal } from '../../src/archive/archiver.ts';
import { opening, permitted, TestJournal } from '../../src/archive/test-journal.ts';
import type { Action, Effect } from '../../src/core/action.ts';
import type { Decision, Entry, EntryBody } from '../../src/core/entry.ts';
import { createId } from '../../src/core/identifier.ts';
import { loadDecoders } from '../../src/gateway/protocols.ts';
import { message, reply } from '../../src/protocols/postgres/testing/fixtures.ts';

const textType = 25;

/** One statement and what came of it. */
export interface Statement {
  readonly text: string;
  readonly object: string;
  readonly effect?: Effect;
  /** What barred it, if anything did. */
  readonly barred?: 'refused' | 'denied';
  readonly columns?: readonly string[];
  /** What came back, a batch for each read of the socket. */
  readonly rows?: Iterable<readonly (readonly (string | null)[])[]>;
}

export interface WrittenSession {
  readonly run: string | null;
  readonly connection: string;
  readonly subject: string;
  readonly agent: string;
  /** How long after one statement the next one comes, in milliseconds. */
  readonly everyMs: number;
  readonly statements: Iterable<Statement>;
}

/** So many bytes of the journal are written at once. */
const written = 1_000_000;

/**
 * A state folder with a record of any size, as a gateway would have left it: real frames of real messages in a journal, taken into
 * recordings and catalog by the archive itself. What it holds is the same in every run, its times apart.
 */
export class WrittenRecord {
  readonly #journal: TestJournal;
  readonly #issuer: string;

  /** The first session begins at `from`, in milliseconds since the epoch; those of people are of `issuer`. */
  constructor(from: number, issuer: string) {
    this.#journal = new TestJournal(from);
    this.#issuer = issuer;
  }

  get state(): string {
    return this.#journal.state;
  }

  /** Lets time pass before what is written next. */
  pause(milliseconds: number): void {
    this.#journal.pause(milliseconds);
  }

  /** Writes one session; returns its id. */
  session({ run, connection, subject, agent, everyMs, statements }: WrittenSession): string {
    const journal = this.#journal;
    const id = createId(Math.floor(journal.now));
    const email = `${subject}@example.test`;
    const token = { issuer: this.#issuer, subject, jti: null, sha256: '00', expiresAt: journal.now + 3_600_000 };
    const principal = { subject, issuer: this.#issuer, email, groups: ['engineering'], agent, actors: [agent], token };
    let waiting: Entry[] = [];
    let bytes = 0;
    const put = (ordinal: number, body: EntryBody) => {
      waiting.push(journal.entry(id, ordinal, body));
      bytes += body.kind === 'bytes' ? body.bytes.length + 60 : 300;
      if (bytes < written) return;
      journal.write(...waiting);
      waiting = [];
      bytes = 0;
    };
    put(0, opening(id, journal.now, { run, connection, protocol: 'postgres', principal }));
    let ordinal = 0;
    for (const statement of statements) {
      ordinal += 1;
      for (const body of bodiesOf(statement)) put(ordinal, body);
      journal.pause(everyMs);
    }
    put(0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
    journal.write(...waiting);
    return id;
  }

  /** Takes all that was written into recordings and catalog. */
  async archive(): Promise<void> {
    const fault = (level: string, text: string) => {
      if (level !== 'info') throw new Error(text);
    };
    const archiver = archiveJournal({ state: this.state, decoders: await loadDecoders(), audit: async () => {}, log: fault });
    archiver.committed(this.#journal.position);
    await archiver.close();
  }

  remove(): void {
    this.#journal.remove();
  }
}

function* bodiesOf({ text, object: name, effect = 'read', barred, columns = ['n'], rows = [[['1']]] }: Statement): Generator<EntryBody> {
  const object = { type: 'Table', name };
  const action = `postgres:${effect === 'read' ? 'select' : 'update'}`;
  const asked: Action = { name: action, effect, demands: [{ action, effect, object }], objects: [object], text, facts: {} };
  yield { kind: 'exchange', action: asked };
  yield { kind: 'decision', decision: barred === undefined ? permitted : refusal(barred) };
  yield { kind: 'bytes', direction: 'request', bytes: message.query(text) };
  if (barred !== undefined) {
    yield { kind: 'bytes', direction: 'reply', bytes: Buffer.concat([reply.error('42501', 'Not permitted.'), reply.ready()]) };
    yield { kind: 'outcome', outcome: { status: 'refused', rows: null, tag: null, error: null } };
    return;
  }
  let count = 0;
  let head = reply.rows(columns.map((column) => [column, textType]));
  for (const batch of rows) {
    yield { kind: 'bytes', direction: 'reply', bytes: Buffer.concat([head, ...batch.map((row) => reply.row(...row))]) };
    head = Buffer.alloc(0);
    count += batch.length;
  }
  const tag = `${effect === 'read' ? 'SELECT' : 'UPDATE'} ${count}`;
  yield { kind: 'bytes', direction: 'reply', bytes: Buffer.concat([reply.complete(tag), reply.ready()]) };
  yield { kind: 'outcome', outcome: { status: 'ok', rows: count, tag, error: null } };
}

function refusal(verdict: 'refused' | 'denied'): Decision {
  return {
    ...permitted,
    verdict,
    code: 'ACCESS_REFUSED',
    reason: 'Not by an agent.',
    detail: 'Not permitted.',
    grounds: { policies: ['no-deletes'], version: 'v1' },
  };
}
