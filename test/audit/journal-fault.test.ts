import assert from 'node:assert/strict';
import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { segmentName } from '../../src/core/segment.ts';
import type { Journal } from '../../src/stages/recording/journal.ts';
import { action, factsOf, kindsOf, left, TestState, terms, receiver } from '../../src/stages/recording/testing.ts';

// Closes the journal's descriptor under it: the one real I/O fault that needs neither root nor a special disk. It is in a
// process of its own, because elsewhere another test's file could be given the same number.
const skip = process.platform === 'linux' ? false : 'needs /proc to find the descriptor';

function closeSegment(state: TestState, journal: Journal): void {
  const path = join(state.folder, segmentName(journal.position().segment));
  const descriptor = readdirSync('/proc/self/fd').find((number) => targetOf(number) === path);
  assert.ok(descriptor);
  closeSync(Number(descriptor));
}

function targetOf(descriptor: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The descriptor of the listing itself is gone by now.
    return null;
  }
}

async function untilReady(journal: Journal): Promise<void> {
  while (journal.unready() !== null) await sleep(20);
}

test('a write that fails stops the session, closes it on record, and the journal goes on by itself', { skip }, async () => {
  await using state = new TestState();
  const journal = await state.open();
  const faults: Error[] = [];
  const facts = factsOf();
  const record = journal.open(facts, terms, (fault) => faults.push(fault));
  const ordinal = record.exchange(action);
  await journal.audit({ event: 'test.flushed', actor: 'test', detail: {} });
  closeSegment(state, journal);
  record.cross(
    ordinal,
    'request',
    Buffer.from('never'),
    receiver(() => assert.fail('released without a record')),
  );
  const lost = assert.rejects(journal.audit({ event: 'recording.read', actor: 'ada', detail: {} }), { code: 'RECORDER_FAULT' });
  await record.end(left);
  await lost;
  assert.equal(faults.length, 0, 'it had ended in the same turn: nobody is left to be told');
  assert.deepEqual(kindsOf(state.of(facts.id)), ['session', 'exchange', 'outcome', 'end']);
  assert.match(journal.unready() ?? '', /EBADF/);
  await untilReady(journal);
  await journal.open(factsOf(), terms, () => {}).end(left);
});

test('a flush that fails: bytes that waited for it are not released, and the journal goes on in a new segment', { skip }, async () => {
  await using state = new TestState();
  const armed = { close: () => {} };
  const journal = await state.open({
    onCommit: () => {
      armed.close();
      armed.close = () => {};
    },
  });
  const { segment } = journal.position();
  const faults: Error[] = [];
  const [stopping, going] = [factsOf(), factsOf()];
  const record = journal.open(stopping, { ...terms, durability: 'fsync' }, (fault) => faults.push(fault));
  const gapRecord = journal.open(going, { ...terms, durability: 'fsync', onFailure: 'gap' }, () =>
    assert.fail('a gap session is not stopped'),
  );
  await journal.audit({ event: 'test.flushed', actor: 'test', detail: {} });
  armed.close = () => closeSegment(state, journal);
  let released = 0;
  record.cross(
    0,
    'request',
    Buffer.from('not surely on disk'),
    receiver(() => assert.fail('released without a flush')),
  );
  gapRecord.cross(
    0,
    'request',
    Buffer.from('12345'),
    receiver((bytes) => (released += bytes.length)),
  );
  while (faults.length === 0) await sleep(1);
  assert.equal(released, 5);
  await record.end(left);
  await untilReady(journal);
  assert.equal(journal.position().segment, segment + 1);
  await gapRecord.end(left);
  assert.deepEqual(kindsOf(state.of(stopping.id)), ['session', 'bytes', 'end']);
  assert.deepEqual(kindsOf(state.of(going.id)), ['session', 'bytes', 'gap', 'end']);
  for (const id of [stopping.id, going.id])
    assert.deepEqual(
      state.of(id).map(({ sequence }) => sequence),
      state.of(id).map((_, index) => index),
    );
});
