import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainAction } from '../../core/action.ts';
import { frameHeaderBytes, maxPayloadBytes, sessionBytes } from '../../core/frame.ts';
import { createId } from '../../core/identifier.ts';
import { longestOriginal, openSealed, Seal, sealedHead } from '../../core/originals.ts';
import { segmentName, segmentNumber } from '../../core/segment.ts';
import { action, done, factsOf, kindsOf, left, TestState, terms, receiver } from './testing.ts';

const text = (value: string) => Buffer.from(value);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const noFault = (fault: Error) => assert.fail(fault);

test('a session stands in the journal as it happened', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const facts = factsOf();
  const record = journal.open(facts, terms, noFault);
  const released: string[] = [];
  const release = receiver((bytes: Uint8Array) => released.push(Buffer.from(bytes).toString()));
  record.cross(0, 'request', text('hello'), release);
  const first = record.exchange(action);
  record.decided(first, facts.decision);
  record.cross(first, 'request', text('ask'), release);
  record.cross(first, 'request', text('kept, goes nowhere'), null);
  record.cross(first, 'reply', text('answer'), release);
  record.outcome(first, done);
  record.cross(first, 'reply', text('too late for its exchange'), release);
  const second = record.exchange(action);
  assert.deepEqual(released, []);
  await record.end(left);
  record.cross(second, 'request', text('after the end'), release);
  await record.end(left);
  await turn();
  assert.deepEqual(released, ['hello', 'ask', 'answer', 'too late for its exchange']);

  const entries = state.of(facts.id);
  assert.deepEqual(
    entries.map(({ kind, exchange }) => `${kind} ${exchange}`),
    'session 0,bytes 0,exchange 1,decision 1,bytes 1,bytes 1,bytes 1,outcome 1,bytes 0,exchange 2,outcome 2,end 0'.split(','),
  );
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index),
  );
  for (const [index, entry] of entries.entries()) assert.ok(entry.at >= (entries[index - 1]?.at ?? 0));
  const opening = entries[0];
  assert.deepEqual(opening?.kind === 'session' && opening.facts, facts);
  const last = entries.at(-2);
  assert.equal(last?.kind === 'outcome' && last.outcome.status, 'cut');
});

test('what one turn of the event loop brings is one commit, across sessions, released in the order of the calls', async () => {
  await using state = new TestState();
  const positions: number[] = [];
  const journal = await state.open({ onCommit: ({ offset }) => positions.push(offset) });
  const records = Array.from({ length: 16 }, () => journal.open(factsOf(), terms, noFault));
  const before = journal.statistics();
  const committed = positions.length;
  const released: number[] = [];
  for (const round of [0, 1, 2])
    for (const [index, record] of records.entries())
      record.cross(
        0,
        'request',
        text('x'.repeat(index * 1000)),
        receiver(() => released.push(round * 16 + index)),
      );
  assert.equal(journal.statistics().pending, 48);
  await turn();
  const after = journal.statistics();
  assert.equal(after.commits - before.commits, 1);
  assert.equal(after.entries - before.entries, 64);
  assert.deepEqual(positions.slice(committed), [journal.position().offset]);
  assert.deepEqual(
    released,
    Array.from({ length: 48 }, (_, index) => index),
  );
});

test('what a release appends is a commit of its own', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const record = journal.open(factsOf(), terms, noFault);
  const order: string[] = [];
  record.cross(
    0,
    'request',
    text('a'),
    receiver(() => {
      order.push('a');
      record.cross(
        0,
        'reply',
        text('b'),
        receiver(() => order.push('b')),
      );
      assert.equal(journal.statistics().pending, 1);
    }),
  );
  await record.end(left).then(() => order.push('ended'));
  assert.deepEqual(order, ['a', 'ended'], 'the end was called before the release, so what the release brings is too late');
});

