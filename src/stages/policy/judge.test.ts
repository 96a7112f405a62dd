import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainAction } from '../../core/action.ts';
import { decisionOf } from '../../core/decision.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import { createPolicy } from './judge.ts';
import type { PolicySet } from './load.ts';
import { describeSchema } from './schema.ts';

const connect = plainAction('connect', 'unknown', '');
const statement = plainAction('tiny:select', 'read', '');

const alice: Principal = {
  subject: 'alice',
  issuer: 'https://login.example.com',
  email: 'alice@example.com',
  groups: ['engineering', 'Команда'],
  agent: 'cursor',
  actors: ['cursor'],
  token: { issuer: 'https://login.example.com', subject: 'alice', jti: null, sha256: '00', expiresAt: 0 },
};

/** A set as it would be after loading, but without the validator, which would stop what these tests want to see fail. */
function setOf(texts: { readonly [id: string]: string }, reasons: { readonly [id: string]: string } = {}): PolicySet {
  const entries = Object.entries(texts).map(
    ([id, text]) => [id, { id, text, file: 'p.cedar', line: 1, reason: reasons[id] ?? null }] as const,
  );
  return { version: 'abc', schema: describeSchema([]), policies: new Map(entries) };
}

function judge(set: PolicySet, more: Partial<Circumstance> = {}) {
  return createPolicy(set).judge({ principal: alice, connection: 'orders', run: null, ...more }, connect);
}

const engineering = 'permit (principal in Group::"engineering", action, resource in Connection::"orders");';
const everyone = 'permit (principal, action, resource);';

describe('judging', () => {
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
  ];
  for (const { name, text, circumstance } of permitted)
    test(`permits by ${name}`, () => {
      const verdict = judge(setOf({ p: text }), circumstance);
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
  ];
  for (const { name, texts, circumstance, policies } of refused)
    test(`refuses for ${name}`, () => {
      const verdict = judge(setOf(texts), circumstance);
      assert.ok(verdict.kind === 'refusal');
      assert.equal(verdict.code, 'ACCESS_REFUSED');
      assert.deepEqual(verdict.grounds, { policies: policies ?? [], version: 'abc' });
    });

  test('a refusal says which policies forbade it, why, and what to do', () => {
    const verdict = judge(setOf({ p: everyone, night: 'forbid (principal, action, resource);' }, { night: 'Not at night.' }));
    assert.ok(verdict.kind === 'refusal');
    assert.equal(verdict.message, 'You may not connect to "orders": forbidden by night. Not at night.');
    assert.match(verdict.hint, /^Ask/);
  });

  const faults: { name: string; texts: { [id: string]: string }; circumstance?: Partial<Circumstance>; detail: RegExp }[] = [
    {
      name: 'a forbid that touches a missing attribute',
      texts: { p: everyone, f: 'forbid (principal, action, resource) when { context.agent == "x" };' },
      circumstance: { principal: { ...alice, agent: null } },
      detail: /f: .*agent/,
    },
    {
      name: 'a forbid whose arithmetic overflows',
      texts: { p: everyone, f: 'forbid (principal, action, resource) when { 9223372036854775807 + 1 == 1 };' },
      detail: /f: .*overflow/,
    },
    { name: 'policies that do not parse', texts: { p: 'nonsense' }, detail: /nonsense|unexpected/ },
  ];
  for (const { name, texts, circumstance, detail } of faults)
    test(`refuses for ${name}`, () => {
      const verdict = judge(setOf(texts), circumstance);
      assert.ok(verdict.kind === 'refusal');
      assert.equal(verdict.code, 'POLICY_FAULT');
      assert.match(String(verdict.detail), detail);
      assert.doesNotMatch(verdict.message, detail);
    });

  test('refuses where the call itself is malformed', () => {
    // What a caller outside of the types could hand over: the engine throws on it.
    const principal = { ...alice, groups: [undefined] } as unknown as Principal;
    const verdict = judge(setOf({ p: everyone }), { principal });
    assert.ok(verdict.kind === 'refusal');
    assert.equal(verdict.code, 'POLICY_FAULT');
  });

  test("every action of a session is answered as its connect, with the same grounds, so that the record's decision is one object", () => {
    const policy = createPolicy(setOf({ p: engineering }));
    const circumstance: Circumstance = { principal: alice, connection: 'orders', run: 'r' };
    const first = policy.judge(circumstance, connect);
    const second = policy.judge({ ...circumstance, principal: structuredClone(alice) }, statement);
    assert.ok(first.kind === 'permit' && second.kind === 'permit');
    assert.equal(decisionOf(first), decisionOf(second));
  });

  test('a remembered verdict is never that of someone or somewhere else', () => {
    const text = `permit (principal == User::"i#a", action, resource == Connection::"c")
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
    for (const round of [1, 2]) {
      assert.equal(policy.judge(good, connect).kind, 'permit', `round ${round}`);
      for (const other of others) assert.equal(policy.judge(other, statement).kind, 'refusal', JSON.stringify(other));
    }
  });

  test('two sets in one process do not mix', () => {
    const open = createPolicy(setOf({ p: everyone }));
    const shut = createPolicy(setOf({}));
    for (const run of ['1', '2', '3']) {
      assert.equal(open.judge({ principal: alice, connection: 'orders', run }, connect).kind, 'permit');
      assert.equal(shut.judge({ principal: alice, connection: 'orders', run }, connect).kind, 'refusal');
    }
  });
});
