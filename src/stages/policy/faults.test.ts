import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Action, plainAction } from '../../core/action.ts';
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

describe('faults', () => {
  const odd = (change: Partial<Action>): Action => ({ ...actionOf(['delete public.users']), ...change });
  const faults: { name: string; texts?: { [id: string]: string }; more?: Partial<Circumstance>; action?: Action; detail: RegExp }[] = [
    {
      name: 'a forbid that touches a missing attribute',
      texts: { everyone, f: 'forbid (principal, action, resource) when { context.agent == "x" };' },
      more: { principal: { ...alice, agent: null } },
      detail: /f: .*agent/,
    },
    {
      name: 'a forbid whose arithmetic overflows',
      texts: { everyone, f: 'forbid (principal, action, resource) when { 9223372036854775807 + 1 == 1 };' },
      detail: /f: .*overflow/,
    },
    { name: 'an action that is not declared', action: plainAction('shop:teleport', 'read', ''), detail: /teleport: it is not declared/ },
    {
      name: 'an effect that is not the declared one',
      action: odd({ demands: [{ action: 'shop:delete', effect: 'read', object: null }] }),
      detail: /effect is declared write/,
    },
    {
      name: 'an object of another type',
      action: odd({ demands: [{ action: 'shop:delete', effect: 'write', object: { type: 'Route', name: '/' } }] }),
      detail: /Route/,
    },
    {
      name: 'an object at the door',
      action: odd({ demands: [{ action: 'connect', effect: 'unknown', object: { type: 'Table', name: 't' } }], facts: {} }),
      detail: /Table/,
    },
    { name: 'no demand', action: odd({ demands: [] }), detail: /no demand/ },
    { name: 'a fact that is missing', action: odd({ facts: { hasWhere: true, functions: [], rows: 1 } }), detail: /the fact user/ },
    { name: 'a fact of another kind', action: actionOf(['delete public.users'], { hasWhere: 'yes' }), detail: /hasWhere is no boolean/ },
    { name: 'a number that is not whole', action: actionOf(['delete public.users'], { rows: 1.5 }), detail: /rows is no number/ },
    { name: 'a list of other things', action: actionOf(['delete public.users'], { functions: [1] }), detail: /functions is no texts/ },
    { name: 'a fact that is not declared', action: actionOf(['delete public.users'], { more: 1 }), detail: /more is not declared/ },
  ];
  for (const { name, texts, more, action, detail } of faults)
    test(`refuses for ${name}`, () => {
      const verdict = judge(setOf(texts ?? { everyone }), more, action);
      assert.ok(verdict.kind === 'refusal');
      assert.equal(verdict.code, 'POLICY_FAULT');
      assert.match(String(verdict.detail), detail);
      assert.doesNotMatch(verdict.message, detail);
    });

  test('refuses where policies do not parse', () => {
    const set = setOf({ everyone });
    const [policy] = set.policies.values();
    assert.ok(policy);
    const verdict = judge({ ...set, policies: new Map([['everyone', { ...policy, text: 'nonsense' }]]) });
    assert.equal(verdict.kind === 'refusal' && verdict.code, 'POLICY_FAULT');
    assert.equal(judge(set).kind, 'permit');
  });

  test('refuses where the call itself is malformed', () => {
    // What a caller outside of the types could hand over: the engine throws on it.
    const principal = { ...alice, groups: [undefined] } as unknown as Principal;
    const verdict = judge(setOf({ everyone }), { principal });
    assert.equal(verdict.kind === 'refusal' && verdict.code, 'POLICY_FAULT');
  });
});
