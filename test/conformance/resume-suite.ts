import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readExcerpt } from '../../src/archive/excerpt.ts';
import { decodeRecording, type Excerpt } from '../../src/archive/decoded.ts';
import { readEntries } from '../../src/archive/read.ts';
import type { Decoders } from '../../src/archive/session-stream.ts';
import { archiveWhole, opening, permitted, TestJournal } from '../../src/archive/test-journal.ts';
import type { EntryBody } from '../../src/core/entry.ts';
import { createId } from '../../src/core/identifier.ts';
import type { Json } from '../../src/core/json.ts';
import type { Decoder, Protocol } from '../../src/core/protocol.ts';
import { Random } from '../rig/random.ts';
import type { ProtocolFolder } from './folder.ts';
import type { Piece } from './rig.ts';

const mebibyte = 1024 * 1024;
const rounds = 400;

/** That a decoder goes on where another one has saved, and that long recordings are therefore read from anywhere. */
export function resumeSuite({ protocol, rig }: ProtocolFolder): void {
  describe('goes on in the middle of its record', () => {
    for (const { name, pieces } of rig.fixtures) {
      test(`${name}: the same, by another decoder that goes on behind each piece`, () => goesOnBehindEach(protocol, pieces));

      test(`${name}: the same, by another decoder that goes on behind any byte`, () => {
        for (const [index, piece] of pieces.entries())
          for (let at = 1; at < piece.bytes.length; at += 1) {
            const [first, second] = [piece.bytes.subarray(0, at), piece.bytes.subarray(at)].map((bytes) => ({ ...piece, bytes }));
            assert.ok(first && second);
            goesOn(protocol, [...pieces.slice(0, index), first], [second, ...pieces.slice(index + 1)]);
          }
      });
    }

    test('takes no state for its own that is none, and never throws on bytes behind what it takes', () => {
      const random = new Random(3);
      const states = rig.fixtures.flatMap(({ pieces }) => savedAlong(protocol, pieces));
      assert.ok(states.length > 0, 'nothing was saved');
      for (const other of [null, [], {}, 1, '', { version: 0 }]) assert.throws(() => protocol.decoder(other), RangeError);
      const all = rig.fixtures.flatMap((fixture) => fixture.pieces);
      for (let round = 0; round < rounds; round += 1) {
        const decoder = madeOf(protocol, disturbed(random.pick(states), random));
        if (decoder === null) continue;
        for (let count = 0; count < 8; count += 1) {
          const { exchange, direction, bytes } = random.pick(all);
          decoder.bytes(exchange, direction, random.mutate(bytes));
        }
        decoder.save?.([1, 2, 3]);
      }
    });

    test('a long recording is read from anywhere, and little of it is decoded before', async () =>
      readsFromAnywhere(protocol, rig.fixtures));
  });
}

const exchangesOf = (pieces: readonly Piece[]) => [...new Set(pieces.map(({ exchange }) => exchange))];

/** What is left of the pieces is read the same by another decoder. Says whether one could go on. */
function goesOn(protocol: Protocol<unknown>, before: readonly Piece[], rest: readonly Piece[]): boolean {
  const first = protocol.decoder();
  for (const { exchange, direction, bytes } of before) first.bytes(exchange, direction, bytes);
  const saved = first.save?.(exchangesOf(rest)) ?? null;
  if (saved === null) return false;
  const text = JSON.stringify(saved);
  assert.ok(text.length < mebibyte);
  const second = protocol.decoder(JSON.parse(text) as Json);
  for (const { exchange, direction, bytes } of rest)
    assert.deepEqual(second.bytes(exchange, direction, bytes), first.bytes(exchange, direction, bytes));
  return true;
}

function goesOnBehindEach(protocol: Protocol<unknown>, pieces: readonly Piece[]): void {
  const saved = pieces.filter((_, index) => goesOn(protocol, pieces.slice(0, index), pieces.slice(index)));
  assert.ok(saved.length > 0, 'nowhere was anything saved');
}

/** What is saved behind each half of each piece. */
function savedAlong(protocol: Protocol<unknown>, pieces: readonly Piece[]): Json[] {
  const decoder = protocol.decoder();
  const states: Json[] = [];
  for (const { exchange, direction, bytes } of pieces) {
    const middle = bytes.length >> 1;
    for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
      decoder.bytes(exchange, direction, half);
      const saved = decoder.save?.(exchangesOf(pieces)) ?? null;
      if (saved !== null) states.push(saved);
    }
  }
  return states;
}

