import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createId } from '../core/identifier.ts';
import { type Archiver, archiveJournal } from './archiver.ts';
import { openCatalog } from './catalog.ts';
import { Ingester } from './ingest.ts';
import { catalogPath, journalFolder, makePrivateFolder, recordingPath } from './layout.ts';
import { readEntries, unarchived, unfinishedSessions } from './read.ts';
import { prepareCatalog, rebuildCatalog } from './rebuild.ts';
import { segmentPath } from './segment-reader.ts';
import { CatalogStore, type Position } from './store.ts';
import { dumpCatalog, exchange, linesDecoder, opening, TestJournal } from './test-journal.ts';

const decoders = () => linesDecoder();
const quiet = () => {};
const now = () => 1_760_000_100_000;

function archiver(state: string): Archiver {
  return archiveJournal({ state, decoders, audit: async () => {}, log: quiet, now });
}

async function archiveAll(state: string, committed: Position): Promise<void> {
  const running = archiver(state);
  running.committed(committed);
  await running.close();
}

async function outcomeOf(state: string): Promise<unknown> {
  const dump = dumpCatalog(state);
  const recordings: unknown[] = [];
  for (const session of dump['sessions'] ?? []) {
    const { id } = session as { id: string };
    for await (const entry of readEntries(state, id)) recordings.push(entry);
  }
  const segments = readdirSync(journalFolder(state)).sort();
  return { dump, recordings, segments, unarchived: unarchived(state) };
}

async function withJournal(work: (journal: TestJournal) => Promise<void>): Promise<void> {
  const journal = new TestJournal();
  try {
    await work(journal);
  } finally {
    journal.remove();
  }
}