test('fsync releases only after a flush that began after the write; write does not wait for it', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const fast = journal.open(factsOf(), terms, noFault);
  const sure = journal.open(factsOf(), { ...terms, durability: 'fsync' }, noFault);
  const order: string[] = [];
  const flushesAtStart = journal.statistics().flushes;
  let flushesAtRelease = 0;
  sure.cross(
    0,
    'request',
    text('1'),
    receiver(() => order.push('sure 1')),
  );
  fast.cross(
    0,
    'request',
    text('2'),
    receiver(() => order.push('fast 2')),
  );
  sure.cross(
    0,
    'request',
    text('3'),
    receiver(() => {
      order.push('sure 3');
      flushesAtRelease = journal.statistics().flushes;
    }),
  );
  await turn();
  assert.deepEqual(order, ['fast 2']);
  await Promise.all([fast.end(left), sure.end(left)]);
  assert.deepEqual(order, ['fast 2', 'sure 1', 'sure 3']);
  assert.ok(flushesAtRelease > flushesAtStart);
});

test('over the limit content is counted and hashed, both directions together, the straddling piece kept whole', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const facts = factsOf();
  const record = journal.open(facts, { ...terms, contentLimit: 10 }, noFault);
  const released: string[] = [];
  const release = receiver((bytes: Uint8Array) => released.push(Buffer.from(bytes).toString()));
  const ordinal = record.exchange(action);
  record.cross(ordinal, 'request', text('123456'), release);
  record.cross(ordinal, 'reply', text('abcdefgh'), release);
  record.cross(ordinal, 'reply', text('ijk'), release);
  record.cross(ordinal, 'request', text('789'), release);
  record.cross(ordinal, 'reply', text('lmn'), release);
  const next = record.exchange(action);
  record.cross(next, 'request', text('a limit of its own'), release);
  await record.end(left);
  assert.deepEqual(released, ['123456', 'abcdefgh', 'ijk', '789', 'lmn', 'a limit of its own']);
  const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');
  const entries = state.of(facts.id);
  const shown = entries.flatMap((entry) => {
    if (entry.kind === 'bytes') return [`${entry.exchange} ${entry.direction} ${Buffer.from(entry.bytes).toString()}`];
    return entry.kind === 'withheld' ? [`${entry.exchange} ${entry.direction} ${entry.count} ${entry.sha256}`] : [];
  });
  assert.deepEqual(shown, [
    '1 request 123456',
    '1 reply abcdefgh',
    `1 reply 3 ${sha256('ijk')}`,
    `1 request 3 ${sha256('789')}`,
    `1 reply 6 ${sha256('ijklmn')}`,
    '2 request a limit of its own',
  ]);
});

test('a payload over the frame limit is split, and released piece by piece', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const facts = factsOf();
  const record = journal.open(facts, terms, noFault);
  const sizes: number[] = [];
  record.cross(
    0,
    'reply',
    Buffer.alloc(maxPayloadBytes * 2 + 5, 7),
    receiver((bytes) => sizes.push(bytes.length)),
  );
  await record.end(left);
  assert.deepEqual(sizes, [maxPayloadBytes, maxPayloadBytes, 5]);
  const kept = state.of(facts.id).flatMap((entry) => (entry.kind === 'bytes' ? [entry.bytes.length] : []));
  assert.deepEqual(kept, sizes);
});

test('segments roll by size and on demand, whole, private, and without losing the order', async () => {
  await using state = new TestState();
  const journal = await state.open({ segmentBytes: 4096 });
  const facts = factsOf();
  const record = journal.open(facts, terms, noFault);
  let released = 0;
  let crossed = 0;
  // A new segment is made beside the traffic: how many entries the old one takes meanwhile is the disk's affair.
  for (; crossed < 200 || (journal.position().segment <= 3 && crossed < 50_000); crossed += 1) {
    record.cross(
      0,
      'request',
      Buffer.alloc(500, crossed),
      receiver(() => (released += 1)),
    );
    await turn();
    if (crossed === 100) await journal.rollSegment();
  }
  await record.end(left);
  assert.equal(released, crossed);
  assert.ok(journal.position().segment > 3);
  const entries = state.of(facts.id);
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index),
  );
  assert.equal(entries.length, crossed + 2);
  assert.equal(statSync(state.folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(state.folder, segmentName(journal.position().segment))).mode & 0o777, 0o600);
});