/** Null where it is refused, which it must be as such. */
function madeOf(protocol: Protocol<unknown>, state: Json): Decoder | null {
  try {
    return protocol.decoder(state);
  } catch (fault) {
    assert.ok(fault instanceof RangeError, String(fault));
    return null;
  }
}

const strange: readonly Json[] = [null, -1, 0.5, 2 ** 31, 2 ** 60, 'words', '', true, [], {}, [[]], '////', 7];

/** The same state with one of its values another one. */
function disturbed(state: Json, random: Random): Json {
  if (typeof state !== 'object' || state === null) return random.pick(strange);
  const entries = Object.entries(state);
  if (entries.length === 0 || random.below(8) === 0) return random.pick(strange);
  const [chosen] = random.pick(entries);
  const changed = entries.map(([key, value]) => [key, key === chosen ? disturbed(value, random) : value] as const);
  return Array.isArray(state) ? changed.map(([, value]) => value) : Object.fromEntries(changed);
}

/** All that the fixtures say, over and over. */
async function readsFromAnywhere(protocol: Protocol<unknown>, fixtures: readonly { readonly pieces: readonly Piece[] }[]): Promise<void> {
  let decodedBytes = 0;
  const decoders: Decoders = (_name, saved) => {
    const decoder = protocol.decoder(saved);
    const counted: Decoder = {
      bytes: (ordinal, direction, bytes) => {
        decodedBytes += bytes.length;
        return decoder.bytes(ordinal, direction, bytes);
      },
      withheld: (ordinal, direction) => decoder.withheld(ordinal, direction),
    };
    return decoder.save === undefined ? counted : { ...counted, save: (open) => decoder.save?.(open) ?? null };
  };
  const journal = new TestJournal();
  const id = writeLong(journal, protocol.name, fixtures);
  const catalog = await archiveWhole(journal, decoders);
  try {
    const last = catalog.lastSequence(id) ?? assert.fail();
    for (const part of [0, 1, 2, 3, 4]) {
      const excerpt: Excerpt = { from: Math.floor((last * part) / 4), limit: 40 };
      const slowly = await Array.fromAsync(decodeRecording(readEntries(journal.state, id), decoders(protocol.name), excerpt));
      decodedBytes = 0;
      const sources = { state: journal.state, catalog, decoders, log: (message: string) => assert.fail(message) };
      assert.deepEqual(await Array.fromAsync(readExcerpt(sources, id, excerpt)), slowly);
      assert.ok(decodedBytes < 5 * mebibyte, `${decodedBytes} bytes were decoded for ${JSON.stringify(excerpt)}`);
    }
  } finally {
    catalog.close();
    journal.remove();
  }
}

const cycles = 160;
/** What no decoder can read, for length. */
const unreadable = Buffer.alloc(96 * 1024, 0xff);

/** Some 16 MiB. */
function writeLong(journal: TestJournal, protocol: string, fixtures: readonly { readonly pieces: readonly Piece[] }[]): string {
  const id = createId(journal.now);
  journal.put(id, 0, opening(id, journal.now, { protocol }));
  let ordinal = 0;
  const padding: Piece = { exchange: 1, direction: 'reply', bytes: unreadable };
  for (let cycle = 0; cycle < cycles; cycle += 1)
    for (const pieces of [...fixtures.map((fixture) => fixture.pieces), [padding]]) {
      const exchanges = exchangesOf(pieces).filter((exchange) => exchange !== 0);
      const of = (exchange: number, ...bodies: readonly EntryBody[]) =>
        bodies.map((body) => journal.entry(id, exchange === 0 ? 0 : ordinal + 1 + exchanges.indexOf(exchange), body));
      journal.write(
        ...exchanges.flatMap((exchange) => of(exchange, { kind: 'exchange', action: anAction }, { kind: 'decision', decision: permitted })),
        ...pieces.flatMap(({ exchange, direction, bytes }) => of(exchange, { kind: 'bytes', direction, bytes })),
        ...exchanges.flatMap((exchange) => of(exchange, { kind: 'outcome', outcome })),
      );
      ordinal += exchanges.length;
    }
  journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
  return id;
}

const anAction = { name: 'test:ask', effect: 'read', demands: [], objects: [], text: 'ask', facts: {} } as const;
const outcome = { status: 'ok', rows: null, tag: null, error: null } as const;
