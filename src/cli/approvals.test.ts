import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { approvalRequest, memoryCatalog, startApi, type Trial } from '../api/trial.test-support.ts';
import type { ApprovalItem } from '../api/contract.ts';
import type { Page } from '../archive/items.ts';
import { runCommand } from './trial.test-support.ts';

describe('the approver’s commands', () => {
  let trial: Trial;
  let asked = 0;
  before(async () => {
    trial = await startApi({ catalog: memoryCatalog([], []) });
  });
  after(() => trial.close());

  const as = (token: string, ...words: readonly string[]) =>
    runCommand(words, { env: { CHAPERONE_SERVER: trial.url, CHAPERONE_TOKEN: token } });

  async function open(more: Parameters<typeof approvalRequest>[0] = {}): Promise<string> {
    const digest = (++asked).toString(16).padStart(64, '0');
    const standing = await trial.approvals.desk.open({ request: approvalRequest({ digest, ...more }), waiter: `w${asked}` });
    return 'id' in standing ? standing.id : assert.fail('it was not asked');
  }

  test('list what is asked, with all that an approver must know and nothing that a terminal obeys', async () => {
    const id = await open({ text: 'delete from users\n where id = $1 -- \u001b]0;x\u0007 \u202etxet', textLength: 90 });
    const { exit, out } = await as('omar', 'approvals', '--status', 'open');
    assert.equal(exit, 0);
    for (const words of [
      id,
      'delete from users',
      'ada@example.test',
      'cursor',
      'r-1',
      'Table public.users',
      "$1 = '7'",
      'about 1',
      'A DBA must see this',
      '1 more person of "dba"',
      'the client waits',
      'cut: the whole has 90 characters',
    ])
      assert.ok(out.includes(words), `${words} is not in ${out}`);
    assert.ok(!/[\u001b\u0007\u202e]/.test(out));
    assert.match((await as('bob', 'approvals')).out, /No approvals\./);
  });

  test('quote why it is asked, as what nobody has verified', async () => {
    await open({ stated: 'paid twice\u202e \u001b[2J' });
    const { out } = await as('omar', 'approvals', '--status', 'open');
    assert.match(out, /says +“paid twice\\u\{202e\} ␛\[2J” \(unverified: the agent’s own words\)/);
  });

  test('approve what was shown, once', async () => {
    const id = await open();
    const first = await as('omar', 'approve', id, '--reason', 'fine');
    assert.equal(first.exit, 0, first.err);
    assert.match(first.out, /delete from users[^]*Approved: the waiting request is sent\./);
    const second = await as('omar', 'approve', id);
    assert.equal(second.exit, 1);
    assert.match(second.err, /has been approved already/);
  });

  describe('have whoever approves what cannot be taken back say what it is about', () => {
    const made = { action: 'sql:create', effect: 'schema', object: { type: 'Table', name: "public.it's" } } as const;
    const grave = () => open({ effect: 'schema', text: `create table it${'\n'.repeat(60)}-- its end`, textLength: 84, demands: [made] });
    const statusOf = async (id: string) =>
      (JSON.parse((await as('omar', 'approvals', '--json', '--limit', '1000')).out) as Page<ApprovalItem>).items.find(
        (item) => item.id === id,
      )?.status;
    const typed = (line: string, ...words: readonly string[]) => {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      stdin.end(line);
      return runCommand(words, {
        env: { CHAPERONE_SERVER: trial.url, CHAPERONE_TOKEN: 'omar' },
        stdin: stdin as unknown as NodeJS.ReadStream,
      });
    };

    test('without a terminal by an option, where they want to', async () => {
      const unsaid = await as('omar', 'approve', await grave());
      assert.equal(unsaid.exit, 0, unsaid.err);
      assert.ok(unsaid.out.includes('-- its end'), 'all of it is shown');
      const id = await grave();
      const wrong = await as('omar', 'approve', id, '--read-back', 'public.its');
      assert.equal(wrong.exit, 1);
      assert.match(wrong.err, /That is not what it is about\. Nothing was decided\./);
      assert.equal(await statusOf(id), 'open');
      assert.equal((await as('omar', 'approve', id, '--read-back', "public.it's")).exit, 0);
      assert.equal(await statusOf(id), 'approved');
    });

    test('at a terminal by typing it', async () => {
      const id = await grave();
      for (const line of ['yes\n', '\n', '']) assert.equal((await typed(line, 'approve', id)).exit, 1, line);
      assert.equal(await statusOf(id), 'open');
      const { exit, out, err } = await typed("public.it's\n", 'approve', id, '--json');
      assert.equal(exit, 0, err);
      assert.equal((JSON.parse(out) as ApprovalItem).status, 'approved');
      assert.match(err, /create table it[^]*To approve it, type public\.it's: $/);
    });

    test('and nobody to refuse it, or to approve a small thing', async () => {
      assert.equal((await as('omar', 'deny', await grave(), '--reason', 'no')).exit, 0);
      assert.equal((await as('omar', 'approve', await open())).exit, 0);
      assert.equal((await as('omar', 'approve', await open(), '--read-back', 'something else')).exit, 1);
    });

    test('by the connection where it touches no object', async () => {
      const id = await open({ effect: 'unknown', demands: [{ action: 'sql:unknown', effect: 'unknown', object: null }] });
      assert.equal((await as('omar', 'approve', id, '--read-back', 'orders')).exit, 0);
    });
  });

  test('deny with a reason, and not without', async () => {
    const id = await open();
    assert.equal((await as('omar', 'deny', id)).exit, 2);
    const { exit, out } = await as('omar', 'deny', id, '--reason', 'not today', '--json');
    assert.equal(exit, 0);
    const item = JSON.parse(out) as ApprovalItem;
    assert.deepEqual([item.status, item.decisions[0]?.reason], ['denied', 'not today']);
  });

  for (const [who, token, says] of [
    ['the requester', 'adaAlone', /needs somebody else/],
    ['an admin’s agent', 'root', /An agent may not decide/],
    ['an agent of a member', 'omarsAgent', /There is no approval/],
  ] as const)
    test(`tell ${who} why not`, async () => {
      const { exit, err } = await as(token, 'approve', await open());
      assert.equal(exit, 1);
      assert.match(err, says);
    });
});
