import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client, ClientConfig, QueryConfig } from 'pg';
import { because, Desk, hold, idIn, policies, told } from './asking.ts';
import { eventually } from './demonstration.ts';
import { type House, openHouse, type Person } from './house.ts';

let house: House;
let desk: Desk;
/** Connects past the gateway, to see what the target really has. */
let target: Client;

/** A client of the run, closed with the test. */
async function connected(name: string, options: ClientConfig = {}) {
  const client = await house.connect(name, options);
  return { client, [Symbol.asyncDispose]: () => client.end().catch(() => {}) };
}

/** How often a word is in the table that the tests write to. */
const written = async (word: string) => (await target.query('select from kept where word = $1', [word])).rowCount;

before(async () => {
  house = await openHouse({ policies, connections: [{ name: 'payments' }, { name: 'frozen' }] });
  desk = new Desk(house);
  target = await house.database.direct();
  await target.query('create table kept (id int, word text)');
  await target.query('create schema other create table kept (id int, word text)');
});
after(async () => {
  await target?.end();
  await house?.[Symbol.asyncDispose]();
});

describe('who may decide', { timeout: 60_000 }, () => {
  test('nobody but a person of the group who has not asked', async () => {
    await using one = await connected('decided');
    const { id, answer } = await hold(one.client, "insert into kept values (7, 'decided')");
    const cases: readonly (readonly [who: Person | null, status: number, words: RegExp])[] = [
      [null, 401, /token/],
      ['engineer', 403, /asked for you/],
      ['agent', 403, /An agent may not decide/],
      ['engineerAsDba', 403, /asked for you/],
      ['engineersOtherAccount', 403, /asked for you/],
      ['colleague', 404, /no such approval/],
      ['security', 404, /no such approval/],
      ['stranger', 404, /no such approval/],
      ['dbaAgent', 404, /no such approval/],
      ['auditor', 403, /Only members of "dba"/],
    ];
    for (const decision of ['approve', 'deny'])
      for (const [who, status, words] of cases) {
        const [got, said] = await desk.decide(who, id, { decision, reason: 'Because.' });
        assert.equal(got, status, `${String(who)} ${decision}: ${said}`);
        assert.match(said, words, String(who));
      }
    const byAgent = await house.cli('agent', 'approve', id);
    assert.equal(byAgent.code, 1);
    assert.match(byAgent.err, /An agent may not decide for people/);
    assert.equal((await desk.one(id)).status, 'open');
    await desk.approve(id, 'otherDba');
    assert.equal((await answer).tag, 'INSERT');
    assert.deepEqual(await desk.decide('dba', id), [409, 'This has been approved and used already. It was used.']);
  });

  test('two groups need two people, though one is in both', async () => {
    await using one = await connected('two-groups', { database: 'payments' });
    const { id, notice, answer } = await hold(one.client, "insert into kept values (8, 'groups')");
    assert.match(notice.message, /by a member of "(dba|security)" and one of "(dba|security)", as "[a-z-]+" and "[a-z-]+" say: /);
    await desk.approve(id, 'dbaAndSecurity');
    const half = await desk.one(id);
    assert.deepEqual([half.status, half.missing.people, half.missing.groups.length], ['open', 1, 1]);
    const [again, words] = await desk.decide('dbaAndSecurity', id);
    assert.equal(again, 403);
    assert.match(words, /You have approved this already, and it needs another person/);
    await desk.approve(id, 'security');
    assert.equal((await answer).tag, 'INSERT');
    const { decisions } = await desk.one(id);
    assert.deepEqual(
      decisions.map(({ subject, groups }) => [subject, groups.toSorted()]),
      [
        ['bea', ['dba', 'security']],
        ['sven', ['security']],
      ],
    );
  });
});

