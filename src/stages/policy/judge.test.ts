import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Action, plainAction } from '../../core/action.ts';
import { decisionOf } from '../../core/decision.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import { createPolicy } from './judge.ts';
import type { PolicySet } from './policy.ts';
import { actionOf, alice, setOf } from './sets.test-support.ts';

const connect = plainAction('connect', 'unknown', '');
const circumstance: Circumstance = { principal: alice, connection: 'orders', run: null };

function judge(set: PolicySet, more: Partial<Circumstance> = {}, action: Action = connect) {
  return createPolicy(set).judge({ ...circumstance, ...more }, action);
}

const engineering = 'permit (principal in Group::"engineering", action, resource in Connection::"orders");';
const everyone = 'permit (principal, action, resource);';

describe('who and where', () => {
  const permitted: { name: string; text: string; circumstance?: Partial<Circumstance> }[] = [
    { name: 'a group', text: engineering },
    { name: 'a group with letters of another script', text: 'permit (principal in Group::"Команда", action, resource);' },
    { name: 'a user by id', text: 'permit (principal == User::"https://login.example.com#alice", action, resource);' },
    {
      name: 'attributes',
      text: `permit (principal, action, resource) when { principal has email && principal.email like "*@example.com" };`,
    },
    { name: 'the agent', text: 'permit (principal, action, resource) when { context has agent && context.agent == "cursor" };' },
    { name: 'the issuer', text: 'permit (principal, action, resource) when { context.issuer == "https://login.example.com" };' },
    {
      name: 'the run',
      text: 'permit (principal, action == Action::"connect", resource) when { context has run && context.run == "r1" };',
      circumstance: { run: 'r1' },
    },
    {
      name: 'no agent',
      text: 'permit (principal, action, resource) unless { context has agent };',
      circumstance: { principal: { ...alice, agent: null, email: null } },
    },
    { name: "the connection's name", text: 'permit (principal, action, resource) when { resource.name like "ord*" };' },
  ];
  for (const { name, text, circumstance: more } of permitted)
    test(`permits by ${name}`, () => {
      const verdict = judge(setOf({ p: text }), more);
      assert.equal(verdict.kind, 'permit', JSON.stringify(verdict));
      assert.deepEqual(verdict.grounds, { policies: ['p'], version: 'abc' });
    });

  const refused: { name: string; texts: { [id: string]: string }; circumstance?: Partial<Circumstance>; policies?: string[] }[] = [
    { name: 'no policies', texts: {} },
    { name: 'another connection', texts: { p: engineering }, circumstance: { connection: 'billing' } },
    { name: 'another group', texts: { p: engineering }, circumstance: { principal: { ...alice, groups: ['Engineering'] } } },
    { name: 'no groups', texts: { p: engineering }, circumstance: { principal: { ...alice, groups: [] } } },
    {
      name: 'an issuer and subject that read alike when joined',
      texts: { p: 'permit (principal == User::"https://login.example.com#alice", action, resource);' },
      circumstance: { principal: { ...alice, issuer: 'https://login.example.com#', subject: 'alice' } },
    },
    { name: 'a forbid', texts: { p: everyone, f: 'forbid (principal, action == Action::"connect", resource);' }, policies: ['f'] },
    {
      name: 'a forbid that could wait',
      texts: { p: everyone, f: '@approval("dba") forbid (principal, action, resource);' },
      policies: ['f', 'p'],
    },
  ];
  for (const { name, texts, circumstance: more, policies } of refused)
    test(`refuses to connect for ${name}`, () => {
      const verdict = judge(setOf(texts), more);
      assert.ok(verdict.kind === 'refusal');
      assert.equal(verdict.code, 'ACCESS_REFUSED');
      assert.deepEqual(verdict.grounds, { policies: policies ?? [], version: 'abc' });
    });
});

