import type { Action } from '../src/core/action.ts';
import type { Entry, EntryBody } from '../src/core/entry.ts';
import { createId } from '../src/core/identifier.ts';
import { Ingester } from '../src/archive/ingest.ts';
import { catalogPath } from '../src/archive/layout.ts';
import { CatalogStore } from '../src/archive/store.ts';
import { opening, permitted, TestJournal } from '../src/archive/test-journal.ts';
import { createDecoder } from '../src/protocols/postgres/decoder.ts';
import { int16, int32 } from '../src/protocols/postgres/testing/messages.ts';
import { median } from './quantile.ts';

/*
 * What the archive takes of a processor for an exchange, in this process and without a gateway: a journal of prepared statements by
 * 16 sessions, as pgbench makes it, and one in which no text comes twice. Run it by `node bench/archive.ts [EXCHANGES] [ROUNDS]`.
 */
const exchanges = Number(process.argv[2] ?? 60_000);
const rounds = Number(process.argv[3] ?? 3);
const sessions = 16;

for (const [name, one] of [
  ['repeating statements', prepared],
  ['a new text each', unique],
] as const) {
  const taken = Array.from({ length: rounds }, () => archive(one));
  console.log(`${name}: ${median(taken).toFixed(1)} µs of CPU an exchange (${taken.map((each) => each.toFixed(1)).join(' ')})`);
}

function archive(one: (session: number, at: number) => EntryBody[]): number {
  const journal = new TestJournal();
  try {
    const ids = Array.from({ length: sessions }, () => createId(journal.now));
    for (const id of ids) journal.put(id, 0, opening(id, journal.now, { protocol: 'postgres' }));
    for (let at = 0; at < exchanges; ) {
      const entries: Entry[] = [];
      // Journals are cut by size; the archive reads what was said before within each of them.
      for (const until = Math.min(exchanges, at + 2000); at < until; at += 1)
        entries.push(...take(journal, ids[at % sessions] ?? '', Math.floor(at / sessions) + 1, one(at % sessions, at)));
      journal.write(...entries);
    }
    const store = new CatalogStore(catalogPath(journal.state));
    const ingester = new Ingester({ state: journal.state, decoders: () => createDecoder(), log: () => {}, store, now: Date.now });
    const before = process.cpuUsage();
    while (ingester.batch(journal.position));
    ingester.settle();
    const { user, system } = process.cpuUsage(before);
    store.close();
    return (user + system) / exchanges;
  } finally {
    journal.remove();
  }
}

/** One of 10,000 in a second. */
function take(journal: TestJournal, session: string, ordinal: number, entries: readonly EntryBody[]): Entry[] {
  const taken = entries.map((body) => journal.entry(session, ordinal, body));
  journal.pause(0.1 - entries.length * 0.25);
  return taken;
}

function prepared(session: number, at: number): EntryBody[] {
  const aid = String(1 + ((at * 7919 + session * 104_729) % 1_000_000));
  const ask = Buffer.concat([
    message('B', cstring(''), cstring('P_0'), int16(0), int16(1), int32(aid.length), Buffer.from(aid), int16(0)),
    message('D', Buffer.from('P'), cstring('')),
    message('E', cstring(''), int32(0)),
    message('S'),
  ]);
  const balance = String((at * 31) % 5000);
  const answer = Buffer.concat([message('2'), column('abalance'), ...rows(balance)]);
  return bodies('SELECT abalance FROM pgbench_accounts WHERE aid = $1;', ask, answer);
}

function unique(session: number, at: number): EntryBody[] {
  const word = (n: number) => ((at * 2_654_435_761 + n * 40_503 + session) >>> 0).toString(36);
  const text = `select ${word(1)}.name, ${word(1)}.email from ${word(2)} as ${word(1)} where ${word(1)}.id = ${at} and note = '${word(3)}'`;
  return bodies(text, message('Q', cstring(text)), Buffer.concat([column('name'), ...rows(word(4))]));
}

function bodies(text: string, ask: Buffer, answer: Buffer): EntryBody[] {
  const object = { type: 'Table', name: 'public.pgbench_accounts' };
  const demands = [{ action: 'postgres:select', effect: 'read', object }] as const;
  const action: Action = { name: 'postgres:select', effect: 'read', demands, objects: [object], text, facts: { hasWhere: true } };
  return [
    { kind: 'exchange', action },
    { kind: 'decision', decision: permitted },
    { kind: 'bytes', direction: 'request', bytes: ask },
    { kind: 'bytes', direction: 'reply', bytes: answer },
    { kind: 'outcome', outcome: { status: 'ok', rows: 1, tag: 'SELECT 1', error: null } },
  ];
}

function rows(cell: string): Buffer[] {
  return [message('D', int16(1), int32(cell.length), Buffer.from(cell)), message('C', cstring('SELECT 1')), message('Z', Buffer.from('I'))];
}

function column(name: string): Buffer {
  return message('T', int16(1), cstring(name), int32(16_384), int16(3), int32(23), int16(4), int32(-1), int16(0));
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}
