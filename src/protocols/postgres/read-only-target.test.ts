import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DataPlane, startDataPlane } from '../../../test/rig/data-plane.ts';
import { protocol } from './index.ts';
import { friendly, startFakeTarget } from './testing/fake-target.ts';
import { message, reply } from './testing/fixtures.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, settingsFor } from './testing/shared-server.ts';

const { query } = message;

describe('a target that is told that a session only reads', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer({ mayOnlyRead: true });
  });
  after(() => plane.close());

  for (const [text, hears] of [
    ['insert into items values (0, $$x$$)', 'E:25006 Z'],
    ['discard all; insert into items values (0, $$x$$)', 'E:25001 Z'],
    ["do $$ begin insert into items values (0, 'x'); end $$", 'E:25006 Z'],
    ['select count(*) from items', 'T D C Z'],
  ] as const)
    test(`${text}: ${hears}`, async () => {
      using client = await RawClient.open(plane);
      client.send(query(text));
      assert.equal(describeMessages(await client.until('Z')), hears);
    });

  for (const undoing of ['reset all', 'discard all', 'reset default_transaction_read_only'])
    test(`${undoing} does not undo it`, async () => {
      using client = await RawClient.open(plane);
      client.send(query(undoing), query('insert into items values (0, $$x$$)'));
      assert.match(describeMessages(await client.until('Z', 2)), /E:25006 Z$/);
    });

  test('a pooler that refuses to hear it is reached without', async () => {
    const refusal = reply.error('08P01', 'unsupported startup parameter: default_transaction_read_only');
    await using target = await startFakeTarget((startup) => (startup.includes('default_transaction_read_only') ? refusal : friendly));
    await using here = await startDataPlane({ protocol, settings: settingsFor(target.port), mayOnlyRead: true });
    using client = await RawClient.open(here);
    assert.equal(client.socket.destroyed, false);
  });
});
