import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Approval } from '../src/stages/approvals/approval.ts';
import type { Refusal } from '../src/core/verdict.ts';
import { ApprovalHouse, type AskWords, type PersonWords } from './rig/approval-house.ts';

const dana = { subject: 'dana', run: 'r-1' };
const noWait = { waitMs: 0 };

/** Asks once without waiting, and has it approved. */
async function approvedOnce(house: ApprovalHouse): Promise<Approval> {
  const client = await house.connect(dana);
  const { refusal } = await client.ask().settled;
  assert.equal(refusal?.code, 'ACCESS_REFUSED');
  const asked = await house.asked();
  assert.equal(refusal?.approval, asked.id);
  await house.yes(asked.id);
  return asked;
}

const isRefusal = (answer: Approval | Refusal): answer is Refusal => 'kind' in answer;

describe('an exchange that waits for people', () => {
  const answers = [
    {
      name: 'yes',
      decide: (house: ApprovalHouse, id: string) => house.yes(id),
      performed: true,
      verdict: 'approved',
      status: 'used',
      trail: ['asked', 'decided', 'used'],
    },
    {
      name: 'no',
      decide: (house: ApprovalHouse, id: string) => house.no(id),
      performed: false,
      verdict: 'denied',
      status: 'denied',
      trail: ['asked', 'decided'],
    },
    {
      name: 'no answer in time',
      decide: async (house: ApprovalHouse) => {
        house.ahead += 1_800_000;
        await house.desk.expire();
      },
      performed: false,
      verdict: 'expired',
      status: 'expired',
      trail: ['asked', 'expired'],
    },
    {
      name: 'other policies meanwhile',
      decide: async (house: ApprovalHouse) => house.changePolicies(),
      performed: false,
      verdict: 'refused',
      status: 'withdrawn',
      trail: ['asked', 'withdrawn'],
    },
    {
      name: 'other policies that the desk has not heard of',
      decide: async (house: ApprovalHouse, id: string) => {
        house.version = 'v2';
        await house.yes(id);
      },
      performed: false,
      verdict: 'refused',
      status: 'withdrawn',
      trail: ['asked', 'decided', 'withdrawn'],
    },
  ] as const;
  for (const { name, decide, performed, verdict, status, trail } of answers)
    test(`gets ${name}: ${verdict}`, async () => {
      await using house = await ApprovalHouse.start();
      const client = await house.connect(dana);
      const exchange = client.ask();
      const notice = await exchange.noticed;
      const { id } = await house.asked();
      assert.match(notice, /"dba".*A DBA must see this\./);
      assert.ok(notice.includes(`https://gate.example.test/approvals/${id}`));
      await decide(house, id);
      const settled = await exchange.settled;
      assert.equal(settled.performed, performed);
      await house.desk.expire();
      assert.equal(house.approval(id).status, status);
      assert.deepEqual(await house.decisions(client.session), [`${verdict} ${id}`]);
      assert.deepEqual(
        house.trail(),
        trail.map((event) => `approval.${event}`),
      );
    });

  test('tells who refused it, and why', async () => {
    await using house = await ApprovalHouse.start();
    const exchange = (await house.connect(dana)).ask();
    await exchange.noticed;
    await house.no((await house.asked()).id);
    const { refusal } = await exchange.settled;
    assert.match(
      refusal?.message ?? '',
      /^DELETE on public\.users needs approval .* as "ask-dba" says .*, and omar@example\.test refused it: Not today\.$/,
    );
  });

  const endings = [
    ['is cancelled', (exchange: { cancel(): void }) => exchange.cancel()],
    ['loses its session', (_exchange: object, stop: () => void) => stop()],
  ] as const;
  for (const [name, end] of endings)
    test(`withdraws its question when it ${name}`, async () => {
      await using house = await ApprovalHouse.start();
      const client = await house.connect(dana);
      const exchange = client.ask();
      await exchange.noticed;
      const { id } = await house.asked();
      end(exchange, () => client.session.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: '' }));
      assert.equal((await exchange.settled).performed, false);
      await house.desk.expire();
      assert.equal(house.approval(id).status, 'withdrawn');
      const late = await house.yes(id);
      assert.ok(isRefusal(late) && late.code === 'APPROVAL_CLOSED');
      assert.deepEqual(house.trail(), ['approval.asked', 'approval.withdrawn']);
    });

  test('is refused where its question cannot be put on record', async () => {
    await using house = await ApprovalHouse.start();
    house.auditFault = new Error('the disk is full');
    const { refusal } = await (await house.connect(dana)).ask().settled;
    assert.equal(refusal?.code, 'INTERNAL');
    assert.equal(house.desk.list({}, { issuer: '', subject: '', groups: [], all: true }, { limit: 1, cursor: null }).items.length, 0);
  });

  test('is refused where its use cannot be put on record', async () => {
    await using house = await ApprovalHouse.start();
    const exchange = (await house.connect(dana)).ask({ estimate: async () => 4 });
    await exchange.noticed;
    const { id, estimate } = await house.asked();
    assert.equal(estimate, 4);
    const use = house.desk.use.bind(house.desk);
    house.desk.use = (asked) => {
      house.auditFault = new Error('the disk is full');
      return use(asked);
    };
    await house.yes(id);
    assert.equal((await exchange.settled).refusal?.code, 'INTERNAL');
    house.auditFault = null;
  });

  test('is asked about without an estimate where the target fails to give one', async () => {
    await using house = await ApprovalHouse.start();
    const exchange = (await house.connect(dana)).ask({ estimate: () => Promise.reject(new Error('no plan')) });
    await exchange.noticed;
    const { id, estimate } = await house.asked();
    assert.equal(estimate, null);
    await house.yes(id);
    assert.equal((await exchange.settled).performed, true);
  });

  test('is asked about while the target makes its estimate, and sent when the target has done so', async () => {
    await using house = await ApprovalHouse.start();
    const slow = Promise.withResolvers<number>();
    const exchange = (await house.connect(dana)).ask({ estimate: () => slow.promise });
    await exchange.noticed;
    const { id, estimate } = await house.asked();
    assert.equal(estimate, null);
    await house.yes(id);
    await house.desk.expire();
    assert.equal(house.approval(id).status, 'approved');
    slow.resolve(4);
    assert.equal((await exchange.settled).performed, true);
    assert.equal(house.approval(id).status, 'used');
  });
});

