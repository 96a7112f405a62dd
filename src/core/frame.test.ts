import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from './entry.ts';
import { encodeFrame, frameHeaderBytes, readFrame, saidBefore, sessionBytes, writeFrame } from './frame.ts';
import { SaidSoFar } from './said.ts';
import { createId } from './identifier.ts';

const session = createId();
const head = { session, sequence: 7, at: 1_764_000_000_123.25, exchange: 3 };
const decision = {
  verdict: 'permitted',
  code: null,
  reason: null,
  detail: null,
  grounds: { policies: ['engineering'], version: 'abc' },
  approval: null,
} as const;

const entries: readonly Entry[] = [
  {
    ...head,
    kind: 'exchange',
    action: {
      name: 'toy:ask',
      effect: 'unknown',
      demands: [{ action: 'toy:ask', effect: 'unknown', object: null }],
      objects: [],
      text: 'sélect “1”',
      facts: { deep: [1, null] },
    },
  },
  { ...head, kind: 'decision', decision },
  { ...head, kind: 'bytes', direction: 'request', bytes: Buffer.from([0, 1, 2, 255]) },
  { ...head, kind: 'bytes', direction: 'reply', bytes: Buffer.alloc(0) },
  { ...head, kind: 'masked', masked: [{ rule: 'columns[0]', column: 'email', detector: null, count: 3 }] },
  { ...head, kind: 'withheld', direction: 'reply', count: 2 ** 40, sha256: 'f'.repeat(64) },
  { ...head, kind: 'outcome', outcome: { status: 'error', rows: 2, tag: null, error: { code: '42601', message: 'no' } } },
  { ...head, kind: 'gap', direction: 'request', count: 12, reason: 'disk full' },
  { ...head, kind: 'end', end: { status: 'interrupted', reason: 'the gateway was killed' } },
  { ...head, kind: 'audit', audit: { event: 'recording.read', actor: 'ada', detail: { session } } },
];

describe('a frame', () => {
  for (const [index, entry] of entries.entries())
    test(`${index}: ${entry.kind} comes back as it went`, () => {
      const read = readFrame(encodeFrame(entry), 0, new SaidSoFar());
      assert.equal(read.kind, 'entry');
      assert.deepEqual(read.kind === 'entry' ? read.entry : null, entry);
    });

  test('stands anywhere in a buffer, and the next one behind it', () => {
    const buffer = Buffer.concat(entries.map(encodeFrame));
    const found: string[] = [];
    let at = 0;
    for (let read = readFrame(buffer, at, new SaidSoFar()); read.kind === 'entry'; read = readFrame(buffer, at, new SaidSoFar())) {
      found.push(read.entry.kind);
      at = read.next;
    }
    assert.deepEqual(
      found,
      entries.map((entry) => entry.kind),
    );
    assert.deepEqual(readFrame(buffer, at, new SaidSoFar()), { kind: 'end' });
  });

  test('cut anywhere is torn, and never an entry', () => {
    const whole = encodeFrame(entries[0] as Entry);
    for (let length = 1; length < whole.length; length += 1)
      assert.equal(readFrame(whole.subarray(0, length), 0, new SaidSoFar()).kind, 'torn', `${length}`);
  });

  test('with any bit turned is damage, or goes on past its end, and never an entry', () => {
    const whole = encodeFrame(entries[1] as Entry);
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.match(readFrame(damaged, 0, new SaidSoFar()).kind, /corrupt|torn/, `bit ${bit}`);
    }
  });

  test('says by its place what an earlier one of its session and kind has said', () => {
    const [first, other] = [entries[0] as Entry, entries[1] as Entry];
    const frame = (entry: Entry, place: number, payload: Uint8Array) => {
      const out = Buffer.alloc(frameHeaderBytes + payload.length);
      const { sequence, exchange, at, kind } = entry;
      writeFrame(out, 0, { session: sessionBytes(entry.session), sequence, exchange, at, kind, direction: null, place }, payload);
      return out;
    };
    const payload = (entry: Entry) => encodeFrame(entry).subarray(frameHeaderBytes);
    const elsewhere = { ...first, session: createId() };
    const said = new SaidSoFar();
    const read = (bytes: Buffer) => {
      const found = readFrame(bytes, 0, said);
      return found.kind === 'entry' ? found.entry : found.kind;
    };
    assert.equal(read(frame(first, 2, saidBefore)), 'corrupt');
    assert.deepEqual(read(frame(first, 2, payload(first))), first);
    assert.deepEqual(read(frame({ ...first, sequence: 8 }, 2, saidBefore)), { ...first, sequence: 8 });
    assert.equal(read(frame(first, 1, saidBefore)), 'corrupt');
    assert.equal(read(frame(other, 2, saidBefore)), 'corrupt');
    assert.equal(read(frame(elsewhere, 2, saidBefore)), 'corrupt');
    assert.deepEqual(read(frame(other, 2, payload(other))), other);
    assert.equal(read(frame(first, 2, saidBefore)), 'corrupt');
    said.forget(session);
    assert.equal(read(frame(other, 2, saidBefore)), 'corrupt');
  });

  test('has a header of the documented length', () => {
    assert.equal(encodeFrame(entries[3] as Entry).length, frameHeaderBytes);
  });
});

describe('an identifier', () => {
  test('is a UUIDv7 of its time, and sorts behind every one before it', () => {
    const time = 1_764_000_000_000;
    const ids = Array.from({ length: 10_000 }, () => createId(time));
    assert.match(ids[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual([...ids].sort(), ids);
    assert.equal(new Set(ids).size, ids.length);
  });
});
