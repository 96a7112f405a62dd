import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import { everybody } from '../../../test/rig/data-plane.ts';
import type { Act } from '../../core/exchange.ts';
import { noGrounds, type Permit, type Question } from '../../core/verdict.ts';
import { message } from './testing/fixtures.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer } from './testing/shared-server.ts';

const { query, parse, bind, describe: describeIt, execute, sync } = message;
const question: Question = { kind: 'question', what: 'a write', rules: ['writes'], groups: ['dba'], reasons: [], grounds: noGrounds };
const update = 'update items set price = price where id < $1';

/** What is asked about, and what people are shown of it. */
interface Shown {
  readonly action: string;
  readonly parameters: Act['parameters'];
  readonly estimate: number | null;
}

describe('what people are asked about', () => {
  let plane: DataPlane;
  const acts: (Shown & { readonly bytes: string })[] = [];
  before(async () => {
    plane = await planeBeforeServer({
      judge: (_circumstance, { effect }) => (effect === 'read' ? everybody : question),
      ask: async (_question, _session, { action, bytes, parameters, estimate }): Promise<Permit> => {
        const shown = { action: action.name, parameters, estimate: (await estimate?.()) ?? null };
        acts.push({ ...shown, bytes: Buffer.from(bytes).toString('hex') });
        return everybody;
      },
    });
    const analyzed = await RawClient.open(plane);
    analyzed.send(query('analyze items'));
    await analyzed.until('Z');
    acts.length = 0;
  });
  after(() => plane.close());

  async function asked(...messages: readonly Buffer[]) {
    using client = await RawClient.open(plane);
    acts.length = 0;
    client.send(...messages, sync());
    const heard = describeMessages(await client.until('Z'));
    return { heard, acts: [...acts] };
  }
  /** The planner guesses by samples: only to the power of two is it always the same. */
  const about = (rows: number | null) => rows && 2 ** Math.round(Math.log2(rows));
  const shown = ({ action, parameters, estimate }: Shown): Shown => ({ action, parameters, estimate: about(estimate) });

  test('a statement with its values, and the rows that the planner expects, once', async () => {
    const { heard, acts: all } = await asked(parse('', update), describeIt('S', ''), bind('', '', ['101']), execute(''));
    assert.equal(heard, '1 t n 2 C Z');
    assert.deepEqual(all.map(shown), [{ action: 'postgres:update', parameters: ['101'], estimate: about(100) }]);
  });

  test('values in binary as people read them', async () => {
    const { acts: all } = await asked(parse('', update, [23]), bind('', '', [Buffer.from([0, 0, 1, 45])], [1]), execute(''));
    assert.deepEqual(all.map(shown), [{ action: 'postgres:update', parameters: ['301'], estimate: about(300) }]);
  });

  test('another value, type or text is another act; another name is not', async () => {
    const bytes: string[] = [];
    for (const [name, text, value, types] of [
      ['', update, '1', []],
      ['s', update, '1', []],
      ['', update, '2', []],
      ['', update, '1', [20]],
      ['', `${update} `, '1', []],
    ] as const) {
      const { acts: all } = await asked(parse(name, text, types), bind('', name, [value]), execute(''));
      bytes.push(...all.map((act) => act.bytes));
    }
    assert.equal(bytes.length, 5);
    assert.equal(new Set(bytes).size, 4);
    assert.equal(bytes[0], bytes[1]);
  });

  test('preparing asks nobody, and running what was prepared does', async () => {
    using client = await RawClient.open(plane);
    acts.length = 0;
    client.send(parse('s', update), describeIt('S', 's'), sync());
    await client.until('Z');
    assert.equal(acts.length, 0);
    client.send(bind('', 's', ['17']), execute(''), bind('', 's', ['33']), execute(''), sync());
    assert.equal(describeMessages(await client.until('Z')), '2 C 2 C Z');
    assert.deepEqual(acts.map(shown), [
      { action: 'postgres:update', parameters: ['17'], estimate: 16 },
      { action: 'postgres:update', parameters: ['33'], estimate: 32 },
    ]);
  });

  test('each statement of a text by itself, and none that cannot be planned has an estimate', async () => {
    using client = await RawClient.open(plane);
    acts.length = 0;
    client.send(query('create table held (id int); select 1; insert into held values (1); drop table held'));
    assert.equal(describeMessages(await client.until('Z')), 'C T D C C C Z');
    assert.deepEqual(
      acts.map(({ action, estimate }) => [action, estimate]),
      [
        ['postgres:create', null],
        ['postgres:insert', null],
        ['postgres:drop', null],
      ],
    );
  });

  test('nothing that PostgreSQL itself would not take for a statement; whoever mistyped it goes on', async () => {
    using client = await RawClient.open(plane);
    acts.length = 0;
    client.send(query('selec 1'));
    const heard = await client.until('Z');
    assert.equal(describeMessages(heard), 'E:42601 Z');
    assert.match(String(heard[0]?.body), /syntax error at or near "selec"\. By the policies .* nobody is: /);
    client.send(parse('', 'updat items set price = 1'), describeIt('S', ''), sync());
    assert.equal(describeMessages(await client.until('Z')), 'E:42601 Z');
    client.send(query('select 1; delet from items'));
    assert.equal(describeMessages(await client.until('Z')), 'E:42601 Z');
    client.send(query('select 1'));
    assert.equal(describeMessages(await client.until('Z')), 'T D C Z');
    assert.equal(acts.length, 0);
  });
});