describe('an approval for a client that could not wait', () => {
  test('is asked for at once, without a notice, and passes the same act once', async () => {
    await using house = await ApprovalHouse.start(noWait);
    const { id } = await approvedOnce(house);
    const client = await house.connect(dana);
    const first = await client.ask().settled;
    assert.deepEqual([first.performed, first.notices], [true, []]);
    const again = await client.ask().settled;
    assert.equal(again.performed, false);
    assert.notEqual(again.refusal?.approval, id);
    assert.deepEqual(await house.decisions(client.session), [`approved ${id}`, `refused ${again.refusal?.approval}`]);
  });

  test('is not asked for twice while it is open', async () => {
    await using house = await ApprovalHouse.start(noWait);
    const client = await house.connect(dana);
    const first = await client.ask().settled;
    const second = await client.ask().settled;
    assert.equal(second.refusal?.approval, first.refusal?.approval);
    assert.match(second.refusal?.hint ?? '', /send exactly the same again/);
  });

  test('that was refused stays refused', async () => {
    await using house = await ApprovalHouse.start(noWait);
    const client = await house.connect(dana);
    await client.ask().settled;
    await house.no((await house.asked()).id);
    const { refusal } = await client.ask().settled;
    assert.equal(refusal?.verdict, 'denied');
    assert.match(refusal?.message ?? '', /Not today/);
  });

  test('comes after the wait was over', async () => {
    await using house = await ApprovalHouse.start({ waitMs: 5 });
    const client = await house.connect(dana);
    const exchange = client.ask();
    const { refusal, notices } = await exchange.settled;
    assert.equal(notices.length, 1);
    assert.equal(refusal?.verdict, 'refused');
    await house.yes(refusal?.approval ?? '');
    assert.equal((await client.ask().settled).performed, true);
  });

  test('is not promised to a client whose wait ends with the time for an answer', async () => {
    await using house = await ApprovalHouse.start({ waitMs: 5, expireMs: 5 });
    const { refusal } = await (await house.connect(dana)).ask().settled;
    assert.equal(refusal?.verdict, 'expired');
    assert.match(refusal?.message ?? '', /nobody answered in time\.$/);
  });

  const others: readonly (readonly [name: string, who: PersonWords & { run?: string; connection?: string }, what: AskWords])[] = [
    ['another bind value', dana, { value: '8' }],
    ['another text', dana, { text: 'delete from users ' }],
    ['the same text that means another object', dana, { object: 'other.users' }],
    ['another run', { ...dana, run: 'r-2' }, {}],
    ['no run', { subject: 'dana' }, {}],
    ['another connection', { ...dana, connection: 'billing' }, {}],
    ['another principal', { ...dana, subject: 'rita' }, {}],
    ['the same subject of another issuer', { ...dana, issuer: 'https://other.example.test' }, {}],
    ['another agent of the same person', { ...dana, agent: 'claude' }, {}],
    ['the person without the agent', { ...dana, agent: null }, {}],
  ];
  for (const [name, who, what] of others)
    test(`does not pass ${name}`, async () => {
      await using house = await ApprovalHouse.start(noWait);
      const { id } = await approvedOnce(house);
      const { performed, refusal } = await (await house.connect(who)).ask(what).settled;
      assert.equal(performed, false);
      assert.notEqual(refusal?.approval, id);
      assert.equal(house.approval(id).status, 'approved');
    });

  test('is bound to the token where the agent names no run', async () => {
    await using house = await ApprovalHouse.start(noWait);
    const { refusal } = await (await house.connect({ subject: 'dana' })).ask().settled;
    await house.yes(refusal?.approval ?? '');
    assert.equal((await (await house.connect({ subject: 'dana', token: 'two' })).ask().settled).performed, false);
    assert.equal((await (await house.connect({ subject: 'dana' })).ask().settled).performed, true);
  });

  test('does not pass by changed policies or changed groups, nor after its time', async () => {
    for (const change of [
      (house: ApprovalHouse) => void (house.version = 'v2'),
      (house: ApprovalHouse) => void (house.groups = ['security']),
      (house: ApprovalHouse) => void (house.ahead = 1_800_000),
    ]) {
      await using house = await ApprovalHouse.start(noWait);
      await approvedOnce(house);
      change(house);
      assert.equal((await (await house.connect(dana)).ask().settled).performed, false);
    }
  });

  test('passes one of two that come at once', async () => {
    await using house = await ApprovalHouse.start(noWait);
    await approvedOnce(house);
    const client = await house.connect(dana);
    const both = await Promise.all([client.ask().settled, client.ask().settled]);
    assert.equal(both.filter(({ performed }) => performed).length, 1);
  });

  test('of one person is not asked for without end', async () => {
    await using house = await ApprovalHouse.start(noWait);
    const client = await house.connect(dana);
    const refusals: (Refusal | null)[] = [];
    for (let value = 0; value < 22; value += 1) refusals.push((await client.ask({ value: String(value) }).settled).refusal);
    assert.deepEqual(new Set(refusals.slice(0, 20).map((refusal) => refusal?.code)), new Set(['ACCESS_REFUSED']));
    for (const refusal of refusals.slice(20)) {
      assert.equal(refusal?.code, 'TOO_MANY');
      assert.match(
        refusal?.message ?? '',
        /^DELETE on public\.users needs approval .* "ask-dba" says .*, and you have 20 questions open already/,
      );
    }
  });
});

