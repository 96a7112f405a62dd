import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Action, plainAction } from '../../core/action.ts';
import type { Entry } from '../../core/entry.ts';
import { Seal } from '../../core/originals.ts';
import type { Journal } from './journal.ts';
import { action, done, factsOf, kindsOf, left, TestState, terms, receiver } from './testing.ts';

const mebibyte = 1024 * 1024;
const small = { segmentBytes: mebibyte, reserveBytes: mebibyte / 2 };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const skip = canMount() ? false : 'needs root and mount(8) for a file system of its own that can be full';

/** A journal on a file system of 4 MiB. */
class SmallDisk extends TestState {
  readonly #mount: string;
  constructor() {
    const mount = mkdtempSync(join(tmpdir(), 'chaperone-disk-'));
    const { status, stderr } = system('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]);
    assert.equal(status, 0, stderr);
    super(join(mount, 'state'));
    this.#mount = mount;
  }

  /** Fills what is free, to the last byte. */
  fill(): void {
    const descriptor = openSync(join(this.#mount, 'filler'), 'w');
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(64 * 1024));
    } catch (fault) {
      assert.ok(fault instanceof Error && 'code' in fault && fault.code === 'ENOSPC');
    } finally {
      closeSync(descriptor);
    }
  }

  empty(): void {
    rmSync(join(this.#mount, 'filler'));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    system('umount', [this.#mount]);
    rmSync(this.#mount, { recursive: true });
  }
}

function system(command: string, args: string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(command, args, { encoding: 'utf8' });
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), 'chaperone-disk-'));
  const mounted = system('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe]).status === 0;
  if (mounted) system('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted;
}

async function untilReady(journal: Journal): Promise<void> {
  while (journal.unready() !== null) await sleep(20);
}

function assertNumbered(entries: readonly Entry[]): void {
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index),
  );
}

test('a full disk: sessions that chose stop are closed on record and release nothing more', { skip }, async () => {
  await using disk = new SmallDisk();
  const journal = await disk.open(small);
  const sessions = (['write', 'fsync'] as const).map((durability) => {
    const facts = factsOf();
    const seen = { released: [] as number[], faults: [] as Error[] };
    const record = journal.open(facts, { ...terms, durability }, (fault) => seen.faults.push(fault));
    const ordinal = record.exchange(action);
    record.cross(
      ordinal,
      'request',
      Buffer.from('asked'),
      receiver((bytes) => seen.released.push(bytes.length)),
    );
    return { facts, record, ordinal, ...seen };
  });
  const gone = factsOf();
  journal.open(gone, terms, () => {});
  await journal.audit({ event: 'test.flushed', actor: 'test', detail: {} });
  disk.fill();
  const offset = journal.position().offset;
  const late = factsOf();
  const lateRecord = journal.open(late, terms, () => {});
  for (const { record, ordinal, released } of sessions) {
    record.cross(
      ordinal,
      'reply',
      Buffer.alloc(700_000, 1),
      receiver((bytes) => released.push(bytes.length)),
    );
    record.outcome(ordinal, { status: 'ok', rows: 1, tag: null, error: null });
  }
  await turn();
  await Promise.all([...sessions.map(({ record }) => record.end(left)), lateRecord.end(left)]);
  for (const { facts, record, ordinal, released, faults } of sessions) {
    record.cross(
      ordinal,
      'reply',
      Buffer.from('more'),
      receiver((bytes) => released.push(bytes.length)),
    );
    await turn();
    assert.deepEqual(released, [5]);
    assert.equal(faults.length, 1);
    const entries = disk.of(facts.id);
    assert.deepEqual(kindsOf(entries), ['session', 'exchange', 'bytes', 'outcome', 'end']);
    assertNumbered(entries);
    const [outcome, end] = entries.slice(-2);
    assert.equal(outcome?.kind === 'outcome' && outcome.outcome.status, 'cut', 'its reply was never delivered');
    assert.ok(end?.kind === 'end' && end.end.status === 'ended' && end.end.reason.includes('ENOSPC'));
  }
  assert.deepEqual(kindsOf(disk.of(gone.id)), ['session', 'end'], 'also a session that did nothing just then');
  assert.deepEqual(kindsOf(disk.of(late.id)), ['session', 'end'], 'also one whose opening was in the failed commit');
  assert.ok(journal.position().offset < offset + 10_000, 'nothing of the failed commit is left');
  assert.match(journal.unready() ?? '', /ENOSPC/);
  for (const onFailure of ['stop', 'gap'] as const)
    assert.throws(() => journal.open(factsOf(), { ...terms, onFailure }, () => {}), { code: 'RECORDER_FAULT' });
  await assert.rejects(journal.audit({ event: 'recording.read', actor: 'ada', detail: {} }), { code: 'RECORDER_FAULT' });

  disk.empty();
  await untilReady(journal);
  assert.equal(statSync(join(disk.folder, 'reserve')).size, small.reserveBytes);
  const again = factsOf();
  await journal.open(again, terms, () => {}).end(left);
  assert.deepEqual(kindsOf(disk.of(again.id)), ['session', 'end']);
  await journal.close();
  const audits = disk.of(journal.ledger);
  assertNumbered(audits);
  assert.ok(audits.some((entry) => entry.kind === 'audit' && entry.audit.event === 'journal.restored'));
});

for (const durability of ['write', 'fsync'] as const)
  test(`a full disk: a session that chose gap (${durability}) goes on, and its gap is on record`, { skip }, async () => {
    await using disk = new SmallDisk();
    const journal = await disk.open(small);
    const fault = () => assert.fail('a gap session is not stopped');
    const [ending, going] = [factsOf(), factsOf()];
    const records = [ending, going].map((facts) => journal.open(facts, { ...terms, durability, onFailure: 'gap' }, fault));
    const [endingRecord, goingRecord] = records;
    assert.ok(endingRecord && goingRecord);
    await journal.audit({ event: 'test.flushed', actor: 'test', detail: {} });
    disk.fill();
    const released: number[] = [];
    const cross = (sizes: number[]) => {
      for (const record of records) {
        const ordinal = record.exchange(action);
        for (const size of sizes)
          record.cross(
            ordinal,
            'request',
            Buffer.alloc(size),
            receiver(() => released.push(size)),
          );
      }
    };
    cross([500_000, 300_000]);
    while (released.length < 4) await turn();
    cross([10, 11]);
    await endingRecord.end(left);
    assert.deepEqual(released, [500_000, 300_000, 500_000, 300_000, 10, 11, 10, 11]);
    const gaps = disk.of(ending.id).flatMap((entry) => (entry.kind === 'gap' ? [[entry.exchange, entry.direction, entry.count]] : []));
    assert.deepEqual(gaps, [
      [1, 'request', 800_000],
      [2, 'request', 21],
    ]);
    assert.deepEqual(kindsOf(disk.of(ending.id)), 'session,exchange,gap,exchange,gap,outcome,outcome,end'.split(','));
    assert.deepEqual(kindsOf(disk.of(going.id)), ['session']);

    disk.empty();
    await untilReady(journal);
    assert.deepEqual(kindsOf(disk.of(going.id)), ['session', 'exchange', 'gap', 'exchange', 'gap']);
    goingRecord.cross(
      2,
      'reply',
      Buffer.from('x'),
      receiver(() => released.push(1)),
    );
    await goingRecord.end(left);
    assert.equal(released.at(-1), 1);
    const entries = disk.of(going.id);
    assert.deepEqual(kindsOf(entries), 'session,exchange,gap,exchange,gap,bytes,outcome,outcome,end'.split(','));
    for (const facts of [ending, going]) assertNumbered(disk.of(facts.id));
    assert.equal(journal.statistics().gaps, 4);
  });

test('too little space at the start: nothing is taken on until there is room', { skip }, async () => {
  await using disk = new SmallDisk();
  const journal = await disk.open({ segmentBytes: 8 * mebibyte, reserveBytes: mebibyte });
  assert.match(journal.unready() ?? '', /has 4\.0 MiB free and the journal needs 9\.0 MiB/);
  assert.throws(() => journal.open(factsOf(), terms, () => {}), { code: 'RECORDER_FAULT' });
});

test('a full disk: what a lost entry would have kept for later ones is said again', { skip }, async () => {
  await using disk = new SmallDisk();
  const journal = await disk.open(small);
  const facts = factsOf();
  const record = journal.open(facts, { ...terms, onFailure: 'gap' }, (fault) => assert.fail(fault));
  const [first, second] = [plainAction('toy:read', 'read', 'read the first'), plainAction('toy:read', 'read', 'read the second')];
  const asked: string[] = [];
  const ask = async (what: Action, bytes: Uint8Array) => {
    const ordinal = record.exchange(what);
    record.cross(ordinal, 'reply', bytes, null);
    record.outcome(ordinal, done);
    asked.push(what.text);
    await turn();
  };
  for (const what of [first, first, first, second]) await ask(what, Buffer.from('x'));
  disk.fill();
  // The second gets its place in a batch that is lost, in which the first is named by its own.
  record.exchange(first);
  asked.push(first.text);
  await ask(second, Buffer.alloc(700_000, 1));
  assert.notEqual(journal.unready(), null);
  await ask(second, Buffer.from('x'));
  disk.empty();
  await untilReady(journal);
  for (const what of [first, second, second]) await ask(what, Buffer.from('x'));
  await record.end(left);
  const entries = disk.of(facts.id);
  assert.deepEqual(
    entries.flatMap((entry) => (entry.kind === 'exchange' ? [entry.action.text] : [])),
    asked,
  );
  assertNumbered(entries);
  assert.equal(entries.at(-1)?.kind, 'end');
});

test('a full disk: a session that chose gap keeps the key to its originals, and has none of what crossed meanwhile', { skip }, async () => {
  await using disk = new SmallDisk();
  const journal = await disk.open(small);
  const facts = factsOf();
  const key = { key: randomBytes(32), recipients: ['age1test'], wrapped: 'wrapped' };
  const seal = new Seal({ key: () => Promise.reject(new Error('none')), unused: () => {} }, key);
  const record = journal.open(facts, { ...terms, onFailure: 'gap' }, (fault) => assert.fail(fault), seal);
  await journal.audit({ event: 'test.flushed', actor: 'test', detail: {} });
  disk.fill();
  const ordinal = record.exchange(action);
  const released: number[] = [];
  const cross = (size: number) =>
    record.cross(
      ordinal,
      'reply',
      Buffer.alloc(size),
      receiver(() => released.push(size)),
      Buffer.alloc(size, 1),
    );
  // The key goes with the commit that fails.
  cross(500_000);
  while (released.length < 1) await turn();
  cross(10);
  disk.empty();
  await untilReady(journal);
  cross(20);
  await record.end(left);
  assert.deepEqual(released, [500_000, 10, 20]);
  const entries = disk.of(facts.id);
  assertNumbered(entries);
  assert.deepEqual(kindsOf(entries), 'session,exchange,key,gap,sealed,bytes,outcome,end'.split(','));
});
