import assert from 'node:assert/strict';
import { assertSound } from '../../conformance/trial.ts';
import { encodeMessage } from '../../../src/protocols/postgres/messages.ts';
import { message } from '../../../src/protocols/postgres/testing/fixtures.ts';
import { ModelTarget } from './model-target.ts';
import { play, type Played, type Scene } from './trial.ts';
import { assertAllPassed, assertNotAccused, assertNothingRefusedPassed, assertNothingUnrecorded } from './verdicts.ts';

/** A session that once found something, cut down to what is needed. */
export interface Finding {
  readonly name: string;
  readonly scene: Scene;
  readonly holds: (played: Played) => void;
  /** Why it does not hold yet; false once it does. */
  readonly todo: string | false;
}

const { query, parse, bind, execute, sync, copyData } = message;
const smuggling = copyData(
  Buffer.concat([Buffer.alloc(270_000 - 5, 0x78), ...Array.from({ length: 100 }, () => query('select forbidden'))]),
);
const target: Scene['target'] = (line) => new ModelTarget(line);
const sound = (played: Played) => {
  assertNothingUnrecorded(played);
  assertSound(played.record?.entries ?? []);
  assertNotAccused(played);
  assert.ok(!played.outlivesClient, 'the session goes on though its client has left');
};

export const findings: readonly Finding[] = [
  {
    name: 'a refused batch goes on after its refusal was answered: nothing stands behind the outcome',
    scene: { client: [parse('', 'select forbidden'), bind('', ''), execute(''), sync()], target, ahead: false },
    holds: sound,
    todo: false,
  },
  {
    name: 'a text beyond ASCII comes while the target waits for copy data, and the client leaves',
    scene: { client: [query('copy t from stdin'), query("select 'größe'"), sync()], target, ahead: false },
    holds: sound,
    todo: false,
  },
  {
    name: 'a query stands in a batch that has failed, and a text beyond ASCII behind it',
    scene: {
      client: [bind('', 'none'), query('select 1'), parse('', "select 'größe'"), sync(), sync()],
      target,
      ahead: false,
    },
    holds: (played) => {
      sound(played);
      assertAllPassed(played, Buffer.concat([bind('', 'none'), query('select 1'), parse('', "select 'größe'"), sync(), sync()]));
    },
    todo: false,
  },
  {
    name: 'a name that a query drops is used again while the target waits for copy data, behind a Sync that it drops',
    scene: { client: [query('copy t from stdin'), sync(), execute('')], target, ahead: false },
    holds: (played) => {
      sound(played);
      assert.ok(played.overByItself, 'the name waits for what cannot come');
    },
    todo: false,
  },
  {
    name: 'a batch fails while more of it is read, and a text beyond ASCII comes behind the next one',
    scene: {
      client: [Buffer.concat([bind('', 'none'), execute('')]), execute(''), sync(), query('select 1'), parse('', "select 'größe'"), sync()],
      target,
      ahead: true,
    },
    holds: (played) => {
      sound(played);
      assert.ok(played.sent.target.includes('größe'), 'the text was never taken');
    },
    todo: false,
  },
  {
    name: 'the data of a refused copy comes in pieces, and the refusal is answered between them: no rest passes as messages',
    scene: {
      client: [
        Buffer.concat([query('copy forbidden from stdin'), smuggling.subarray(0, 270_000)]),
        smuggling.subarray(270_000),
        query('select 1'),
      ],
      target,
      ahead: false,
    },
    holds: (played) => {
      sound(played);
      assertNothingRefusedPassed(played);
      assert.ok(played.sent.target.includes('select 1'), 'the session does not go on');
    },
    todo: false,
  },
  {
    name: 'a masked target announces a setting that has no end: it broke the protocol, and Chaperone has no fault',
    scene: {
      client: [query('select 1')],
      target: (line) =>
        new ModelTarget({ ...line, say: (one) => line.say(one[0] === 0x53 ? encodeMessage('S', Buffer.from('server_version')) : one) }),
      ahead: true,
      masked: true,
    },
    holds: (played) => {
      assertNothingUnrecorded(played);
      assert.match(JSON.stringify(played.record?.entries.at(-1)), /The target broke the protocol/);
    },
    todo: false,
  },
  {
    name: 'the recorder fails at the start-up message: the session ends',
    scene: { client: [sync()], target, ahead: true, recorderFailsAt: 2 },
    holds: assertNothingUnrecorded,
    todo: false,
  },
];

export async function playFinding({ scene, holds }: Finding): Promise<void> {
  holds(await play(scene));
}
