import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import { type Archiver, archiveJournal } from './archiver.ts';
import { openCatalog } from './catalog.ts';
import { recordingPath } from './layout.ts';
import { dumpCatalog, linesDecoder, opening, TestJournal } from './test-journal.ts';

const start = 1_760_000_000_000;
const day = 86_400_000;

interface Scene {
  readonly journal: TestJournal;
  readonly events: AuditEvent[];
  clock: number;
  refuse: boolean;
  begin(): Archiver;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const journal = new TestJournal();
  const ledger = createId();
  const made: Scene = {
    journal,
    events: [],
    clock: start + day,
    refuse: false,
    begin: () => {
      const audit = async (event: AuditEvent) => {
        if (made.refuse) throw new Error('disk full');
        made.events.push(event);
        journal.put(ledger, 0, { kind: 'audit', audit: event });
      };
      return archiveJournal({ state: journal.state, decoders: linesDecoder, audit, log: () => {}, now: () => made.clock });
    },
  };
  try {
    await work(made);
  } finally {
    journal.remove();
  }
}

async function drain(archiver: Archiver, journal: TestJournal): Promise<void> {
  archiver.committed(journal.position);
  while (archiver.status().lagBytes > 0) await new Promise((done) => setTimeout(done, 5));
}

describe('retention', () => {
  it('deletes file, rows and index after the event is on record, and keeps what is not over its time', () =>
    scene(async (made) => {
      const { journal, events } = made;
      const old = journal.session(['select cell old'], { retentionDays: 0.5 });
      const young = journal.session(['select cell young'], { retentionDays: 2 });
      const archiver = made.begin();
      await drain(archiver, journal);
      const bytes = readFileSync(recordingPath(journal.state, old));
      assert.equal(await archiver.sweep(), 1);
      assert.equal(await archiver.sweep(), 0);
      assert.ok(!existsSync(recordingPath(journal.state, old)));
      assert.ok(statSync(recordingPath(journal.state, young)).size > 0);
      assert.equal(events.length, 1);
      const { startedAt: _startedAt, endedAt: _endedAt, ...detail } = events[0]?.detail ?? {};
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      assert.deepEqual(detail, { session: old, connection: 'orders', bytes: bytes.length, sha256 });
      archiver.committed(journal.position);
      await archiver.close();
      const { sessions, exchanges, indexed, orphans } = dumpCatalog(journal.state);
      assert.deepEqual([sessions?.length, exchanges?.length, indexed?.length, orphans?.length], [1, 1, 1, 0]);
      const catalog = openCatalog(journal.state);
      assert.equal(catalog.exchanges({ q: 'old' }, 'all', { limit: 10, cursor: null }).items.length, 0);
      assert.equal(catalog.audit({}, { limit: 10, cursor: null }).items[0]?.event, 'retention.deleted');
      catalog.close();
    }));

  it('deletes nothing whose deletion cannot be put on record', () =>
    scene(async (made) => {
      const id = made.journal.session(['select 1'], { retentionDays: 0 });
      const archiver = made.begin();
      await drain(archiver, made.journal);
      made.refuse = true;
      assert.equal(await archiver.sweep(), 0);
      assert.ok(existsSync(recordingPath(made.journal.state, id)));
      made.refuse = false;
      assert.equal(await archiver.sweep(), 1);
      await archiver.close();
    }));

  it('counts a session that never ended from its last entry, and leaves one alone that goes on', () =>
    scene(async (made) => {
      const { journal } = made;
      const id = journal.session(['select 1'], { retentionDays: 0.5 }, false);
      const first = made.begin();
      await drain(first, journal);
      assert.equal(await first.sweep(), 0);
      await first.close();
      const second = made.begin();
      assert.equal(await second.sweep(), 1);
      assert.equal(made.events[0]?.detail['endedAt'], null);
      assert.ok(!existsSync(recordingPath(journal.state, id)));
      await second.close();
    }));

  it('goes on where a sweep was cut between the file and the rows, without a second event', () =>
    scene(async (made) => {
      const { journal } = made;
      const id = journal.session(['select 1'], { retentionDays: 0 });
      journal.put(createId(), 0, { kind: 'audit', audit: { event: 'retention.deleted', actor: 'gateway', detail: { session: id } } });
      const first = made.begin();
      await drain(first, journal);
      await first.close();
      rmSync(recordingPath(journal.state, id));
      const archiver = made.begin();
      assert.equal(await archiver.sweep(), 1);
      assert.equal(made.events.length, 0);
      await archiver.close();
      assert.equal(dumpCatalog(journal.state)['sessions']?.length, 0);
    }));

  it('does not bring back what the journal still holds', () =>
    scene(async (made) => {
      const { journal } = made;
      const id = createId();
      journal.put(id, 0, opening(id, start, { retentionDays: 0 }), { kind: 'end', end: { status: 'ended', reason: 'x' } });
      const first = made.begin();
      await drain(first, journal);
      assert.equal(await first.sweep(), 1);
      const second = made.begin();
      await drain(second, journal);
      await second.close();
      await first.close();
      assert.ok(!existsSync(recordingPath(journal.state, id)));
    }));
});
