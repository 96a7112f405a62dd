import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '../src/core/verdict.ts';
import type { Approval } from '../src/stages/approvals/approval.ts';
import { ApprovalHouse, approverOf, type PersonWords } from './rig/approval-house.ts';

const dana = { subject: 'dana', run: 'r-1' };
const noWait = { waitMs: 0 };
const isRefusal = (answer: Approval | Refusal): answer is Refusal => 'kind' in answer;

describe('who may decide', () => {
  const cases: readonly (readonly [name: string, who: PersonWords, code: string | null])[] = [
    ['a member of the group', { subject: 'omar' }, null],
    ['somebody of another group', { subject: 'omar', groups: ['sales'] }, 'ACCESS_REFUSED'],
    ['an agent of a member', { subject: 'omar', agent: 'cursor' }, 'ACCESS_REFUSED'],
    ['the requester', { subject: 'dana' }, 'ACCESS_REFUSED'],
    [
      'the requester by another issuer',
      { subject: 'd', issuer: 'https://other.example.test', email: 'Dana@Example.test' },
      'ACCESS_REFUSED',
    ],
    ['a namesake of the requester at another issuer', { subject: 'dana', issuer: 'https://other.example.test', email: null }, null],
  ];
  for (const [name, who, code] of cases)
    for (const decision of ['approve', 'deny'] as const)
      test(`${name}: ${decision} ${code ?? 'counts'}`, async () => {
        await using house = await ApprovalHouse.start(noWait);
        await (await house.connect(dana)).ask().settled;
        const { id } = await house.asked();
        const answer = await house.desk.decide(id, approverOf(who), { decision, reason: null, digest: null });
        assert.equal(isRefusal(answer) ? answer.code : null, code);
        assert.equal(house.approval(id).status === 'open', code !== null);
      });

  for (const [name, estimate, counts] of [
    ['one row', 1, true],
    ['1,001 rows', 1_001, false],
    ['nobody knows how many rows', null, false],
  ] as const)
    test(`by Slack a yes to a change of ${name} ${counts ? 'counts' : 'does not count, and a no does'}`, async () => {
      await using house = await ApprovalHouse.start(noWait);
      await (await house.connect(dana)).ask({ estimate: async () => estimate }).settled;
      const { id } = await house.asked();
      const approver = { ...approverOf({ subject: 'omar' }), via: 'slack' } as const;
      const answer = (decision: 'approve' | 'deny') => house.desk.decide(id, approver, { decision, reason: null, digest: null });
      const yes = await answer('approve');
      assert.equal(!isRefusal(yes), counts);
      if (!isRefusal(yes)) return;
      assert.match(`${yes.message} ${yes.hint}`, /cannot be taken back.*console/);
      assert.equal(house.approval(id).status, 'open');
      assert.ok(!isRefusal(await answer('deny')));
      assert.equal(house.approval(id).status, 'denied');
    });

  test('by Slack no yes to what it does not show whole', async () => {
    await using house = await ApprovalHouse.start(noWait);
    await (await house.connect(dana)).ask({ estimate: async () => 1, text: `delete from users -- ${'x'.repeat(3_000)}` }).settled;
    const { id } = await house.asked();
    const approver = { ...approverOf({ subject: 'omar' }), via: 'slack' } as const;
    const yes = await house.desk.decide(id, approver, { decision: 'approve', reason: null, digest: null });
    assert.ok(isRefusal(yes) && /does not show all/.test(yes.message));
    assert.equal(house.approval(id).status, 'open');
  });

  test('nobody about something else than they saw', async () => {
    await using house = await ApprovalHouse.start(noWait);
    await (await house.connect(dana)).ask().settled;
    const { id, digest } = await house.asked();
    const seen = (value: string) =>
      house.desk.decide(id, approverOf({ subject: 'omar' }), { decision: 'approve', reason: null, digest: value });
    assert.ok(isRefusal(await seen('0'.repeat(64))));
    assert.ok(!isRefusal(await seen(digest)));
  });

  test('one of two who answer at once', async () => {
    await using house = await ApprovalHouse.start(noWait);
    await (await house.connect(dana)).ask().settled;
    const { id } = await house.asked();
    const [yes, no] = await Promise.all([house.yes(id), house.no(id, { subject: 'olga' })]);
    assert.ok(!isRefusal(yes));
    assert.ok(isRefusal(no) && no.code === 'APPROVAL_CLOSED');
    assert.equal(house.approval(id).decisions.length, 1);
  });

  const quorums: readonly {
    readonly name: string;
    readonly people?: number;
    readonly groups?: readonly string[];
    readonly yes: readonly PersonWords[];
    readonly status: readonly string[];
  }[] = [
    { name: 'two people', people: 2, yes: [{ subject: 'omar' }, { subject: 'olga' }], status: ['open', 'approved'] },
    { name: 'one person twice', people: 2, yes: [{ subject: 'omar' }, { subject: 'omar' }], status: ['open', 'open'] },
    {
      name: 'one person by two issuers',
      people: 2,
      yes: [{ subject: 'omar' }, { subject: 'o', issuer: 'https://other.example.test', email: 'OMAR@example.test' }],
      status: ['open', 'open'],
    },
    {
      name: 'two groups by one person of both',
      groups: ['dba', 'security'],
      yes: [{ subject: 'omar', groups: ['dba', 'security'] }],
      status: ['open'],
    },
    {
      name: 'two groups by two of one group',
      groups: ['dba', 'security'],
      yes: [{ subject: 'omar' }, { subject: 'olga' }],
      status: ['open', 'open'],
    },
    {
      name: 'two groups, where the one of both comes first',
      groups: ['dba', 'security'],
      yes: [{ subject: 'omar', groups: ['dba', 'security'] }, { subject: 'olga' }],
      status: ['open', 'approved'],
    },
    {
      name: 'two groups and three people',
      people: 3,
      groups: ['dba', 'security'],
      yes: [{ subject: 'omar' }, { subject: 'sam', groups: ['security'] }, { subject: 'olga' }],
      status: ['open', 'open', 'approved'],
    },
  ];
  for (const { name, people = 1, groups = ['dba'], yes, status } of quorums)
    test(`${name}: ${status.at(-1)}`, async () => {
      await using house = await ApprovalHouse.start({ ...noWait, people });
      house.groups = groups;
      await (await house.connect(dana)).ask().settled;
      const { id } = await house.asked();
      const found: string[] = [];
      for (const who of yes) {
        await house.yes(id, who);
        found.push(house.approval(id).status);
      }
      assert.deepEqual(found, status);
    });
});