describe('what belongs to no effect', () => {
  const all = '[Action::"read", Action::"write", Action::"schema", Action::"admin", Action::"unknown"]';
  const permitting = { p: `permit (principal, action in ${all}, resource);` };
  const forbidding = { p: everyone, f: `forbid (principal, action in ${all}, resource);` };
  for (const name of ['connect', 'unmask'])
    for (const effect of ['read', 'unknown'] as const)
      test(`${name} does, whatever effect it is asked with: ${effect}`, () => {
        const action = plainAction(name, effect, '');
        assert.equal(judge(setOf(permitting), {}, action).kind, 'refusal');
        assert.equal(judge(setOf(forbidding), {}, action).kind, 'permit');
      });
});

describe('what is done', () => {
  const reading = 'permit (principal, action in [Action::"read", Action::"connect"], resource in Connection::"orders");';
  const writing = 'permit (principal, action in Action::"write", resource in Connection::"orders");';
  const where =
    '@reason("Deletes need a WHERE.") forbid (principal, action == Action::"shop:delete", resource) unless { context.hasWhere };';
  const secret = 'forbid (principal, action, resource) when { resource.name like "secret.*" };';
  const users = 'forbid (principal, action, resource == Table::"orders:public.users");';

  const cases: {
    name: string;
    texts: { [id: string]: string };
    action: Action;
    where?: Partial<Circumstance>;
    kind: 'permit' | 'refusal';
    policies: string[];
    says?: string;
  }[] = [
    { name: 'a read', texts: { r: reading }, action: actionOf(['select public.users']), kind: 'permit', policies: ['r'] },
    {
      name: 'a write under a permit to read',
      texts: { r: reading },
      action: actionOf(['delete public.users']),
      kind: 'refusal',
      policies: [],
      says: 'DELETE on public.users is refused, because no policy permits it.',
    },
    {
      name: 'each demand by a policy of its own',
      texts: { r: reading, w: writing },
      action: actionOf(['insert public.log', 'select public.users']),
      kind: 'permit',
      policies: ['r', 'w'],
    },
    {
      name: 'one demand of two that is not permitted',
      texts: { r: reading },
      action: actionOf(['select public.users', 'insert public.log']),
      kind: 'refusal',
      policies: [],
      says: 'INSERT on public.log is refused, because no policy permits it.',
    },
    {
      name: 'a fact',
      texts: { r: reading, w: writing, 'no-unfiltered-delete': where },
      action: actionOf(['delete public.users'], { hasWhere: false }),
      kind: 'refusal',
      policies: ['no-unfiltered-delete'],
      says: 'DELETE on public.users is refused by "no-unfiltered-delete": Deletes need a WHERE.',
    },
    {
      name: 'the same fact, otherwise',
      texts: { w: writing, 'no-unfiltered-delete': where },
      action: actionOf(['delete public.users'], { hasWhere: true }),
      kind: 'permit',
      policies: ['w'],
    },
    {
      name: 'a name',
      texts: { r: reading, s: secret },
      action: actionOf(['select secret.plans']),
      kind: 'refusal',
      policies: ['s'],
      says: 'SELECT on secret.plans is refused by "s".',
    },
    { name: 'another name', texts: { r: reading, s: secret }, action: actionOf(['select public.plans']), kind: 'permit', policies: ['r'] },
    { name: 'an object', texts: { r: reading, u: users }, action: actionOf(['select public.users']), kind: 'refusal', policies: ['u'] },
    {
      name: 'an object of this name in another connection',
      texts: { p: everyone, u: users },
      action: actionOf(['select public.users']),
      where: { connection: 'billing' },
      kind: 'permit',
      policies: ['p'],
    },
    {
      name: 'the connection itself',
      texts: { p: everyone, f: 'forbid (principal, action == Action::"shop:set", resource == Connection::"orders");' },
      action: actionOf(['set']),
      kind: 'refusal',
      policies: ['f'],
      says: 'SET on "orders" is refused by "f".',
    },
    {
      name: 'all that forbid, of all demands',
      texts: { p: everyone, s: secret, u: users },
      action: actionOf(['select secret.plans', 'select public.users']),
      kind: 'refusal',
      policies: ['s', 'u'],
      says: 'SELECT on secret.plans is refused by "s".',
    },
    {
      name: 'functions',
      texts: {
        p: everyone,
        f: 'forbid (principal, action in Action::"read", resource) when { context has functions && context.functions.contains("pg_read_file") };',
      },
      action: actionOf(['select public.users'], { functions: ['lower', 'pg_read_file'] }),
      kind: 'refusal',
      policies: ['f'],
    },
    {
      name: 'numbers and texts',
      texts: {
        p: everyone,
        f: 'forbid (principal, action in Action::"read", resource) when { context.rows > 10 || context.user != "app" };',
      },
      action: actionOf(['select public.users'], { rows: 11 }),
      kind: 'refusal',
      policies: ['f'],
    },
  ];
  for (const { name, texts, action, where: more, kind, policies, says } of cases)
    test(`${name}: ${kind}`, () => {
      const verdict = judge(setOf(texts), more, action);
      assert.equal(verdict.kind, kind, JSON.stringify(verdict));
      assert.deepEqual(verdict.grounds, { policies, version: 'abc' });
      if (says !== undefined) assert.equal(verdict.kind === 'refusal' && verdict.message, says);
    });

  test('a refusal says what to do next', () => {
    const verdict = judge(setOf({}), {}, actionOf(['delete public.users']));
    assert.equal(
      verdict.kind === 'refusal' && verdict.hint,
      'Ask for a policy that permits Action::"shop:delete" on Table public.users in Connection::"orders" to one of your groups.',
    );
  });

  test('a refusal of what may be a slip says so, and its words are not those of another', () => {
    const call = (doubt: string) => {
      const action = actionOf(['call public.nope']);
      return { ...action, demands: action.demands.map((demand) => ({ ...demand, doubt })) };
    };
    const policy = createPolicy(setOf({}));
    for (const doubt of ['no function of that name with 1 argument is known', 'no function of that name with 2 arguments is known']) {
      const verdict = policy.judge(circumstance, call(doubt));
      assert.deepEqual(verdict.kind === 'refusal' && [verdict.message, verdict.hint], [
        `CALL on public.nope (${doubt}) is refused, because no policy permits it.`,
        'If that is a mistake, correct it; if not, ask for a policy that permits Action::"shop:call" on Table public.nope in Connection::"orders" to one of your groups.',
      ]);
    }
  });

  test('what is not understood is told without a verb, and nobody is told to permit an object that is none', () => {
    const syntax = { type: 'Syntax', name: 'syntax error at or near "selct"' };
    const action = { ...actionOf(['unknown']), objects: [syntax] };
    const unread = { ...action, demands: action.demands.map((demand) => ({ ...demand, object: syntax })) };
    const verdict = judge(setOf({}), {}, unread);
    assert.deepEqual(verdict.kind === 'refusal' && [verdict.message, verdict.hint], [
      'What is not understood (syntax error at or near "selct") is refused, because no policy permits it.',
      'If that is a mistake, correct it; if not, ask for a policy that permits Action::"shop:unknown" on Connection::"orders" to one of your groups.',
    ]);
    const frozen = judge(setOf({ p: everyone, f: 'forbid (principal, action in Action::"unknown", resource);' }), {}, unread);
    assert.deepEqual(frozen.kind === 'refusal' && [frozen.message, frozen.hint], [
      'What is not understood (syntax error at or near "selct") is refused by "f".',
      'If that is a mistake, correct it; if not, ask whoever writes the policies; a permit does not outweigh a forbid.',
    ]);
  });

  test('a statement about too many things is refused', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => `select public.t${index}`);
    const verdict = judge(setOf({ p: everyone, s: secret }), {}, actionOf(many));
    assert.match(verdict.kind === 'refusal' ? verdict.message : '', /1001 things at once/);
    assert.equal(judge(setOf({ p: everyone, s: secret }), {}, actionOf(many.map(() => 'select public.t'))).kind, 'permit');
    assert.equal(judge(setOf({ p: everyone }), {}, actionOf(many)).kind, 'permit', 'where no policy can tell them apart, they are one');
  });

  test('a long name is cut', () => {
    const verdict = judge(setOf({}), {}, actionOf([`select ${'x'.repeat(10_000)}`]));
    assert.ok(verdict.kind === 'refusal' && verdict.message.length + verdict.hint.length < 700);
  });
});

