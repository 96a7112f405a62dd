import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Part } from '../../src/core/part.ts';
import type { Protocol } from '../../src/core/protocol.ts';
import { Random } from '../rig/random.ts';
import type { ProtocolFolder } from './folder.ts';
import type { Piece } from './rig.ts';

const rounds = 300;

export function decoderSuite({ protocol, rig }: ProtocolFolder): void {
  describe('reads its own record', () => {
    for (const { name, pieces } of rig.fixtures) {
      const whole = partsOf(protocol, pieces);

      test(`${name}: something is understood`, () => assert.ok([...whole.values()].flat().length > 0));

      test(`${name}: the same, cut at every byte`, () => {
        const cut = pieces.flatMap((piece) => Array.from(piece.bytes, (_, at) => ({ ...piece, bytes: piece.bytes.subarray(at, at + 1) })));
        assert.deepEqual(partsOf(protocol, cut), whole);
      });

      test(`${name}: the same, cut once anywhere`, () => {
        for (const [index, piece] of pieces.entries())
          for (let at = 1; at < piece.bytes.length; at += 1) {
            const halves = [piece.bytes.subarray(0, at), piece.bytes.subarray(at)].map((bytes) => ({ ...piece, bytes }));
            assert.deepEqual(partsOf(protocol, pieces.toSpliced(index, 1, ...halves)), whole, `piece ${index} cut at ${at}`);
          }
      });

      test(`${name}: what is withheld takes nothing else along`, () => {
        for (const [index, piece] of pieces.entries()) {
          const decoder = protocol.decoder();
          for (const before of pieces.slice(0, index)) decoder.bytes(before.exchange, before.direction, before.bytes);
          decoder.bytes(piece.exchange, piece.direction, piece.bytes.subarray(0, piece.bytes.length >> 1));
          decoder.withheld(piece.exchange, piece.direction);
          for (const after of pieces.slice(index + 1)) decoder.bytes(after.exchange, after.direction, after.bytes);
        }
      });
    }

    test('never throws on random bytes', () => {
      const random = new Random(1);
      for (let round = 0; round < rounds; round += 1) feedSome(protocol, random, () => random.bytes(random.below(200)));
    });

    test('never throws on its own bytes gone wrong, in any order', () => {
      const random = new Random(2);
      const pieces = rig.fixtures.flatMap((fixture) => fixture.pieces);
      for (let round = 0; round < rounds; round += 1) feedSome(protocol, random, () => random.mutate(random.pick(pieces).bytes));
    });
  });
}

/** Feeds one decoder bytes for random exchanges and directions, and withholds now and then. */
function feedSome(protocol: Protocol<unknown>, random: Random, next: () => Buffer): void {
  const decoder = protocol.decoder();
  for (let count = 0; count < 30; count += 1) {
    const exchange = random.below(5);
    const direction = random.pick(['request', 'reply'] as const);
    if (random.below(10) === 0) decoder.withheld(exchange, direction);
    else decoder.bytes(exchange, direction, next());
  }
}

/** Parts by exchange and direction, neighbours of one kind joined: where entries are cut is nobody's meaning. */
function partsOf(protocol: Protocol<unknown>, pieces: readonly Piece[]): Map<string, Part[]> {
  const decoder = protocol.decoder();
  const found = new Map<string, Part[]>();
  for (const { exchange, direction, bytes } of pieces) {
    const key = `${exchange} ${direction}`;
    const parts = found.get(key) ?? [];
    found.set(key, decoder.bytes(exchange, direction, bytes).reduce(joined, parts));
  }
  return found;
}

function joined(parts: Part[], part: Part): Part[] {
  const last = parts.at(-1);
  const both = last === undefined ? null : join(last, part);
  return both === null ? [...parts, part] : [...parts.slice(0, -1), both];
}

function join(one: Part, other: Part): Part | null {
  if (one.shape === 'text' && other.shape === 'text') return { shape: 'text', text: one.text + other.text };
  if (one.shape === 'rows' && other.shape === 'rows' && String(one.columns) === String(other.columns))
    return { ...one, rows: [...one.rows, ...other.rows] };
  if (one.shape === 'bytes' && other.shape === 'bytes') {
    const content = Buffer.concat([one, other].map(({ base64 }) => Buffer.from(base64 ?? '', 'base64')));
    return { shape: 'bytes', count: one.count + other.count, base64: content.toString('base64') };
  }
  return null;
}
