import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everybody, startDataPlane } from '../../../test/rig/data-plane.ts';
import type { Action } from '../../core/action.ts';
import { protocol } from './index.ts';
import { friendly, startFakeTarget } from './testing/fake-target.ts';
import { message, reply } from './testing/fixtures.ts';
import { RawClient } from './testing/raw-client.ts';
import { settingsFor } from './testing/shared-server.ts';

const table = ['relation', 'public', 'things', '["r",["id"],null,false,false,[],[],[23]]'];
const schema = ['schema', 'public', '', ''];

/** What a target tells of its catalog: who a session is, the fingerprints, and these rows. */
function told(...rows: readonly Buffer[]): Buffer {
  return Buffer.concat([
    reply.row('me', 'public'),
    reply.row('fingerprint', 'of its own part'),
    ...rows,
    reply.complete('SELECT'),
    reply.ready(),
  ]);
}

/** What `select id from things` is judged as, by what the target has told. */
async function judgedBy(catalog: Buffer): Promise<string> {
  const judged: Action[] = [];
  await using target = await startFakeTarget(friendly, () => Buffer.concat([reply.complete('SELECT 0'), reply.ready()]), catalog);
  await using plane = await startDataPlane({
    protocol,
    settings: settingsFor(target.port),
    judge: (_circumstance, action) => {
      judged.push(action);
      return everybody;
    },
  });
  using client = await RawClient.open(plane);
  client.send(message.query('select id from things'));
  await client.until('Z');
  return judged.map(({ effect, objects }) => `${effect} ${objects.map(({ name }) => name).join()}`).join();
}

describe('what a target tells of its catalog', () => {
  const many = Array.from({ length: 2_000 }, (_, number) => reply.row('type', 'public', `type_${number}`, '[false,[]]'));

  test('is read from the rows as they come, however long the answer is', async () => {
    assert.equal(await judgedBy(told(reply.row(...schema), ...many, reply.row(...table))), 'read public.things');
  });

  const broken: readonly (readonly [name: string, answer: Buffer])[] = [
    ['a thing of no kind', told(reply.row(...schema), reply.row(...table), reply.row('spell', 'public', 'x', '[]'))],
    ['a thing without a name', told(reply.row(...table), reply.row('type', 'public', null, '[false,[]]'))],
    ['a row without columns', told(reply.row(...table), reply.row())],
    ['a value longer than its row', told(reply.row(...table), Buffer.from('D\0\0\0\x0a\0\x01\0\0\0\x09', 'latin1'))],
    ['a message of no length', told(reply.row(...table), Buffer.from('D\0\0\0\0', 'latin1'))],
    ['an error at the end', Buffer.concat([told(reply.row(...table)).subarray(0, -6), reply.error('57014', 'too long'), reply.ready()])],
    ['nothing', reply.ready()],
  ];
  for (const [name, answer] of broken)
    test(`${name}: nothing of it counts`, async () => {
      assert.equal(await judgedBy(answer), 'unknown a name, while the catalog of the target cannot be read');
    });

  test('JSON that is none ends the session that looks it up', async () => {
    const answer = told(reply.row(...schema), reply.row('relation', 'public', 'things', '{'));
    await assert.rejects(judgedBy(answer), /closed before/);
  });
});