describe('much to judge at once', () => {
  const many = (name: string) => actionOf(Array.from({ length: 100 }, (_, index) => `select public.${name}${index}`));
  const policies = { p: everyone, s: 'forbid (principal, action, resource) when { resource.name like "secret.*" };' };

  test('is judged in turns, with the same verdict, and remembered', async () => {
    const policy = createPolicy(setOf(policies));
    const action = many('t');
    const verdict = policy.judgeInTurns(circumstance, action);
    assert.ok(verdict instanceof Promise);
    let turns = 0;
    const count = () => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const found = await verdict;
    clearImmediate(immediate);
    assert.ok(turns >= 100 / 6 - 2, `${turns} turns of the loop`);
    assert.deepEqual(found, createPolicy(setOf(policies)).judge(circumstance, action));
    assert.equal(policy.judgeInTurns(circumstance, action), found);
  });

  test('takes turns with others that are judged', async () => {
    const policy = createPolicy(setOf(policies));
    const order: string[] = [];
    const judged = (name: string, action: Action) =>
      Promise.resolve(policy.judgeInTurns(circumstance, action)).then(() => order.push(name));
    const few = actionOf(Array.from({ length: 9 }, (_, index) => `select public.few${index}`));
    await Promise.all([judged('many', many('a')), judged('few', few)]);
    assert.deepEqual(order, ['few', 'many']);
  });

  test('is refused all the same', async () => {
    const policy = createPolicy(setOf(policies));
    const demands = [...Array.from({ length: 50 }, (_, index) => `select public.t${index}`), 'select secret.t'];
    assert.equal((await policy.judgeInTurns(circumstance, actionOf(demands))).kind, 'refusal');
  });
});