describe('breaking the glass', { timeout: 60_000 }, () => {
  const change = "insert into kept values (9, 'glass')";
  const attempts: readonly (readonly [name: string, who: Person, named: string, hint: RegExp | null])[] = [
    ['a person of the group with a reason', 'oncall', 'break-glass:INC-4711/replica-lost', null],
    ['a person of the group without one', 'oncall', 'ordinary', /open a session with the run break-glass:REASON/],
    ['somebody else with a reason', 'engineer', 'break-glass:INC-4712', /ask whoever writes the policies/],
    ['an agent with a reason', 'agent', 'break-glass:INC-4713', /ask whoever writes the policies/],
  ];
  for (const [name, who, named, hint] of attempts)
    test(`${name} ${hint === null ? 'passes, loudly' : 'does not pass'}`, async () => {
      await using one = await connected(named, { password: house.tokens[who], database: 'frozen' });
      const answer = await told(one.client.query(change));
      if (hint === null) {
        assert.equal(answer.tag, 'INSERT', answer.message);
        await one.client.end();
        const { session, lines } = await house.story(named);
        assert.equal(session.run, named);
        const details = lines.flatMap((line) => (line.kind === 'decision' ? [line.decision.detail] : []));
        assert.ok(
          details.some((detail) => /BREAK-GLASS: .*INC-4711\/replica-lost/.test(detail ?? '')),
          JSON.stringify(details),
        );
        return;
      }
      assert.deepEqual(
        [answer.code, answer.message],
        ['42501', 'INSERT on public.kept is refused by "frozen": Nothing is changed by hand.'],
      );
      assert.match(answer.hint, hint);
    });
});

