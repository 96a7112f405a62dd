import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Direction, Entry } from '../core/entry.ts';
import type { Decoder } from '../core/protocol.ts';
import { decodeRecording } from './decoded.ts';

const piece = 10_000;

/** A session of three exchanges, the second of which answers with half a megabyte. */
function* entries(): Generator<Entry> {
  let sequence = 0;
  const entry = (exchange: number, direction: Direction): Entry => {
    const bytes = Buffer.alloc(piece, exchange);
    return { session: 's', sequence: sequence++, at: 0, exchange, kind: 'bytes', direction, bytes };
  };
  for (const [exchange, replies] of [
    [1, 1],
    [2, 50],
    [3, 1],
  ] as const) {
    yield entry(exchange, 'request');
    for (let reply = 0; reply < replies; reply += 1) yield entry(exchange, 'reply');
    yield {
      session: 's',
      sequence: sequence++,
      at: 0,
      exchange,
      kind: 'outcome',
      outcome: { status: 'ok', rows: 0, tag: null, error: null },
    };
  }
}

function counting() {
  const fed: string[] = [];
  const decoder: Decoder = {
    bytes: (exchange, direction) => {
      fed.push(`${exchange} ${direction}`);
      return [];
    },
    withheld: (exchange, direction) => void fed.push(`${exchange} ${direction} dropped`),
  };
  return { fed, decoder };
}

async function* all(): AsyncGenerator<Entry> {
  yield* entries();
}

test('one exchange is read by the beginnings of the others', async () => {
  const { fed, decoder } = counting();
  const lines = await Array.fromAsync(decodeRecording(all(), decoder, { exchange: 3 }));
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['bytes', 'bytes', 'outcome'],
  );
  const of = (what: string) => fed.filter((each) => each === what).length;
  assert.deepEqual([of('1 reply'), of('2 request'), of('2 reply'), of('2 reply dropped'), of('3 reply')], [1, 1, 6, 1, 1]);
});

test('what is wanted from a sequence on is decoded from the beginning', async () => {
  const { fed, decoder } = counting();
  const lines = await Array.fromAsync(decodeRecording(all(), decoder, { from: 30, limit: 4 }));
  assert.deepEqual(
    lines.map(({ sequence }) => sequence),
    [30, 31, 32, 33],
  );
  assert.equal(fed.filter((each) => each === '2 reply').length, 30);
  assert.ok(!fed.includes('2 reply dropped'));
});

test('nothing is read beyond the end of the exchange', async () => {
  const { fed, decoder } = counting();
  await Array.fromAsync(decodeRecording(all(), decoder, { exchange: 1 }));
  assert.deepEqual(fed, ['1 request', '1 reply']);
});