/** Traffic of several sessions and a ledger over several segments, batch by batch. */
function* traffic(journal: TestJournal): Generator<Position> {
  const [one, two] = [createId(), createId()];
  const ledger = createId();
  yield journal.put(ledger, 0, { kind: 'audit', audit: { event: 'gateway.started', actor: 'gateway', detail: { version: 1 } } });
  journal.put(one, 0, opening(one, 1_760_000_000_000));
  yield journal.put(one, 1, ...exchange('select cell 1', ['a'], ['x']).slice(0, 3));
  journal.put(two, 0, opening(two, 1_760_000_000_000, { connection: 'billing' }));
  yield journal.put(one, 1, ...exchange('', [], ['cell x']).slice(3));
  journal.session(['select whole', 'select cell whole']);
  yield journal.put(two, 1, ...exchange('select cell 2', ['b', 'c'], ['y', 'z']));
  journal.roll();
  yield journal.put(one, 2, ...exchange('insert into cell', ['d'], ['ok']).slice(0, 1));
  journal.put(two, 0, { kind: 'gap', direction: 'reply', count: 9, reason: 'disk' });
  journal.put(two, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
  yield journal.put(ledger, 0, { kind: 'audit', audit: { event: 'recording.read', actor: 'ada', detail: {} } });
  journal.roll();
  yield journal.put(one, 0, { kind: 'end', end: { status: 'interrupted', reason: 'The gateway stopped.' } });
  journal.session(['select cell last']);
  journal.session(['select cell open'], {}, false);
  yield journal.position;
}

describe('archiving', () => {
  it('comes to the same result from a crash between any two steps', () =>
    withJournal(async (journal) => {
      const copies = mkdtempSync(join(tmpdir(), 'copies-'));
      try {
        let count = 0;
        const step = () => cpSync(journal.state, join(copies, String(count++)), { recursive: true });
        prepareCatalog(journal.state, decoders, quiet);
        const store = new CatalogStore(catalogPath(journal.state));
        const ingester = new Ingester({ state: journal.state, decoders, log: quiet, store, now, step });
        for (const position of traffic(journal)) while (ingester.batch(position));
        ingester.settle();
        store.close();
        const expected = await outcomeOf(journal.state);
        assert.ok(count > 30);
        for (let at = 0; at < count; at += 1) {
          const copy = join(copies, String(at));
          copyMissingJournal(journal, copy);
          await archiveAll(copy, journal.position);
          assert.deepEqual(await outcomeOf(copy), expected, `after step ${at}`);
          rmSync(copy, { recursive: true });
        }
      } finally {
        rmSync(copies, { recursive: true, force: true });
      }
    }));

  it('survives a power loss that keeps the rows and loses recordings, or the other way about', () =>
    withJournal(async (journal) => {
      prepareCatalog(journal.state, decoders, quiet);
      const store = new CatalogStore(catalogPath(journal.state));
      const ingester = new Ingester({ state: journal.state, decoders, log: quiet, store, now });
      const id = createId();
      journal.put(id, 0, opening(id, 1_760_000_000_000));
      while (ingester.batch(journal.position));
      const short = statSync(recordingPath(journal.state, id)).size;
      store.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      const early = readFileSync(catalogPath(journal.state));
      journal.put(id, 1, ...exchange('select cell 1', ['a'], ['x']));
      journal.put(id, 2, ...exchange('select cell 2', ['a'], ['x']).slice(0, 2));
      while (ingester.batch(journal.position));
      store.close();
      const copy = `${journal.state}-copy`;
      try {
        const outcomes: unknown[] = [];
        for (const lose of [
          () => {},
          () => truncateSync(recordingPath(copy, id), short),
          () => rmSync(recordingPath(copy, id)),
          () => writeFileSync(catalogPath(copy), early),
        ]) {
          cpSync(journal.state, copy, { recursive: true });
          lose();
          await archiveAll(copy, journal.position);
          outcomes.push(await outcomeOf(copy));
          rmSync(copy, { recursive: true });
        }
        for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    }));

  it('knows after a restart what was said before it in the same segment', () =>
    withJournal(async (journal) => {
      const id = createId();
      journal.put(id, 0, opening(id, 1_760_000_000_000));
      const ask = (ordinal: number) => journal.put(id, ordinal, ...exchange('select what is asked again', ['1'], ['one']));
      await archiveAll(journal.state, ask(1));
      await archiveAll(journal.state, ask(2));
      const before = journal.position;
      ask(3);
      assert.ok(journal.position.offset - before.offset < 400, 'its action is not written again');
      journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'x' } });
      await archiveAll(journal.state, journal.position);
      const texts: string[] = [];
      for await (const entry of readEntries(journal.state, id)) if (entry.kind === 'exchange') texts.push(entry.action.text);
      assert.deepEqual(texts, Array(3).fill('select what is asked again'));
      const exchanges = dumpCatalog(journal.state)['exchanges'] as { text: string }[];
      assert.deepEqual(
        exchanges.map(({ text }) => text),
        texts,
      );
    }));

  it('takes no more exchanges at once than it has memory for, however few bytes they are', () =>
    withJournal(async (journal) => {
      const count = 4_500;
      const id = journal.session(Array.from({ length: count }, () => 'select 1'));
      for (const folder of ['sessions', 'ledger']) makePrivateFolder(join(journal.state, 'archive', folder));
      const store = new CatalogStore(catalogPath(journal.state));
      const ingester = new Ingester({ state: journal.state, decoders, log: quiet, store, now });
      const taken: number[] = [];
      while (ingester.batch(journal.position)) taken.push(ingester.exchanges);
      assert.deepEqual(taken, [2_000, 4_000, count]);
      ingester.settle();
      store.close();
      const exchanges = dumpCatalog(journal.state)['exchanges'] ?? [];
      assert.equal(exchanges.length, count);
      let entries = 0;
      for await (const entry of readEntries(journal.state, id)) entries += entry.kind === 'outcome' ? 1 : 0;
      assert.equal(entries, count);
    }));

  it('rebuilds an identical catalog from the recordings', () =>
    withJournal(async (journal) => {
      for (const _position of traffic(journal));
      journal.append(Buffer.from('damage'));
      journal.roll();
      journal.session(['select cell after']);
      await archiveAll(journal.state, journal.position);
      const expected = dumpCatalog(journal.state);
      assert.ok((expected['anomalies'] ?? []).length > 1);
      rebuildCatalog(journal.state, decoders, quiet);
      assert.deepEqual(dumpCatalog(journal.state), expected);
      for (const suffix of ['', '-wal', '-shm']) rmSync(catalogPath(journal.state) + suffix, { force: true });
      await archiveAll(journal.state, journal.position);
      assert.deepEqual(dumpCatalog(journal.state), expected);
    }));

  it('lets go of a segment once another one is begun, though nothing is written there', () =>
    withJournal(async (journal) => {
      journal.session(['select 1']);
      const running = archiver(journal.state);
      running.committed(journal.position);
      while (running.status().lagBytes > 0) await new Promise((done) => setTimeout(done, 10));
      journal.roll();
      assert.equal(running.status().segmentsWaiting, 2);
      running.committed(journal.position);
      while (running.status().segmentsWaiting > 1) await new Promise((done) => setTimeout(done, 10));
      assert.ok(!existsSync(segmentPath(journal.state, 1)));
      await running.close();
    }));

  it('keeps a damaged segment, says what may be missing and goes on with the next', () =>
    withJournal(async (journal) => {
      const open = journal.session(['select before'], {}, false);
      journal.append(Buffer.alloc(60, 0xff));
      journal.roll();
      journal.session(['select after']);
      const lines: string[] = [];
      const running = archiveJournal({ state: journal.state, decoders, audit: async () => {}, log: (_level, text) => lines.push(text) });
      running.committed(journal.position);
      await running.close();
      assert.deepEqual(readdirSync(journalFolder(journal.state)).sort(), ['000000000001.segment.damaged', '000000000002.segment']);
      const catalog = openCatalog(journal.state);
      assert.deepEqual(
        catalog.sessions({}, 'all', { limit: 10, cursor: null }).items.map((item) => [item.id === open, item.recording]),
        [
          [false, 'complete'],
          [true, 'gap'],
        ],
      );
      catalog.close();
      assert.ok(lines.some((line) => /segment 1 is damaged at byte \d+/.test(line)));
      assert.deepEqual(dumpCatalog(journal.state)['anomalies']?.length, 2);
    }));

  it('waits behind damage in the segment that is being written, without losing what came before', () =>
    withJournal(async (journal) => {
      journal.session(['select before']);
      journal.append(Buffer.alloc(60, 0xff));
      await archiveAll(journal.state, journal.position);
      assert.ok(unarchived(journal.state) > 0);
      journal.roll();
      journal.session(['select after']);
      await archiveAll(journal.state, journal.position);
      assert.equal(unarchived(journal.state), 0);
      assert.equal(dumpCatalog(journal.state)['sessions']?.length, 2);
    }));

  it('notes a hole in the sequence, a missing segment and a session whose opening is lost', () =>
    withJournal(async (journal) => {
      const id = createId();
      journal.put(id, 0, opening(id, 1_760_000_000_000));
      journal.entry(id, 1, { kind: 'gap', direction: 'reply', count: 1, reason: 'never written' });
      journal.put(id, 1, ...exchange('select 1', [], []));
      journal.roll(4);
      const headless = createId();
      journal.entry(headless, 0, opening(headless, 0));
      journal.put(headless, 1, ...exchange('select 2', [], []));
      await archiveAll(journal.state, journal.position);
      const kinds = (dumpCatalog(journal.state)['anomalies'] ?? []).map((row) => (row as { kind: string }).kind).sort();
      assert.deepEqual(kinds, ['may-miss-entries', 'segment-missing', 'sequence-gap', 'sequence-gap']);
      const catalog = openCatalog(journal.state);
      assert.equal(catalog.session(id)?.recording, 'gap');
      assert.equal(catalog.session(headless)?.recording, 'gap');
      assert.equal(catalog.session(headless)?.connection, 'unknown');
      catalog.close();
    }));

  it('reads again a journal whose numbers began anew, and deletes nothing unread', () =>
    withJournal(async (journal) => {
      journal.roll(7);
      journal.session(['select old']);
      await archiveAll(journal.state, journal.position);
      rmSync(journalFolder(journal.state), { recursive: true });
      makePrivateFolder(journalFolder(journal.state));
      journal.roll(1);
      journal.session(['select new']);
      journal.roll();
      await archiveAll(journal.state, journal.position);
      assert.equal(dumpCatalog(journal.state)['sessions']?.length, 2);
      assert.ok(!existsSync(segmentPath(journal.state, 1)));
    }));

  it('tells recovery which sessions have no end, and shows committed entries without being asked', () =>
    withJournal(async (journal) => {
      assert.deepEqual(unfinishedSessions(journal.state), []);
      const open = journal.session(['select 1'], {}, false);
      journal.session(['select 2']);
      const running = archiver(journal.state);
      running.committed(journal.position);
      const catalog = openCatalog(journal.state);
      while (catalog.sessions({}, 'all', { limit: 1, cursor: null }).items.length === 0) await new Promise((done) => setTimeout(done, 10));
      assert.deepEqual(unfinishedSessions(journal.state), [{ session: open, lastSequence: 5 }]);
      const { fault, lagBytes, sessions, exchanges } = running.status();
      assert.deepEqual({ fault, lagBytes, sessions, exchanges }, { fault: null, lagBytes: 0, sessions: 2, exchanges: 2 });
      catalog.close();
      await running.close();
    }));

  it('makes nothing that anyone else may read', () =>
    withJournal(async (journal) => {
      journal.session(['select 1']);
      journal.append(Buffer.alloc(60, 0xff));
      journal.roll();
      const running = archiver(journal.state);
      running.committed(journal.position);
      while (running.status().lagBytes > 0) await new Promise((done) => setTimeout(done, 10));
      for (const entry of readdirSync(journal.state, { recursive: true, withFileTypes: true })) {
        if (entry.name.includes('.segment')) continue;
        const { mode } = statSync(join(entry.parentPath, entry.name));
        assert.equal(mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, entry.name);
      }
      await running.close();
    }));

  it('retries after a fault and loses nothing', () =>
    withJournal(async (journal) => {
      const id = journal.session(['select 1']);
      const running = archiver(journal.state);
      // A folder where the recording must go makes the append fail.
      mkdirSync(recordingPath(journal.state, id), { recursive: true });
      running.committed(journal.position);
      while (running.status().fault === null) await new Promise((done) => setTimeout(done, 10));
      rmSync(recordingPath(journal.state, id), { recursive: true });
      await running.close();
      assert.equal(unarchived(journal.state), 0);
      assert.equal(dumpCatalog(journal.state)['exchanges']?.length, 1);
    }));
});

/** A copy was made before later entries were written: it gets the segments as they came to be, and keeps those it had not let go of. */
function copyMissingJournal(journal: TestJournal, copy: string): void {
  const written = journal.archive();
  for (const name of readdirSync(written)) {
    const there = join(journalFolder(copy), name);
    const oldest = readdirSync(journalFolder(copy)).sort()[0] ?? '';
    if (existsSync(there) || name > oldest) cpSync(join(written, name), there);
  }
}
