import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { archiveJournal } from '../archive/archiver.ts';
import { exchange, linesDecoder, opening, TestJournal } from '../archive/test-journal.ts';
import type { Action, Demand } from '../core/action.ts';
import type { Decision, EntryBody } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import type { Protocol } from '../core/protocol.ts';
import { host, port } from '../wire/settings.ts';
import { fromState } from './state-source.ts';
import { runCommand } from './trial.test-support.ts';

const settings = z.strictObject({ target: z.strictObject({ host: host(), port: port() }) });
const lines: Protocol<z.output<typeof settings>> = {
  name: 'lines',
  settings,
  actions: { 'lines:ask': { effect: 'read', says: 'Asks.' }, 'lines:tell': { effect: 'write', says: 'Tells.' } },
  facts: {},
  objects: ['Table'],
  listener: 'socket',
  addresses: ({ target }) => [target],
  accept: () => assert.fail('nothing connects'),
  probe: () => assert.fail('nothing is tried'),
  decoder: linesDecoder,
};

function decided(verdict: Decision['verdict'], code: Decision['code'] = null): Decision {
  return { verdict, code, reason: null, detail: null, grounds: { policies: [], version: 'v1' }, approval: null };
}

/** `tell` to a table, decided so. */
function telling(name: string, decision: Decision, change: Partial<Action> = {}): EntryBody[] {
  const object = { type: 'Table', name };
  const demands: Demand[] = [{ action: 'lines:tell', effect: 'write', object }];
  const action: Action = { name: 'lines:tell', effect: 'write', demands, objects: [object], text: `tell ${name}`, facts: {}, ...change };
  return [
    { kind: 'exchange', action },
    { kind: 'decision', decision },
    { kind: 'outcome', outcome: { status: 'ok', rows: null, tag: null, error: null } },
  ];
}