describe('what is remembered', () => {
  test('one verdict for what looks the same to policy, so that the record encodes its decision once', () => {
    const policy = createPolicy(setOf({ everyone }));
    const first = policy.judge(circumstance, actionOf(['select public.users']));
    const second = policy.judge(
      { ...circumstance, principal: structuredClone(alice) },
      { ...actionOf(['select public.users']), text: 'other' },
    );
    assert.equal(first, second);
    assert.ok(first.kind === 'permit' && second.kind === 'permit');
    assert.equal(decisionOf(first), decisionOf(second));
  });

  test('a remembered verdict is never that of someone, somewhere or something else', () => {
    const text = `permit (principal == User::"i#a", action, resource in Connection::"c")
      when { principal has email && principal.email == "e" && context has agent && context.agent == "g" && context has run && context.run == "r" }
      when { principal in Group::"x" && !(principal in Group::"y") };`;
    const policy = createPolicy(setOf({ p: text }));
    const principal: Principal = { ...alice, issuer: 'i', subject: 'a', email: 'e', groups: ['x'], agent: 'g' };
    const good: Circumstance = { principal, connection: 'c', run: 'r' };
    const others: Circumstance[] = [
      { ...good, connection: 'd' },
      { ...good, run: null },
      { ...good, run: 's' },
      { ...good, run: null, connection: '"r"/c' },
      ...[{ issuer: 'j' }, { subject: 'b' }, { email: null }, { email: 'f' }, { groups: [] }, { groups: ['x', 'y'] }, { agent: null }].map(
        (change) => ({ ...good, principal: { ...principal, ...change } }),
      ),
    ];
    const action = actionOf(['select public.users']);
    for (const round of [1, 2])
      for (const asked of [connect, action]) {
        assert.equal(policy.judge(good, asked).kind, 'permit', `round ${round}`);
        for (const other of others) assert.equal(policy.judge(other, asked).kind, 'refusal', JSON.stringify(other));
      }
  });

  test('two sets in one process do not mix', () => {
    const open = createPolicy(setOf({ everyone }));
    const shut = createPolicy(setOf({}));
    for (const run of ['1', '2', '3']) {
      assert.equal(open.judge({ ...circumstance, run }, connect).kind, 'permit');
      assert.equal(shut.judge({ ...circumstance, run }, connect).kind, 'refusal');
    }
  });
});