test('the clock may go back, the record does not', async () => {
  await using state = new TestState();
  let now = 5000;
  const journal = await state.open({ now: () => (now -= 1) });
  const facts = factsOf();
  const record = journal.open(facts, terms, noFault);
  record.cross(0, 'request', text('x'), null);
  await record.end(left);
  assert.equal(new Set(state.of(facts.id).map(({ at }) => at)).size, 1);
});

test('audit events are numbered in the ledger of this start; closing ends what is open', async () => {
  await using state = new TestState();
  const gatewayId = createId();
  const journal = await state.open({ gatewayId, version: '1.2.3' });
  assert.equal(journal.ledger, gatewayId);
  const facts = factsOf();
  journal.open(facts, terms, noFault);
  await journal.audit({ event: 'recording.read', actor: 'ada', detail: { session: facts.id } });
  await journal.close();
  const audits = state.of(gatewayId);
  assert.deepEqual(
    audits.map((entry) => [entry.sequence, entry.kind === 'audit' && entry.audit.event]),
    [
      [0, 'gateway.started'],
      [1, 'recording.read'],
      [2, 'gateway.stopped'],
    ],
  );
  assert.deepEqual(audits[0]?.kind === 'audit' && audits[0].audit.detail, { recovered: 0, tornBytes: 0, version: '1.2.3' });
  assert.deepEqual(kindsOf(state.of(facts.id)), ['session', 'end']);
  assert.notEqual(journal.unready(), null);
  assert.throws(() => journal.open(factsOf(), terms, noFault), { code: 'RECORDER_FAULT' });
  await assert.rejects(journal.audit({ event: 'recording.read', actor: 'ada', detail: {} }), { code: 'RECORDER_FAULT' });
});

test('a release that throws ends its own session and no other', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const faults: Error[] = [];
  const bad = factsOf();
  const record = journal.open(bad, terms, (fault) => faults.push(fault));
  const other = journal.open(factsOf(), terms, noFault);
  const released: string[] = [];
  record.cross(
    0,
    'reply',
    text('1'),
    receiver(() => {
      throw new Error('socket is gone');
    }),
  );
  record.cross(
    0,
    'reply',
    text('2'),
    receiver(() => released.push('bad')),
  );
  other.cross(
    0,
    'reply',
    text('3'),
    receiver(() => released.push('other')),
  );
  await turn();
  await record.end(left);
  assert.deepEqual(released, ['other']);
  assert.equal(faults.length, 1);
  assert.deepEqual(kindsOf(state.of(bad.id)), ['session', 'bytes', 'bytes', 'end']);
});

test('what a session says again takes a header, and each segment can be read without the ones before it', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const facts = factsOf();
  const record = journal.open(facts, terms, noFault);
  const again = plainAction('toy:read', 'read', `read ${'a long thing '.repeat(50)}`);
  const ask = () => {
    const ordinal = record.exchange(again);
    record.decided(ordinal, facts.decision);
    record.outcome(ordinal, done);
  };
  const bytesOf = async (count: number) => {
    const before = journal.position();
    for (let index = 0; index < count; index += 1) ask();
    await turn();
    return journal.position().offset - before.offset;
  };
  await bytesOf(1);
  const whole = (await bytesOf(1)) - 3 * frameHeaderBytes;
  assert.equal(await bytesOf(10), 10 * 3 * frameHeaderBytes);
  // Some of this turn goes into the old segment and some into the new one.
  ask();
  const rolling = journal.rollSegment();
  for (let index = 0; index < 20; index += 1) {
    ask();
    await turn();
  }
  await rolling;
  await bytesOf(1);
  await record.end(left);

  const [, second] = readdirSync(join(state.path, 'journal')).filter((name) => segmentNumber(name) !== null);
  const entries = state.of(facts.id);
  const actions = entries.flatMap((entry) => (entry.kind === 'exchange' ? [entry.action] : []));
  assert.equal(actions.length, 34);
  for (const one of actions) assert.deepEqual(one, again);
  assert.equal(entries.filter((entry) => entry.kind === 'outcome' && entry.outcome.tag === 'DONE').length, 34);
  // It has what it names, once, beside headers.
  assert.ok(whole > 700);
  assert.ok(statSync(join(state.path, 'journal', second ?? '')).size < 2 * whole + 100 * frameHeaderBytes);
});

