import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertSound } from '../../../test/conformance/trial.ts';
import { everybody, type DataPlane } from '../../../test/rig/data-plane.ts';
import { refuse } from '../../core/verdict.ts';
import { type Batch, batches, run } from './testing/batches.ts';
import { message } from './testing/fixtures.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer } from './testing/shared-server.ts';
import { summary, told } from './testing/told.ts';

const { query, parse, bind, execute, flush, sync, terminate } = message;
const refusal = refuse('ACCESS_REFUSED', 'Not this.', 'Something else.');

describe('the extended protocol', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer({ judge: (_circumstance, { text }) => (text.includes('forbidden') ? refusal : everybody) });
  });
  after(() => plane.close());

  async function converse(says: Batch['says'], pace: 'whole' | 'bytewise', expected: readonly string[]) {
    using client = await RawClient.open(plane);
    for (const [index, messages] of says.entries()) {
      if (pace === 'whole') client.send(...messages);
      else for (const byte of Buffer.concat(messages)) client.send(Buffer.from([byte]));
      const words = expected[index]?.split(' ') ?? [];
      const last = words.at(-1)?.slice(0, 1) ?? 'Z';
      const heard = await client.until(last, words.filter((word) => word.startsWith(last)).length);
      assert.equal(describeMessages(heard), expected[index]);
    }
    const { id } = plane.opened.at(-1)?.facts ?? { id: '' };
    client.send(terminate());
    await client.rest();
    const entries = (await plane.settled()).filter(({ session }) => session === id);
    assertSound(entries);
    return entries;
  }

  for (const { name, says, hears, record } of batches)
    for (const pace of ['whole', 'bytewise'] as const)
      test(`${name} (${pace})`, async () => assert.deepEqual(summary(await converse(says, pace, hears)), record));

  test('with Flush instead of Sync, each answer is its own exchange’s', async () => {
    using client = await RawClient.open(plane);
    client.send(parse('', 'select 11'), bind('', ''), execute(''), flush());
    assert.equal(describeMessages(await client.until('C')), '1 2 D C');
    client.send(parse('', 'select 22'), bind('', ''), execute(''), flush());
    assert.equal(describeMessages(await client.until('C')), '1 2 D C');
    client.send(sync());
    await client.until('Z');
    client.send(terminate());
    await client.rest();
    const entries = await plane.settled();
    const [first, second] = told(entries.filter(({ session }) => session === plane.opened.at(-1)?.facts.id));
    assert.ok(first && second);
    assert.ok(first.request.includes('select 11') && first.reply.includes('11') && !first.reply.includes('22'));
    assert.ok(second.request.includes('select 22') && second.reply.includes('22') && !second.reply.includes('11'));
    assert.equal(first.status, 'ok');
    assert.equal(second.status, 'ok');
  });

  test('a refused statement fails its batch as PostgreSQL would fail it', async () => {
    const entries = await converse(
      [[...run('select 1'), ...run('select forbidden'), ...run('select 2'), sync(), ...run('select 3'), sync()]],
      'whole',
      ['1 2 T D C E:42501 Z 1 2 T D C Z'],
    );
    const summed = summary(entries);
    assert.deepEqual(summed, ['select 1 → ok SELECT 1', 'select forbidden → refused', 'select 3 → ok SELECT 1']);
    assert.ok(told(entries)[1]?.request.includes('select 2'), 'what was dropped with it is not on record');
  });

  for (const [name, forbidden] of [
    ['by a simple query', [query('select forbidden')]],
    ['by Parse', [parse('', 'select forbidden'), sync()]],
  ] as const)
    test(`a refused statement ${name} aborts the transaction`, async () => {
      using client = await RawClient.open(plane);
      client.send(query('begin'), query('create temp table t (n int)'));
      await client.until('Z', 2);
      client.send(...forbidden);
      const refused = await client.until('Z');
      assert.equal(describeMessages(refused), 'E:42501 Z');
      assert.equal(refused.at(-1)?.body.toString(), 'E');
      client.send(query('select 1'));
      assert.equal(describeMessages(await client.until('Z')), 'E:25P02 Z');
      client.send(query('rollback'));
      const rolledBack = await client.until('Z');
      assert.equal(describeMessages(rolledBack), 'C Z');
      assert.equal(rolledBack.at(-1)?.body.toString(), 'I');
    });

  test('of many statements in one string, one refused one refuses all', async () => {
    const entries = await converse([[query('select 1; select forbidden; select 2')], [query('select 3')]], 'whole', [
      'E:42501 Z',
      'T D C Z',
    ]);
    assert.deepEqual(summary(entries), [
      'select 1 → skipped',
      'select forbidden → refused',
      'select 2 → skipped',
      'select 3 → ok SELECT 1',
    ]);
  });

  test('10,000 statements in one write', async () => {
    using client = await RawClient.open(plane);
    const statements = Array.from({ length: 10_000 }, (_, index) => [parse('', `select ${index}`), bind('', ''), execute(''), sync()]);
    client.send(...statements.flat());
    const rows = (await client.until('Z', 10_000)).filter(({ type }) => type === 'D');
    assert.deepEqual(
      rows.map(({ body }) => body.toString('utf8', 6)),
      Array.from({ length: 10_000 }, (_, index) => String(index)),
    );
  });
});