describe('other circumstances', { timeout: 60_000 }, () => {
  test('changed policies void what was asked, and it can be asked anew', async () => {
    await using one = await connected('changed');
    const statement = "insert into kept values (10, 'changed')";
    const held = await hold(one.client, statement);
    await house.write(`${policies}\n@id("more") permit (principal in Group::"more", action, resource);\n`);
    const answer = await held.answer;
    assert.equal(answer.code, '42501');
    assert.match(
      answer.message,
      /and (the policies have changed while this waited|the question was withdrawn: The policies have changed since)\.$/,
    );
    assert.match(answer.hint, /^Send it again/);
    assert.equal((await desk.decide('dba', held.id))[0], 409);
    const again = await hold(one.client, statement);
    await desk.approve(again.id);
    assert.equal((await again.answer).tag, 'INSERT');
    const { policyVersion } = await desk.one(again.id);
    await house.write(policies);
    assert.ok(await eventually(async () => JSON.parse(await house.read('auditor', '/api/v1/policies')).version !== policyVersion));
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    test(`${signal} while it waits: the answer counts afterwards, once`, async () => {
      const named = `restart-${signal}`;
      const statement = { text: 'insert into kept values ($1, $2)', values: [11, signal] };
      const client = await house.connect(named);
      const held = await hold(client, statement);
      await house.restart(signal);
      const lost = await held.answer;
      assert.equal(lost.tag, null);
      const kept = await desk.one(held.id);
      assert.deepEqual([kept.status, kept.waiting], ['open', false]);
      const approved = await house.cli('dba', 'approve', held.id);
      assert.match(approved.out, /Approved: the same request may pass once, until /);
      await using one = await connected(named);
      assert.equal((await told(one.client.query(statement))).tag, 'INSERT');
      assert.equal((await desk.one(held.id)).status, 'used');
      const again = await hold(one.client, statement);
      assert.notEqual(again.id, held.id);
      assert.equal(await written(signal), 1);
    });
});

describe('an agent that cannot wait', { timeout: 120_000 }, () => {
  before(() => house.restart('SIGTERM', { approvals: { wait: 0 } }));

  const statement = (word: string): QueryConfig => ({ text: 'insert into kept values ($1, $2)', values: [20, word] });
  /** Asks in a session of its own, as `psql -c` would. */
  const ask = async (named: string, query: string | QueryConfig, options: ClientConfig = {}) => {
    await using one = await connected(named, options);
    return await told(one.client.query(query));
  };

  test('is refused with the id, and may send the same again, once', async () => {
    const named = 'no-wait';
    const refused = await ask(named, statement(named));
    assert.equal(refused.code, '42501');
    const id = idIn(refused.message);
    assert.equal(refused.message, `${because('INSERT on public.kept')} nobody has answered yet (approval ${id}).`);
    assert.ok(
      refused.hint.startsWith(
        `Have it approved at ${house.gateway.console}/approvals/${id}, then send exactly the same again: it passes once`,
      ),
    );
    assert.equal(idIn((await ask(named, statement(named))).message), id, 'it is not asked twice');
    await desk.approve(id);
    assert.equal((await ask(named, statement(named))).tag, 'INSERT');
    const again = await ask(named, statement(named));
    assert.equal(again.code, '42501');
    assert.notEqual(idIn(again.message), id);
    assert.equal(await written(named), 1);
  });

  const others: readonly (readonly [name: string, query: (word: string) => QueryConfig | string, options?: () => ClientConfig])[] = [
    ['another bind value', (word) => ({ ...statement(word), values: [21, word] })],
    ['a bind value as text instead', (word) => `insert into kept values (20, '${word}')`],
    ['another text', (word) => ({ ...statement(word), text: 'insert into kept values ($1, $2) ' })],
    ['another run', statement, () => ({ application_name: 'e2e;run=another' })],
    ['no run', statement, () => ({ application_name: 'e2e' })],
    ['another connection', statement, () => ({ database: 'payments' })],
    ['another principal', statement, () => ({ password: house.tokens.colleague })],
    ['another agent of the same person', statement, () => ({ password: house.tokens.otherAgent })],
    ['the person without the agent', statement, () => ({ password: house.tokens.engineer })],
    ['the same text that means another table', statement, () => ({ options: '-c search_path=other' })],
  ];
  for (const [index, [name, query, options]] of others.entries())
    test(`has nothing of it for ${name}`, async () => {
      const named = `other-${index}`;
      const id = idIn((await ask(named, statement(named))).message);
      await desk.approve(id);
      const refused = await ask(named, query(named), options?.());
      assert.equal(refused.code, '42501');
      assert.notEqual(idIn(refused.message), id);
      assert.equal((await desk.one(id)).status, 'approved');
      assert.equal(await written(named), 0);
      assert.equal((await ask(named, statement(named))).tag, 'INSERT', 'and it holds for what it was given for');
    });

  test('has nothing of it once the policies have changed', async () => {
    const named = 'other-policies';
    const id = idIn((await ask(named, statement(named))).message);
    await desk.approve(id);
    await house.write(policies.replaceAll('Changes need the approval', 'All changes need the approval'));
    assert.equal(await desk.until(id, 'withdrawn'), 'withdrawn');
    const refused = await ask(named, statement(named));
    assert.equal(refused.code, '42501');
    assert.notEqual(idIn(refused.message), id);
    assert.match(refused.message, /All changes need the approval/);
    assert.equal(await written(named), 0);
    await house.write(policies);
  });

  test('cannot bury people in questions', async () => {
    const asked = await Promise.all(
      Array.from({ length: 21 }, (_, index) =>
        ask('loop', `insert into kept values (${index}, 'loop')`, { password: house.tokens.oncall }),
      ),
    );
    assert.deepEqual(new Set(asked.map(({ code }) => code)), new Set(['42501', '53300']));
    assert.equal(asked.filter(({ code }) => code === '53300').length, 1);
  });

  test('needs two people where the gateway is told so', async () => {
    await house.restart('SIGTERM', { approvals: { wait: 0, people: 2 } });
    const named = 'two-people';
    const id = idIn((await ask(named, statement(named))).message);
    const first = await house.cli('dba', 'approve', id);
    assert.match(first.out, /Your yes is on record; still needed: 1 more person\./);
    assert.equal((await desk.decide('dba', id))[0], 403);
    assert.equal(idIn((await ask(named, statement(named))).message), id, 'one is not enough');
    await desk.approve(id, 'otherDba');
    assert.equal((await ask(named, statement(named))).tag, 'INSERT');
    assert.equal(await written(named), 1);
  });

  test('has nothing of an answer that came too late, or is used too late', async () => {
    await house.restart('SIGTERM', { approvals: { wait: 0, expire: '2s' } });
    const named = 'expired';
    const [unanswered, unused] = ['one', 'two'].map((word) => statement(`${named}-${word}`));
    const first = idIn((await ask(named, unanswered ?? '')).message);
    const second = idIn((await ask(named, unused ?? '')).message);
    await desk.approve(second);
    for (const id of [first, second]) assert.equal(await desk.until(id, 'expired'), 'expired');
    assert.deepEqual(await desk.decide('dba', first), [409, 'This has expired, which refuses it. Its time ran out.']);
    for (const [query, id] of [
      [unanswered, first],
      [unused, second],
    ] as const) {
      const again = await ask(named, query ?? '');
      assert.equal(again.code, '42501');
      assert.notEqual(idIn(again.message), id);
    }
  });

  test('or one that can, and waits until there can be no answer any more', async () => {
    await house.restart('SIGTERM', { approvals: { wait: '1s', expire: '1s' } });
    await using one = await connected('in-vain');
    const { id, answer } = await hold(one.client, statement('in-vain'));
    const refused = await answer;
    assert.equal(refused.message, `${because('INSERT on public.kept')} nobody answered in time.`);
    assert.deepEqual([refused.code, refused.hint], ['42501', 'Send it again to ask once more.']);
    assert.equal(await desk.until(id, 'expired'), 'expired');
    assert.equal(await written('in-vain'), 0);
  });
});