const keyOf = (bytes: Uint8Array) => ({ key: bytes, recipients: ['age1test'], wrapped: 'wrapped' });

test('an original is on record sealed before what masking made of it, and what is not masked has none', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const facts = factsOf();
  const unused: unknown[] = [];
  const keys = { key: () => Promise.reject(new Error('none')), unused: (key: unknown) => unused.push(key) };
  const key = randomBytes(32);
  const kept = Buffer.from(key);
  const record = journal.open(facts, terms, noFault, new Seal(keys, keyOf(key)));
  const ordinal = record.exchange(action);
  const released: string[] = [];
  const release = receiver((bytes: Uint8Array) => released.push(Buffer.from(bytes).toString()));
  record.cross(ordinal, 'reply', text('a**'), release, text('ada'));
  record.cross(ordinal, 'reply', text('plain'), release, text('plain'));
  record.cross(ordinal, 'reply', text('more'), release);
  record.cross(ordinal, 'reply', text(''), release, text('nothing takes its place yet'));
  record.cross(ordinal, 'reply', text('b**'), release, Buffer.alloc(longestOriginal + 1, 'b'));
  await record.end(left);
  const entries = state.of(facts.id);
  const [begun, ...kinds] = entries.map(({ kind }) => kind);
  assert.equal(begun, 'session');
  assert.deepEqual(kinds, 'exchange,key,sealed,bytes,bytes,bytes,sealed,sealed,sealed,bytes,outcome,end'.split(','));
  assert.deepEqual(released, ['a**', 'plain', 'more', 'b**']);
  const originals = entries.flatMap((entry) => {
    if (entry.kind !== 'sealed') return [];
    const { exchange, sequence, bytes } = entry;
    const original = openSealed(kept, { session: sessionBytes(facts.id), exchange, sequence }, Buffer.from(bytes));
    return [`${sealedHead(Buffer.from(bytes))?.standsFor} ${original?.toString().slice(0, 27)} ${original?.length}`];
  });
  assert.deepEqual(originals, ['3 ada 3', '0 nothing takes its place yet 27', `0 ${'b'.repeat(27)} ${longestOriginal}`, '3 b 1']);
  assert.deepEqual(unused, []);
  assert.deepEqual(key, Buffer.alloc(32), 'the key is gone with its session');
});

test('what cannot be sealed does not cross, and a key that sealed nothing is given back', async () => {
  await using state = new TestState();
  const journal = await state.open();
  const unused: unknown[] = [];
  const keys = { key: () => Promise.reject(new Error('none')), unused: (key: unknown) => unused.push(key) };
  const [broken, idle] = [factsOf(), factsOf()];
  const record = journal.open(broken, terms, noFault, new Seal(keys, keyOf(Buffer.alloc(3))));
  assert.throws(() =>
    record.cross(
      0,
      'reply',
      text('a**'),
      receiver(() => assert.fail('crossed')),
      text('ada'),
    ),
  );
  await record.end(left);
  assert.ok(state.of(broken.id).every(({ kind }) => kind !== 'bytes'));
  const key = keyOf(randomBytes(32));
  await journal.open(idle, terms, noFault, new Seal(keys, key)).end(left);
  assert.deepEqual(unused, [key]);
});
