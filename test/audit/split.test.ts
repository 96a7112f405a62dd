import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Piece } from '../conformance/rig.ts';
import { encodeMessage } from '../../src/protocols/postgres/messages.ts';
import { fixtures, message, reply } from '../../src/protocols/postgres/testing/fixtures.ts';
import { splitStatements } from '../../src/sql/split.ts';
import { told } from '../../src/protocols/postgres/testing/told.ts';
import { Random } from '../rig/random.ts';
import { clientScript } from './fuzz/grammar.ts';
import { ModelTarget } from './fuzz/model-target.ts';
import { bytesOf, endOf, type Line, play, type Scene } from './fuzz/trial.ts';

/** Honest conversations that are cut into single bytes, beside the fixtures. */
const scripts = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 40);
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? 7);

type Cut = (bytes: Buffer) => readonly Buffer[];
const whole: Cut = (bytes) => [bytes];
const everyByte: Cut = (bytes) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
const at =
  (place: number): Cut =>
  (bytes) =>
    [bytes.subarray(0, place), bytes.subarray(place)].filter(({ length }) => length > 0);

const hello = Buffer.concat([
  encodeMessage('R', Buffer.alloc(4)),
  reply.setting('server_version', '18'),
  encodeMessage('K', Buffer.from([0, 0, 0, 7, 0, 0, 0, 8])),
  reply.ready(),
]);

/** Says each of the fixture's replies once it has heard all that stands before it, cut as it is told to. */
function scripted(pieces: readonly Piece[], cut: Cut): Scene['target'] {
  return (line: Line) => {
    const left = [...pieces];
    let heard = -1;
    const answer = () => {
      for (let next = left[0]; next && (next.direction === 'reply' || next.bytes.length <= heard); next = left[0]) {
        left.shift();
        if (next.direction === 'request') heard -= next.bytes.length;
        else for (const chunk of cut(next.bytes)) line.say(chunk);
      }
    };
    return {
      hear: (bytes) => {
        if (heard < 0) line.say(hello);
        heard = heard < 0 ? 0 : heard + bytes.length;
        answer();
      },
    };
  };
}

/**
 * All that a session came to but where its bytes were cut, and the gateway's own key. Whether the Sync behind an answered
 * statement is told as part of it hangs on when it comes, so that bytes are compared by direction and not by exchange.
 */
async function outcomeOf(client: readonly Buffer[], target: Scene['target'], ahead: boolean) {
  const { record, sent } = await play({ client, target, ahead });
  assert.ok(record);
  const startup = sent.target.readUInt32BE(0);
  const greeted = sent.client.indexOf(Buffer.from([0x5a, 0, 0, 0, 5])) + 6;
  return {
    end: endOf(record.entries),
    exchanges: told(record.entries).map(({ request: _request, reply: _reply, ...rest }) => rest),
    asked: bytesOf(record, 'request'),
    answered: withoutKey(bytesOf(record, 'reply')),
    client: sent.client.toString('latin1', greeted),
    target: sent.target.toString('latin1', startup),
  };
}

/** The number in the gateway's key differs from session to session. */
function withoutKey(reply: Buffer): Buffer {
  const key = reply.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  return Buffer.concat([reply.subarray(0, key), reply.subarray(key + 13)]);
}

const conversations = fixtures
  .filter(({ name }) => name !== 'start-up')
  // A cancel comes on a connection of its own; and nobody says goodbye before the answers have come.
  .map(({ name, pieces }) => ({
    name,
    pieces: pieces.filter(({ direction, bytes }) => direction === 'reply' || (bytes[0] !== 0 && bytes[0] !== 0x58)),
  }));

describe('a conversation that is cut comes to the same', () => {
  // The parser loads with the first text that needs it, and that is no quiet that means an end.
  before(async () => void (await splitStatements('select 1; select 2')));

  for (const { name, pieces } of conversations) {
    const asks = Buffer.concat(pieces.flatMap(({ direction, bytes }) => (direction === 'request' ? [bytes] : [])));
    const longest = Math.max(...pieces.map(({ direction, bytes }) => (direction === 'reply' ? bytes.length : 0)));
    test(`${name}, at every one of ${asks.length} bytes asked and up to ${longest} answered`, async () => {
      // The target speaks first where it was asked nothing: one Sync lets it begin.
      const first = asks.length > 0 ? [] : [message.sync()];
      const script = asks.length > 0 ? pieces : [{ exchange: 0, direction: 'request' as const, bytes: message.sync() }, ...pieces];
      const trial = (client: readonly Buffer[], cut: Cut) => outcomeOf([...first, ...client], scripted(script, cut), false);
      const expected = await trial(whole(asks), whole);
      assert.doesNotMatch(expected.end, /does not pass/);
      for (let place = 1; place < asks.length; place += 1)
        assert.deepEqual(await trial(at(place)(asks), whole), expected, `asked, cut at ${place}`);
      for (let place = 1; place < longest; place += 1)
        assert.deepEqual(await trial(whole(asks), at(place)), expected, `answered, cut at ${place}`);
      assert.deepEqual(await trial(everyByte(asks), everyByte), expected, 'byte by byte');
    });
  }

  test(`${scripts} conversations byte by byte (seed ${seed})`, async () => {
    for (let number = 0; number < scripts; number += 1) {
      const script = clientScript(new Random(seed + number), { judged: false }).filter(({ length }) => length < 1000);
      const bytes = Buffer.concat(script);
      const expected = await outcomeOf(whole(bytes), (line) => new ModelTarget(line), true);
      assert.deepEqual(
        await outcomeOf(everyByte(bytes), (line) => new ModelTarget(line), true),
        expected,
        `seed ${seed + number}, asked byte by byte`,
      );
      assert.deepEqual(await outcomeOf(whole(bytes), saidByteByByte, true), expected, `seed ${seed + number}, answered byte by byte`);
    }
  });
});

function saidByteByByte(line: Line) {
  return new ModelTarget({
    say: (bytes) => {
      // A row that passes in pieces is cut elsewhere often enough.
      for (const chunk of bytes.length > 1000 ? [bytes] : everyByte(bytes)) line.say(chunk);
    },
    leave: () => line.leave(),
  });
}