describe('chaperone policy test', () => {
  const journal = new TestJournal();
  let folder = '';
  let session = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-policy-test-'));
    session = createId(1_760_000_000_000);
    const put = (ordinal: number, ...bodies: readonly EntryBody[]) => journal.put(session, ordinal, ...bodies);
    put(0, opening(session, 1_760_000_000_000));
    put(1, ...exchange('ask accounts', [], []));
    put(2, ...telling('log', decided('refused', 'ACCESS_REFUSED')));
    put(3, ...telling('log', decided('refused', 'ACCESS_REFUSED')));
    put(4, ...telling('plans', decided('approved')));
    put(5, ...telling('log', decided('refused', 'INTERNAL')));
    // As an older gateway recorded it, and one of an action that is gone.
    put(6, ...telling('log', decided('permitted'), { demands: [] }));
    put(7, ...telling('log', decided('permitted'), { demands: [{ action: 'lines:shout', effect: 'write', object: null }] }));
    put(0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
    journal.session(['ask elsewhere'], { connection: 'gone' });
    journal.session([], { principal: null, decision: decided('refused', 'TOKEN_INVALID') });
    const running = archiveJournal({ state: journal.state, decoders: linesDecoder, audit: async () => {}, log: () => {} });
    running.committed(journal.position);
    await running.close();
    writeFileSync(
      join(folder, 'chaperone.yaml'),
      `state: ${journal.state}
listen: { lines: { address: 127.0.0.1:0 }, tls: { selfSigned: true } }
identity: { issuers: [{ issuer: https://login.example.com, audience: chaperone }] }
connections:
  - { name: orders, protocol: lines, target: { host: db.example.com, port: 1 } }
`,
    );
    mkdirSync(join(folder, 'policies'));
    writeFileSync(join(folder, 'policies', 'a.cedar'), asItWas);
  });
  after(() => {
    journal.remove();
    rmSync(folder, { recursive: true });
  });

  const asItWas = `@id("ask") permit (principal, action in [Action::"connect", Action::"read"], resource);
    @id("tell-plans") permit (principal, action in Action::"write", resource == Table::"orders:plans");
    @id("plans") @approval("dba") forbid (principal, action in Action::"write", resource == Table::"orders:plans");`;
  let count = 0;

  /** Runs the command with these policies; with null by those of the configuration. */
  async function run(policies: string | null, ...more: readonly string[]) {
    const proposed = join(folder, `proposed-${(count += 1)}`);
    if (policies !== null) {
      mkdirSync(proposed);
      writeFileSync(join(proposed, 'p.cedar'), policies);
    }
    const words = ['policy', 'test', '--config', join(folder, 'chaperone.yaml'), ...(policies === null ? [] : ['--policies', proposed])];
    return runCommand([...words, ...more], {
      protocols: async () => new Map([[lines.name, lines]]),
      openState: (state) => fromState(state, () => linesDecoder()),
    });
  }

  test('says that nothing would change', async () => {
    const { exit, out, err } = await run(null);
    assert.equal(exit, 0, err);
    assert.match(out, /^5 exchanges of 3 sessions judged by version [0-9a-f]{12}: nothing would change\.\n4 exchanges could not be judged/);
  });

  test('lists what would be permitted first, the same together', async () => {
    const { exit, out } = await run('@id("all") permit (principal, action, resource) unless { resource.name == "accounts" };');
    assert.equal(exit, 1);
    const expected = [
      'permitted, was refused  ada@example.com via cursor · orders · 2 times',
      '    tell log',
      '    by all',
      `    ${session} #2`,
      '',
      'permitted, was asked  ada@example.com via cursor · orders · 1 time',
      '    tell plans',
      '    by all',
      `    ${session} #4`,
      '',
      'refused, was permitted  ada@example.com via cursor · orders · 1 time',
      '    ask accounts',
      '    by no policy: ASK on accounts is refused, because no policy permits it.',
      `    ${session} #1`,
      '',
    ];
    assert.equal(out.split('\n').slice(0, expected.length).join('\n'), expected.join('\n'));
    assert.match(out, /5 exchanges of 3 sessions judged by version [0-9a-f]{12}: 3 newly permitted, 1 newly refused\./);
  });

  test('counts connecting as one of them', async () => {
    const { exit, out } = await run(`@id("no") @reason("Closed.") forbid (principal, action == Action::"connect", resource);\n${asItWas}`);
    assert.equal(exit, 1);
    assert.match(out, /^refused, was permitted .*\n {4}connect\n {4}by no: Connecting to "orders" is refused by "no": Closed\.\n.* #0\n/);
  });

  test('speaks JSON', async () => {
    const { exit, out } = await run(
      `${asItWas}\n@id("ask-dba") @approval("dba") forbid (principal, action in Action::"read", resource);`,
      '--json',
    );
    assert.equal(exit, 1);
    const { changes, ...totals } = JSON.parse(out) as { version: string; changes: readonly object[] };
    assert.deepEqual({ ...totals, version: '' }, { version: '', sessions: 3, judged: 5, notJudged: 4, complete: true });
    assert.deepEqual(changes, [
      {
        was: 'permitted',
        now: 'asked',
        connection: 'orders',
        user: 'ada@example.com',
        agent: 'cursor',
        action: 'lines:ask',
        text: 'ask accounts',
        policies: ['ask', 'ask-dba'],
        message: 'Needs approval by dba.',
        count: 1,
        first: `${session}/1`,
      },
    ]);
  });

  test('takes a part of the record', async () => {
    for (const filter of [
      ['--connection', 'billing'],
      ['--user', 'eve'],
      ['--since', '2026-01-01'],
      ['--until', '2020-01-01'],
    ])
      assert.match((await run('', ...filter)).out, /^0 exchanges of 0 sessions/, filter.join(' '));
  });

  test('policies with mistakes are wrong use', async () => {
    const { exit, out, err } = await run('\npermit (principal, action == Action::"lines:tel", resource);');
    assert.deepEqual([exit, out], [2, '']);
    assert.match(err, /p\.cedar:2: unrecognized action `Action::"lines:tel"`\n {2}→ Known here: lines:ask, lines:tell\./);
    const json = await run('nonsense', '--json');
    assert.equal(json.exit, 2);
    assert.equal((JSON.parse(json.err) as { problems: unknown[] }).problems.length, 1);
  });

  test('a configuration is needed, and one record alone', async () => {
    assert.equal((await runCommand(['policy', 'test'])).exit, 2);
    assert.equal((await run('', '--state', journal.state, '--server', 'http://127.0.0.1:1')).exit, 2);
    assert.equal((await run('', '--state', journal.state)).exit, 1);
  });
});
