import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Action, plainAction } from '../../core/action.ts';
import { decisionOf } from '../../core/decision.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import { createPolicy } from './judge.ts';
import type { PolicySet } from './policy.ts';
import { actionOf, alice, setOf } from './sets.test-support.ts';

const circumstance: Circumstance = { principal: alice, connection: 'orders', run: null };
const connect = plainAction('connect', 'unknown', '');

function judge(set: PolicySet, more: Partial<Circumstance> = {}, action: Action = connect) {
  return createPolicy(set).judge({ ...circumstance, ...more }, action);
}

const everyone = 'permit (principal, action, resource);';

describe('approval', () => {
  const writing = 'permit (principal, action in [Action::"write", Action::"schema"], resource);';
  const dba = '@approval("dba") @reason("Ask a DBA.") forbid (principal, action in Action::"schema", resource);';
  const owner =
    '@approval("owners") @reason("Ask its owners.") forbid (principal, action, resource) when { resource.name like "billing.*" };';
  const dbaToo = '@approval("dba") @reason("Ask a DBA.") forbid (principal, action == Action::"shop:drop", resource);';
  const never = 'forbid (principal, action == Action::"shop:drop", resource) when { resource.name == "public.users" };';
  const drop = actionOf(['drop public.log']);

  test('asks the group of the forbid, with its reason', () => {
    const verdict = judge(setOf({ writing, dba }), {}, drop);
    assert.deepEqual(verdict, {
      kind: 'question',
      what: 'DROP on public.log',
      rules: ['dba'],
      groups: ['dba'],
      reasons: ['Ask a DBA.'],
      grounds: { policies: ['dba', 'writing'], version: 'abc' },
    });
  });

  test('asks each group once, over all demands', () => {
    const verdict = judge(setOf({ writing, dba, dbaToo, owner }), {}, actionOf(['drop billing.items', 'drop public.log']));
    assert.ok(verdict.kind === 'question', JSON.stringify(verdict));
    assert.deepEqual(verdict.groups.toSorted(), ['dba', 'owners']);
    assert.deepEqual(verdict.reasons.toSorted(), ['Ask a DBA.', 'Ask its owners.']);
    assert.deepEqual(verdict.grounds.policies, ['dba', 'dbaToo', 'owner', 'writing']);
  });

  test('a forbid that cannot be lifted is final', () => {
    const verdict = judge(setOf({ writing, dba, never }), {}, actionOf(['drop public.users']));
    assert.equal(verdict.kind === 'refusal' && verdict.message, 'DROP on public.users is refused by "never".');
    assert.deepEqual(verdict.grounds.policies, ['never']);
  });

  test('what no policy permits is refused, not asked', () => {
    const verdict = judge(setOf({ dba }), {}, drop);
    assert.equal(verdict.kind === 'refusal' && verdict.message, 'DROP on public.log is refused, because no policy permits it.');
  });

  test('one demand that is refused refuses the whole, though another could be asked', () => {
    const verdict = judge(setOf({ writing, dba }), {}, actionOf(['drop public.log', 'select public.log']));
    assert.equal(verdict.kind === 'refusal' && verdict.message, 'SELECT on public.log is refused, because no policy permits it.');
  });

  test('connect cannot wait', () => {
    const verdict = judge(setOf({ everyone, f: '@approval("dba") forbid (principal, action, resource);' }));
    assert.ok(verdict.kind === 'refusal');
    assert.equal(verdict.message, 'Connecting to "orders" is refused by "f".');
    assert.match(String(verdict.detail), /cannot wait/);
  });
});

describe('break-glass', () => {
  const glass = '@breakGlass("oncall") @reason("Production is read-only.") forbid (principal, action in Action::"write", resource);';
  const both = '@breakGlass("oncall") @approval("dba") forbid (principal, action in Action::"write", resource);';
  const person: Principal = { ...alice, agent: null, groups: ['oncall'] };
  const set = setOf({ everyone, glass });
  const insert = actionOf(['insert public.log']);

  test('a person of the group passes with a reason, loudly', () => {
    const verdict = judge(set, { principal: person, run: 'break-glass:INC-4711' }, insert);
    assert.ok(verdict.kind === 'permit', JSON.stringify(verdict));
    assert.deepEqual(verdict.grounds.policies, ['everyone', 'glass']);
    const { detail } = decisionOf(verdict);
    assert.equal(detail, 'BREAK-GLASS: alice@example.com passed "glass" (oncall); reason given: INC-4711');
  });

  test('where no glass had to be broken, nothing is said of it', () => {
    const verdict = judge(set, { principal: person, run: 'break-glass:INC-4711' }, actionOf(['select public.log']));
    assert.ok(verdict.kind === 'permit');
    assert.equal(decisionOf(verdict).detail, null);
  });

  const closed: { name: string; more: Partial<Circumstance> }[] = [
    { name: 'an agent', more: { principal: { ...person, agent: 'cursor' }, run: 'break-glass:INC-4711' } },
    { name: 'somebody of another group', more: { principal: { ...person, groups: ['engineering'] }, run: 'break-glass:INC-4711' } },
    { name: 'a person without a run', more: { principal: person } },
    { name: 'a person in an ordinary run', more: { principal: person, run: 'INC-4711' } },
    { name: 'a person without a reason', more: { principal: person, run: 'break-glass:' } },
    { name: 'a person whose reason says nothing', more: { principal: person, run: 'break-glass:-' } },
  ];
  for (const { name, more } of closed)
    test(`not for ${name}`, () => {
      assert.equal(judge(set, more, insert).kind, 'refusal');
      assert.equal(judge(setOf({ everyone, both }), more, insert).kind, 'question');
    });

  test('a final forbid beside it stays', () => {
    const never = 'forbid (principal, action, resource) when { resource.name == "public.log" };';
    const verdict = judge(setOf({ everyone, glass, never }), { principal: person, run: 'break-glass:INC-4711' }, insert);
    assert.deepEqual([verdict.kind, verdict.grounds.policies], ['refusal', ['never']]);
  });

  test('who could pass is told how', () => {
    const verdict = judge(set, { principal: person }, insert);
    assert.match(verdict.kind === 'refusal' ? verdict.hint : '', /run break-glass:REASON/);
  });
});
