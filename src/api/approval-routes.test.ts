import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { OpenDesk } from '../stages/approvals/index.ts';
import { type Receiver, startReceiver } from '../stages/approvals/testing.ts';
import type { ApprovalItem } from './contract.ts';
import { approvalRequest, memoryCatalog, openTrialDesk, startApi, type Trial } from './trial.test-support.ts';

const issuer = 'https://login.example.test';
let digests = 0;

describe('the routes of approvals', () => {
  let trial: Trial;
  let opened: OpenDesk;
  let receiver: Receiver;
  let id = '';
  let digest = '';
  before(async () => {
    receiver = await startReceiver(() => ({ body: { ok: true, channel: 'C1', ts: '1.2' } }));
    const person = { slack: 'U0OMAR', issuer, subject: 'omar', email: 'omar@example.test', groups: ['dba'] };
    const slack = { token: 'xoxb', signingSecret: 'signing', channel: 'C1', people: [person], api: receiver.url };
    const trail: { audit?: Trial['audits'] } = {};
    opened = await openTrialDesk({
      settings: { waitMs: 0, expireMs: 1_800_000, people: 1, webhooks: [], slack: [slack] },
      audit: async (event) => void trail.audit?.push(event),
    });
    trial = await startApi({ catalog: memoryCatalog([], []), approvals: opened });
    trail.audit = trial.audits;
  });
  after(async () => {
    await trial.close();
    await opened.close();
    await receiver[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    trial.audits.length = 0;
    digest = (++digests).toString(16).padStart(64, '0');
    const standing = await opened.desk.open({ request: approvalRequest({ digest }), waiter: `w${digests}` });
    id = 'id' in standing ? standing.id : assert.fail('it was not asked');
    await opened.desk.leave({ id, waiter: `w${digests}`, why: null });
  });

  // Not more than a few of one person may be open.
  afterEach(() => opened.desk.policiesChanged('other policies'));

  const list = async (token: string, query = '') =>
    ((await (await trial.get(`/api/v1/approvals${query}`, token)).json()) as { items: ApprovalItem[]; next: string | null }) ??
    assert.fail();

  for (const [who, token, seen] of [
    ['a member of the group', 'omar', true],
    ['an agent of a member', 'omarsAgent', false],
    ['who asked', 'ada', true],
    ['the same subject of another issuer', 'twin', false],
    ['an auditor', 'aud', true],
    ['an admin', 'root', true],
  ] as const)
    it(`are ${seen ? '' : 'not '}shown to ${who}`, async () => {
      assert.equal(
        (await list(token)).items.some((item) => item.id === id),
        seen,
      );
      assert.equal((await trial.get(`/api/v1/approvals/${id}`, token)).status, seen ? 200 : 404);
    });

  it('show all that a person must know', async () => {
    const item = (await (await trial.get(`/api/v1/approvals/${id}`, 'omar')).json()) as ApprovalItem;
    assert.equal(item.status, 'open');
    assert.equal(item.text, 'delete from users where id = $1');
    assert.deepEqual(item.parameters, ['7']);
    assert.deepEqual(item.missing, { groups: ['dba'], people: 1 });
    assert.equal(item.waiting, false);
    assert.equal(item.address, `https://gate.example.test/approvals/${id}`);
  });

  it('are listed by status, page by page', async () => {
    await opened.desk.open({ request: approvalRequest({ digest: 'e'.repeat(64) }), waiter: 'another' });
    const first = await list('omar', '?status=open&limit=1');
    assert.equal(first.items.length, 1);
    assert.ok(first.next);
    const second = await list('omar', `?status=open&limit=1&cursor=${first.next}`);
    assert.deepEqual([second.items[0]?.id, second.next], [id, null]);
    assert.deepEqual((await list('omar', '?status=used')).items, []);
    assert.equal((await trial.get('/api/v1/approvals?status=maybe', 'omar')).status, 400);
  });

  it('put on record that an auditor looks, and not that the asked do', async () => {
    const events = () => trial.audits.map(({ event }) => event).filter((event) => event.endsWith('.read'));
    await list('omar');
    await trial.get(`/api/v1/approvals/${id}`, 'omar');
    assert.deepEqual(events(), []);
    for (let times = 0; times < 3; times += 1) {
      await list('aud', '?status=used');
      await trial.get(`/api/v1/approvals/${id}`, 'aud');
    }
    // What a page asks again and again comes once more at the end, counted.
    assert.deepEqual(events(), ['approvals.read', 'approval.read']);
  });

  const deciders = [
    ['nobody', null, 401],
    ['a member of the group', 'omar', 200],
    ['an agent of a member', 'omarsAgent', 404],
    ['who asked, by the agent', 'ada', 403],
    ['who asked, alone and a member', 'adaAlone', 403],
    ['an admin', 'root', 403],
    ['an auditor', 'aud', 403],
    ['somebody else', 'twin', 404],
  ] as const;
  for (const [who, token, status] of deciders)
    for (const decision of ['approve', 'deny'] as const)
      it(`answer ${status} when ${who} would ${decision}`, async () => {
        const response = await trial.post(`/api/v1/approvals/${id}`, token, { decision, reason: 'because' });
        assert.equal(response.status, status, await response.clone().text());
        const item = opened.desk.one(id, { issuer, subject: 'ada', groups: [], all: false });
        assert.equal(item?.status, status !== 200 ? 'open' : decision === 'approve' ? 'approved' : 'denied');
        if (status !== 200) return;
        assert.deepEqual(
          trial.audits.map(({ event, actor }) => [event, actor]),
          [
            ['approval.asked', `ada (${issuer})`],
            ['approval.decided', `omar (${issuer})`],
          ],
        );
        assert.equal(item?.decisions[0]?.reason, 'because');
      });

  for (const [who, token, status] of deciders) {
    // Who has no sign-in is nobody whom another site could use.
    if (token === null) continue;
    it(`answer ${status} when ${who} would approve in the console, and 403 to what another site sends in their name`, async () => {
      const { cookie, origin, ...csrf } = trial.signedIn(token);
      const decide = async (headers: Record<string, string>) => {
        const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{"decision":"approve"}' };
        return (await trial.get(`/api/v1/approvals/${id}`, null, init)).status;
      };
      const state = () => opened.desk.one(id, { issuer, subject: 'ada', groups: [], all: false })?.status;
      for (const headers of [{ cookie }, { cookie, origin }, { cookie, ...csrf }, { cookie, ...csrf, origin: 'https://evil.example' }])
        assert.equal(await decide(headers), 403);
      assert.equal(state(), 'open');
      assert.equal(await decide({ cookie, origin, ...csrf }), status);
      assert.equal(state(), status === 200 ? 'approved' : 'open');
    });
  }

  it('answer 409 to who comes second, and to an answer about another act', async () => {
    const other = await trial.post(`/api/v1/approvals/${id}`, 'omar', { decision: 'approve', digest: 'f'.repeat(64) });
    assert.equal(other.status, 409);
    assert.equal((await trial.post(`/api/v1/approvals/${id}`, 'omar', { decision: 'approve', digest })).status, 200);
    const second = await trial.post(`/api/v1/approvals/${id}`, 'omar', { decision: 'deny' });
    const { code, detail } = (await second.json()) as { code: string; detail: string };
    assert.deepEqual([second.status, code], [409, 'APPROVAL_CLOSED']);
    assert.match(detail, /has been approved already/);
  });

  for (const body of [
    {},
    { decision: 'force' },
    { decision: 'approve', by: 'root' },
    { decision: 'approve', digest: 'x' },
    { decision: 'approve', reason: 'x'.repeat(1001) },
  ])
    it(`refuse the answer ${JSON.stringify(body).slice(0, 60)}`, async () =>
      assert.equal((await trial.post(`/api/v1/approvals/${id}`, 'omar', body)).status, 400));

  const press = (user: string, decision: string, more: { signing?: string; digest?: string } = {}) => {
    const value = JSON.stringify({ id, digest: more.digest ?? digest });
    const payload = JSON.stringify({
      type: 'block_actions',
      user: { id: user },
      channel: { id: 'C1' },
      actions: [{ action_id: decision, value }],
    });
    const body = new URLSearchParams({ payload }).toString();
    const seconds = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', more.signing ?? 'signing')
      .update(`v0:${seconds}:${body}`)
      .digest('hex');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': seconds,
      'x-slack-signature': `v0=${signature}`,
    };
    return trial.get('/api/v1/slack/interactions', null, { method: 'POST', headers, body });
  };
  const presses = [
    ['a known person’s', 'U0OMAR', 'approve', {}, 200, 'approved'],
    ['a known person’s no', 'U0OMAR', 'deny', {}, 200, 'denied'],
    ['a stranger’s', 'U0RITA', 'approve', {}, 200, 'open'],
    ['a wrongly signed', 'U0OMAR', 'approve', { signing: 'other' }, 401, 'open'],
    ['one about something else', 'U0OMAR', 'approve', { digest: 'f'.repeat(64) }, 200, 'open'],
    ['one of another button', 'U0OMAR', 'force', {}, 400, 'open'],
  ] as const;
  for (const [name, user, decision, more, status, then] of presses)
    it(`take ${name} press in Slack: ${then}`, async () => {
      const before = receiver.received.length;
      const response = await press(user, decision, more);
      assert.equal(response.status, status);
      assert.equal(opened.desk.one(id, { issuer, subject: 'ada', groups: [], all: false })?.status, then);
      if (status !== 200 || then !== 'open') return;
      // Whose press does not count is told so, alone.
      const told = () => receiver.received.slice(before).filter(({ path }) => path === '/chat.postEphemeral');
      while (told().length === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.match(told()[0]?.body ?? '', /Your answer does not count/);
    });

  it('take nothing but a form from Slack, and no more than a message’s worth', async () => {
    const json = await trial.post('/api/v1/slack/interactions', null, {});
    assert.equal(json.status, 400);
    const large = await trial.get('/api/v1/slack/interactions', null, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'x'.repeat(300 * 1024),
    });
    assert.equal(large.status, 413);
  });

  it('are described, and say who may call them', async () => {
    const document = (await (await trial.get('/api/v1/openapi.json')).json()) as {
      paths: { [path: string]: { [method: string]: { 'x-access': string; security: object[] } } };
    };
    const said = (path: string, method: string) => document.paths[path]?.[method];
    assert.equal(said('/api/v1/approvals', 'get')?.['x-access'], 'own-list');
    assert.equal(said('/api/v1/approvals/{id}', 'post')?.['x-access'], 'own-approval');
    assert.equal(said('/api/v1/slack/interactions', 'post')?.['x-access'], 'signed');
    assert.deepEqual(said('/api/v1/slack/interactions', 'post')?.security, []);
  });
});
