import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mayOnlyRead } from './only-reads.ts';
import { alice, setOf } from './sets.test-support.ts';

const everything = 'permit (principal, action, resource);';
const readOnly = 'forbid (principal, action in [Action::"write", Action::"schema", Action::"admin", Action::"unknown"], resource);';

describe('who may only read', () => {
  const cases: readonly (readonly [policies: readonly string[], only: boolean])[] = [
    [[], true],
    [[everything], false],
    [['permit (principal, action in [Action::"connect", Action::"read"], resource);'], true],
    [['permit (principal, action == Action::"shop:select", resource);'], true],
    [['permit (principal, action in [Action::"read", Action::"write"], resource);'], false],
    [['permit (principal, action == Action::"shop:insert", resource) when { false };'], false],
    [['permit (principal, action, resource in Connection::"other");'], true],
    [['permit (principal, action, resource == Table::"orders:public.log");'], false],
    [['permit (principal in Group::"dba", action, resource);'], true],
    [['permit (principal in Group::"engineering", action, resource);'], false],
    [['permit (principal == User::"https://login.example.com#alice", action, resource);'], false],
    [['permit (principal == User::"https://login.example.com#bob", action, resource);'], true],
    [['permit (principal is User in Group::"dba", action, resource);'], false],
    [[everything, readOnly], true],
    [[everything, readOnly.replace('resource)', 'resource in Connection::"orders")')], true],
    [[everything, readOnly.replace('resource)', 'resource in Connection::"other")')], false],
    [[everything, readOnly.replace('resource)', 'resource == Connection::"orders")')], false],
    [[everything, readOnly.replace(';', ' when { context has agent };')], false],
    [[everything, readOnly.replace('principal,', 'principal in Group::"engineering",')], true],
    [[everything, readOnly.replace('principal,', 'principal in Group::"dba",')], false],
    [[everything, readOnly.replace(', Action::"unknown"', '')], false],
    [[everything, `@approval("dba") ${readOnly}`], false],
    [[everything, `@breakGlass("oncall") ${readOnly}`], false],
    [[everything, 'forbid (principal, action, resource);'], true],
  ];
  for (const [policies, only] of cases)
    test(`${policies.join(' ') || 'no policies'}: ${only}`, () => {
      const set = setOf(Object.fromEntries(policies.map((text, index) => [`p${index}`, text])));
      assert.equal(mayOnlyRead(set, { principal: alice, connection: 'orders', run: null }), only);
    });
});
