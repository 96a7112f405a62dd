import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry, EntryBody } from './entry.ts';
import { encodeFrame, frameHeaderBytes, maxPayloadBytes, readFrame, sessionBytes } from './frame.ts';
import { createId } from './identifier.ts';
import { noGrounds } from './verdict.ts';

const session = createId();
const bodies: readonly EntryBody[] = [
  {
    kind: 'exchange',
    action: { name: 'a:b', effect: 'read', objects: [{ type: 'Table', name: 'größe' }], text: 'x\0\u2028', facts: { n: null } },
  },
  { kind: 'decision', decision: { verdict: 'refused', code: 'INTERNAL', reason: 'no', detail: null, grounds: noGrounds, approval: null } },
  { kind: 'bytes', direction: 'request', bytes: Buffer.from([0, 1, 255]) },
  { kind: 'bytes', direction: 'reply', bytes: Buffer.alloc(0) },
  { kind: 'withheld', direction: 'reply', count: 2 ** 40, sha256: 'ab' },
  { kind: 'outcome', outcome: { status: 'ok', rows: 3, tag: 'SELECT 3', error: null } },
  { kind: 'gap', direction: 'request', count: 1, reason: 'full' },
  { kind: 'end', end: { status: 'ended', reason: 'done' } },
  { kind: 'audit', audit: { event: 'recording.read', actor: 'ada', detail: { id: '1' } } },
];
const entries = bodies.map(
  (body, sequence): Entry => ({ ...body, session, sequence, at: 1_700_000_000_000.25 + sequence, exchange: sequence }),
);

describe('a frame', () => {
  for (const entry of entries)
    test(`brings back ${entry.kind}`, () => {
      const frame = encodeFrame(entry);
      const read = readFrame(frame, 0);
      assert.ok(read.kind === 'entry');
      assert.deepEqual(read.entry, entry);
      assert.equal(read.next, frame.length);
    });

  test('frames behind one another are read to a clean end', () => {
    const all = Buffer.concat(entries.map(encodeFrame));
    const found: Entry[] = [];
    let at = 0;
    for (let read = readFrame(all, at); read.kind === 'entry'; read = readFrame(all, at)) {
      found.push(read.entry);
      at = read.next;
    }
    assert.deepEqual(found, entries);
    assert.equal(readFrame(all, at).kind, 'end');
  });

  test('cut anywhere it is torn, never something else', () => {
    for (const frame of entries.map(encodeFrame))
      for (let length = 1; length < frame.length; length += 1) assert.equal(readFrame(frame.subarray(0, length), 0).kind, 'torn');
  });

  test('with any bit turned it is no entry', () => {
    for (const frame of entries.map(encodeFrame))
      for (let bit = 0; bit < frame.length * 8; bit += 1) {
        const broken = Buffer.from(frame);
        broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.notEqual(readFrame(broken, 0).kind, 'entry', `bit ${bit}`);
      }
  });

  test('a length that no frame has is damage', () => {
    const frame = Buffer.alloc(frameHeaderBytes);
    for (const length of [0, 35, maxPayloadBytes + frameHeaderBytes + 1, 2 ** 32 - 1]) {
      frame.writeUInt32BE(length, 0);
      assert.equal(readFrame(frame, 0).kind, 'corrupt');
    }
  });

  test('a session that is no UUID is not written', () => assert.throws(() => sessionBytes('nobody'), RangeError));
});

describe('an id', () => {
  test('sorts by the order in which it was made, also when the clock goes back', () => {
    const now = Date.now() + 1_000_000;
    const ids = Array.from({ length: 10_000 }, (_, index) => createId(now - (index % 7)));
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids.slice(0, 100)) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
