import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DatabaseError } from 'pg';
import { eventually } from './demonstration.ts';
import { type House, openHouse, run } from './house.ts';

const program = resolve(import.meta.dirname, '../../bin/chaperone.js');

const workers = `@id("workers")
permit (principal, action, resource)
when { principal in Group::"engineering" || principal in Group::"dba" }
unless { resource in Connection::"vault" };
`;
const frozen = `@id("frozen") @reason("The freeze is on until Monday.")
forbid (principal, action, resource in Connection::"orders")
unless { action == Action::"connect" };
`;

interface InForce {
  readonly version: string;
  readonly author: string;
  readonly items: readonly { readonly id: string; readonly file: string }[];
  readonly problems: readonly { readonly file: string; readonly line: number; readonly message: string }[];
}

describe('policies of a gateway that serves', { timeout: 120_000 }, () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house[Symbol.asyncDispose]());

  const write = (text: string) => writeFile(join(house.folder, 'policies', 'workers.cedar'), text);
  const inForce = async () => JSON.parse(await house.read('auditor', '/api/v1/policies')) as InForce;
  const events = async () => {
    const { items } = JSON.parse(await house.read('auditor', '/api/v1/audit?limit=100')) as {
      items: { event: string; detail: { version?: string } }[];
    };
    return items.filter(({ event }) => event.startsWith('policies.'));
  };

  test('a change holds for the next statement of an open session, and says so in the record', async () => {
    const client = await house.connect('frozen');
    await client.query('select 1');
    const { version } = await inForce();
    await write(workers + frozen);
    assert.ok(await eventually(async () => (await inForce()).version !== version));
    const changed = await inForce();
    assert.deepEqual(
      changed.items.map(({ id, file }) => [id, file]),
      [
        ['workers', 'workers.cedar'],
        ['frozen', 'workers.cedar'],
      ],
    );
    await assert.rejects(client.query('select 2'), (fault) => {
      assert.ok(fault instanceof DatabaseError);
      assert.equal(fault.code, '42501');
      assert.match(fault.message, /is refused by "frozen": The freeze is on until Monday\.$/);
      assert.match(String(fault.hint), /ask whoever writes the policies/);
      return true;
    });
    await write(workers);
    assert.ok(await eventually(async () => (await inForce()).version !== changed.version));
    await client.query('select 3');
    await client.end();
    const { lines } = await house.story('frozen');
    const decisions = lines.flatMap((line) => (line.kind === 'decision' ? [line.decision] : []));
    assert.deepEqual(
      decisions.filter(({ verdict }) => verdict === 'refused').map(({ grounds }) => grounds),
      [{ policies: ['frozen'], version: changed.version }],
    );
    assert.ok((await events()).some(({ event, detail }) => event === 'policies.changed' && detail.version === changed.version));
  });

  test('who slips is told the mistake, and not to ask for a policy that lets it through', async () => {
    const { version } = await inForce();
    await write('@id("readers") permit (principal, action in [Action::"connect", Action::"read"], resource);');
    assert.ok(await eventually(async () => (await inForce()).version !== version));
    const client = await house.connect('slip');
    const slips: readonly (readonly [text: string, message: string])[] = [
      ['selct 1', 'What is not understood (syntax error at or near "selct") is refused, because no policy permits it.'],
      [
        "select datediff('day', now(), now())",
        'CALL on public.datediff (no function of that name with 3 arguments is known) is refused, because no policy permits it.',
      ],
      ["select '1'::intt", 'CALL on public.intt (no type of that name is known) is refused, because no policy permits it.'],
    ];
    for (const [text, message] of slips)
      await assert.rejects(client.query(text), (fault) => {
        assert.ok(fault instanceof DatabaseError);
        assert.equal(fault.message, message);
        assert.match(String(fault.hint), /^If that is a mistake, correct it; if not, ask for a policy/);
        return true;
      });
    // What names a table or a column that is not there is a read, and the server says so itself.
    await assert.rejects(client.query('select nme from items'), /column "nme" does not exist/);
    await client.end();
    await write(workers);
    assert.ok(await eventually(async () => (await inForce()).items[0]?.id === 'workers'));
  });

  test('a set with a mistake changes nothing, and SIGHUP makes the gateway look at once', async () => {
    const { version } = await inForce();
    await write(`${workers}\npermit (principal, action == Action::"nothing", resource);\n`);
    house.gateway.process.kill('SIGHUP');
    assert.ok(await eventually(async () => (await inForce()).problems.length > 0));
    const told = await inForce();
    assert.equal(told.version, version);
    const [problem] = told.problems;
    assert.ok(problem?.file.endsWith('policies/workers.cedar'));
    assert.deepEqual([problem?.line, told.problems.length], [6, 1]);
    const client = await house.connect('mistake');
    await client.query('select 1');
    await client.end();
    await write(workers);
    assert.ok(await eventually(async () => (await inForce()).problems.length === 0));
    assert.ok((await events()).some(({ event }) => event === 'policies.rejected'));
  });

  test('a change is tried on what happened before it is made', async () => {
    const client = await house.connect('tried');
    await client.query('select 1 as tried');
    await client.end();
    await house.over('tried');
    const proposed = join(house.folder, 'proposed');
    await mkdir(proposed);
    await writeFile(join(proposed, 'frozen.cedar'), workers + frozen);
    const words = ['policy', 'test', '--config', join(house.folder, 'chaperone.yaml'), '--policies', proposed, '--connection', 'orders'];
    const env = { ORDERS_PASSWORD: house.database.password, CHAPERONE_TOKEN: house.tokens.auditor };
    const ran = await run(process.execPath, [program, ...words, '--server', house.gateway.console], { env });
    assert.equal(ran.code, 1, ran.err);
    assert.match(ran.out, /refused, was permitted[^\n]*\n {4}select 1 as tried\n {4}by frozen: /);
  });
});
