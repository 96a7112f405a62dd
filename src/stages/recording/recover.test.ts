import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Entry } from '../../core/entry.ts';
import { encodeFrame, readFrame } from '../../core/frame.ts';
import { SaidSoFar } from '../../core/said.ts';
import { createId } from '../../core/identifier.ts';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from '../../core/segment.ts';
import { recover } from './recover.ts';
import { action, done, factsOf, kindsOf, left, TestState, terms } from './testing.ts';

const noFault = (fault: Error) => assert.fail(fault);

/** A small segment with two sessions: one that ended, one that goes on in its second exchange. */
function smallSegment(): { readonly bytes: Buffer; readonly ends: number[]; readonly ended: string; readonly going: string } {
  const [ended, going] = [createId(), createId()];
  const at = 1000;
  const entries: Entry[] = [
    { kind: 'session', facts: factsOf(ended), session: ended, sequence: 0, exchange: 0, at },
    { kind: 'session', facts: factsOf(going), session: going, sequence: 0, exchange: 0, at },
    { kind: 'exchange', action, session: going, sequence: 1, exchange: 1, at },
    { kind: 'end', end: left, session: ended, sequence: 1, exchange: 0, at },
    { kind: 'outcome', outcome: done, session: going, sequence: 2, exchange: 1, at },
    { kind: 'exchange', action, session: going, sequence: 3, exchange: 2, at },
    { kind: 'bytes', direction: 'request', bytes: Buffer.from('select 1'), session: going, sequence: 4, exchange: 2, at },
  ];
  const frames = entries.map(encodeFrame);
  const ends = [segmentHeaderBytes];
  for (const frame of frames) ends.push((ends.at(-1) ?? 0) + frame.length);
  return { bytes: Buffer.concat([encodeSegmentHeader(1), ...frames]), ends, ended, going };
}

test('a tail torn at any byte is put aside and cut to the last whole entry', () => {
  const { bytes, ends, ended, going } = smallSegment();
  // In memory where there is one: a flush to disk for each of some thousand lengths would take seconds.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'chaperone-torn-'));
  try {
    for (let length = 0; length <= bytes.length; length += 1) {
      const path = join(folder, segmentName(1));
      writeFileSync(path, bytes.subarray(0, length));
      const { torn, cut, nextSegment, damaged } = recover(folder, []);
      const whole = length < segmentHeaderBytes ? 0 : Math.max(...ends.filter((end) => end <= length));
      assert.equal(nextSegment, 2);
      assert.deepEqual(damaged, []);
      assert.equal(torn?.bytes ?? 0, length - whole, `length ${length}`);
      if (torn !== null && torn.bytes > 0) assert.deepEqual(readFileSync(join(folder, torn.file)), bytes.subarray(whole, length));
      assert.deepEqual(readFileSync(path), bytes.subarray(0, Math.max(whole, segmentHeaderBytes)));
      const entries = ends.indexOf(Math.max(whole, segmentHeaderBytes));
      const expected = new Set([...(entries >= 1 && entries < 4 ? [ended] : []), ...(entries >= 2 ? [going] : [])]);
      assert.deepEqual(new Set(cut.map(({ id }) => id)), expected, `length ${length}`);
      assert.equal(recover(folder, []).torn, null, 'a second recovery finds a clean end');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('recovery closes cut sessions with the right number, time and outcomes, and says so in the ledger', async () => {
  await using state = new TestState();
  const { bytes, ended, going } = smallSegment();
  const old = createId();
  const [ahead, behind] = [
    { session: createId(), lastSequence: 41 },
    { session: going, lastSequence: 2 },
  ];
  mkdirSync(state.folder, { recursive: true });
  writeFileSync(join(state.folder, segmentName(1)), Buffer.concat([bytes, Buffer.from('half a frame')]));
  const journal = await state.open({
    now: () => 500,
    unfinished: [ahead, behind, { session: ended, lastSequence: 0 }, { session: old, lastSequence: 0 }],
  });
  assert.equal(journal.position().segment, 2);
  const closing = state.of(going).slice(-2);
  assert.deepEqual(
    closing.map(({ kind, sequence, exchange, at }) => ({ kind, sequence, exchange, at })),
    [
      { kind: 'outcome', sequence: 5, exchange: 2, at: 1000 },
      { kind: 'end', sequence: 6, exchange: 0, at: 1000 },
    ],
  );
  assert.equal(closing[1]?.kind === 'end' && closing[1].end.status, 'interrupted');
  assert.deepEqual(
    state.of(ahead.session).map(({ kind, sequence }) => [kind, sequence]),
    [['end', 42]],
  );
  assert.deepEqual(
    state.of(old).map(({ kind, sequence }) => [kind, sequence]),
    [['end', 1]],
  );
  assert.deepEqual(kindsOf(state.of(ended)), ['session', 'end']);
  const audits = state.of(journal.ledger).flatMap((entry) => (entry.kind === 'audit' ? [entry.audit] : []));
  assert.deepEqual(
    audits.map(({ event }) => event),
    ['journal.torn', 'gateway.started'],
  );
  assert.deepEqual(audits[1]?.detail, { recovered: 3, tornBytes: 12 });
  await journal.close();

  const again = await state.open({ unfinished: [ahead] });
  const started = state.of(again.ledger)[0];
  assert.deepEqual(started?.kind === 'audit' && started.audit.detail, { recovered: 0, tornBytes: 0 });
  assert.equal(again.position().segment, 3);
});

test('damage in the middle of an earlier segment is reported and left as it is', async () => {
  await using state = new TestState();
  const first = await state.open();
  const facts = factsOf();
  const record = first.open(facts, terms, noFault);
  for (const value of ['one', 'two', 'three']) record.cross(0, 'request', Buffer.from(value), null);
  await record.end(left);
  const damagedSegment = first.position().segment;
  await first.rollSegment();
  await first.close();

  const path = join(state.folder, segmentName(damagedSegment));
  const bytes = readFileSync(path);
  const at = bytes.indexOf('two');
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
  const second = await state.open();
  assert.deepEqual(readFileSync(path), bytes);
  const damage = state.of(second.ledger).find((entry) => entry.kind === 'audit' && entry.audit.event === 'journal.damaged');
  const frame = at - 44;
  assert.deepEqual(damage?.kind === 'audit' && damage.audit.detail, { segment: damagedSegment, offset: frame, reason: 'checksum' });
  assert.equal(readFrame(bytes, frame, new SaidSoFar()).kind, 'corrupt');
  assert.ok(state.lines.some((line) => line.includes('damaged')));
  assert.deepEqual(kindsOf(state.of(facts.id)), ['session', 'bytes', 'end'], 'what stood before the damage, and the end by recovery');
});

test('a restart over an untouched journal changes none of its segments', async () => {
  await using state = new TestState();
  const first = await state.open();
  const record = first.open(factsOf(), terms, noFault);
  record.cross(0, 'request', Buffer.alloc(100_000, 1), null);
  await record.end(left);
  await first.close();
  const copy = mkdtempSync(join(tmpdir(), 'chaperone-copy-'));
  try {
    const name = segmentName(1);
    copyFileSync(join(state.folder, name), join(copy, name));
    await state.open();
    assert.deepEqual(readFileSync(join(state.folder, name)), readFileSync(join(copy, name)));
    assert.deepEqual(readdirSync(state.folder).sort(), [name, segmentName(2), 'reserve']);
    assert.equal(statSync(join(state.folder, 'reserve')).size, 64 * 1024);
  } finally {
    rmSync(copy, { recursive: true });
  }
});
