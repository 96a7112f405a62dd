import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../../test/rig/random.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { Framing } from './framing.ts';
import { type MessageRule, replyMessages, requestMessages } from './messages.ts';
import { fixtures } from './testing/fixtures.ts';
import { cutMessages } from './testing/messages.ts';

type Table = Readonly<Record<string, MessageRule>>;
const tables: readonly (readonly [string, Table])[] = [
  ['requests', requestMessages],
  ['replies', replyMessages],
];
const tableOf = { request: requestMessages, reply: replyMessages } as const;

/** Feeds chunks and tells what came out: whole messages and pieces, joined. */
function frame(table: Table, chunks: readonly Buffer[]) {
  const messages: Buffer[] = [];
  const pieces: Buffer[] = [];
  const ends: string[] = [];
  const framing = new Framing(table, {
    message: (_type, buffer, from, to) => {
      messages.push(Buffer.from(buffer.subarray(from, to)));
      return true;
    },
    piece: (_type, buffer, from, to, first, last) => {
      pieces.push(Buffer.from(buffer.subarray(from, to)));
      ends.push(`${first ? 'first' : ''}${last ? 'last' : ''}`);
    },
  });
  for (const chunk of chunks) framing.feed(chunk);
  return { messages, pieces, ends, framing };
}

function header(type: string, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write(type, 0, 'latin1');
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('framing', () => {
  for (const [name, table] of tables) {
    describe(name, () => {
      for (const [type, rule] of Object.entries(table)) {
        // pgx CVE-2024-27304, PgBouncer CVE-2026-6664 and -6665: a length that the arithmetic behind it cannot hold.
        for (const length of [0, 1, 3, rule.limit, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 4, 2 ** 32 - 5, 2 ** 32 - 1])
          test(`${rule.name} that says it is ${length} bytes long does not pass`, () =>
            assert.throws(() => frame(table, [header(type, length)]), MalformedBytes));

        test(`${rule.name} of its limit passes, held or streamed`, () => {
          const { framing, messages, pieces } = frame(table, [header(type, rule.limit - 1)]);
          assert.equal(framing.midMessage, messages.length === 0);
          assert.equal(framing.midPiece, pieces.length > 0);
        });
      }

      test('a type that no table has does not pass, wherever it stands', () => {
        const known = new Set(Object.keys(table).map((type) => type.charCodeAt(0)));
        for (let type = 0; type < 256; type += 1) {
          if (known.has(type)) continue;
          const stranger = Buffer.concat([Buffer.from([type]), Buffer.from([0, 0, 0, 4])]);
          assert.throws(() => frame(table, [stranger]), /is unknown/);
          assert.throws(
            () =>
              frame(
                table,
                Array.from(stranger, (byte) => Buffer.from([byte])),
              ),
            /is unknown/,
          );
        }
      });
    });
  }

  for (const { name, pieces } of fixtures)
    for (const direction of ['request', 'reply'] as const) {
      const stream = Buffer.concat(pieces.filter((piece) => piece.direction === direction).map(({ bytes }) => bytes));
      const handshake = /^(start-up|what comes unasked)/.test(name);
      if (stream.length === 0 || handshake) continue;
      test(`${name}, ${direction}: the same messages, cut anywhere`, () => {
        const whole = cutMessages(stream).map((message) => message.whole);
        for (let at = 0; at <= stream.length; at += 1)
          assert.deepEqual(frame(tableOf[direction], [stream.subarray(0, at), stream.subarray(at)]).messages, whole);
        const bytes = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
        assert.deepEqual(frame(tableOf[direction], bytes).messages, whole);
      });
    }

  test('a row of 1 MiB is passed on as it comes, and what follows it is whole', () => {
    const row = Buffer.concat([header('D', 1024 * 1024 + 4), Buffer.alloc(1024 * 1024, 7)]);
    const stream = Buffer.concat([header('2', 4), row, header('Z', 5), Buffer.from('I')]);
    const random = new Random(5);
    for (let round = 0; round < 20; round += 1) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; ) {
        const next = at + 1 + random.below(round < 10 ? 65_536 : 300_000);
        chunks.push(stream.subarray(at, next));
        at = next;
      }
      const { messages, pieces, ends, framing } = frame(replyMessages, chunks);
      assert.deepEqual(Buffer.concat(pieces), row);
      assert.equal(ends[0], 'first');
      assert.equal(ends.at(-1), 'last');
      assert.ok(ends.slice(1, -1).every((end) => end === ''));
      assert.deepEqual(
        messages.map((message) => message.toString('latin1', 0, 1)),
        ['2', 'Z'],
      );
      assert.equal(framing.midMessage, false);
    }
  });

  test('a row that is held but long is held as it is, without copying what lies behind it', () => {
    const row = Buffer.concat([header('D', 200_004), Buffer.alloc(200_000, 7)]);
    const { messages, pieces } = frame(replyMessages, [row.subarray(0, 100), row.subarray(100), row]);
    assert.deepEqual(messages, [row, row]);
    assert.equal(pieces.length, 0);
  });

  test('a message that stops the stream keeps what is behind it until it goes on', () => {
    const seen: string[] = [];
    let stops = 2;
    const framing = new Framing(requestMessages, {
      message: (type) => {
        seen.push(String.fromCharCode(type));
        return String.fromCharCode(type) !== 'S' || stops-- <= 0;
      },
      piece: () => {},
    });
    const [sync, flush] = [header('S', 4), header('H', 4)];
    framing.feed(Buffer.concat([flush, sync, flush, sync, flush]).subarray(0, 23));
    assert.equal(seen.join(''), 'HS');
    framing.feed(flush.subarray(3));
    assert.equal(seen.join(''), 'HS');
    framing.resume();
    assert.equal(seen.join(''), 'HSHS');
    framing.feed(flush);
    framing.resume();
    assert.equal(seen.join(''), 'HSHSHH');
  });
});