describe('a gateway that restarts', () => {
  for (const farewell of [true, false])
    test(`keeps what was asked ${farewell ? 'when it stops' : 'when it dies'}, and takes the answer after it`, async () => {
      await using house = await ApprovalHouse.start();
      const exchange = (await house.connect(dana)).ask();
      await exchange.noticed;
      const { id } = await house.asked();
      await house.restart(farewell);
      assert.equal(house.approval(id).status, 'open');
      await house.yes(id);
      assert.equal((await (await house.connect(dana)).ask().settled).performed, true);
      assert.equal(house.approval(id).status, 'used');
    });

  test('keeps an answer that was not used', async () => {
    await using house = await ApprovalHouse.start(noWait);
    await approvedOnce(house);
    await house.restart(false);
    const client = await house.connect(dana);
    assert.equal((await client.ask().settled).performed, true);
    assert.equal((await client.ask().settled).performed, false);
  });

  test('ends what ran out or lost its policies meanwhile', async () => {
    await using house = await ApprovalHouse.start(noWait);
    const { id } = await approvedOnce(house);
    house.version = 'v2';
    await house.restart(false);
    assert.equal(house.approval(id).status, 'withdrawn');
    const { refusal } = await (await house.connect(dana)).ask().settled;
    house.ahead = 1_800_000;
    await house.restart(false);
    assert.equal(house.approval(refusal?.approval ?? '').status, 'expired');
  });
});
