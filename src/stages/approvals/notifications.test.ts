import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import type { ToldApproval } from './approval.ts';
import { type Card, cardOf, cardParts } from './card.ts';
import { Notifier } from './notifier.ts';
import type { ApprovalSettings, SlackPerson } from './settings.ts';
import { slackMessage } from './slack-message.ts';
import { isFromSlack, readPress } from './slack.ts';
import { ApprovalStore } from './store.ts';
import { approvalOf, type Receiver, startReceiver } from './testing.ts';
import { webhookHeaders, webhookKey } from './webhook.ts';

const key = Buffer.alloc(32, 7);
const secret = `whsec_${key.toString('base64')}`;
const address = () => 'https://gate.example.test/approvals/';

/** What the session did before. */
const soFar = { exchanges: 7, last: [{ action: 'toy:read', verdict: 'permitted' }] };

function notifierOf(settings: Partial<ApprovalSettings>, delays: readonly number[] = [1, 1]) {
  const lines: string[] = [];
  const store = new ApprovalStore(':memory:');
  const full = { webhooks: [], slack: [], ...settings };
  const notifier = new Notifier({
    settings: full,
    store,
    address,
    now: Date.now,
    soFar: () => soFar,
    log: (line) => lines.push(line),
    delays,
  });
  return { notifier, lines, store };
}

const slackOf = (receiver: Receiver, people: readonly SlackPerson[] = []) => ({
  token: 'xoxb-secret',
  signingSecret: 'signing',
  channel: 'C1',
  people,
  api: receiver.url,
});

describe('a webhook', () => {
  test('signs as the specification’s example does', () => {
    // From the specification of Standard Webhooks and the libraries' own tests.
    const headers = webhookHeaders(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1614265330,
      '{"test": 2432232314}',
    );
    assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  for (const [text, good] of [
    [secret, true],
    ['whsec_', false],
    ['whsec_c2hvcnQ=', false],
    [key.toString('base64'), false],
    ['whsec_!!', false],
  ] as const)
    test(`${good ? 'takes' : 'does not take'} the secret ${text.slice(0, 14)}…`, () => assert.equal(webhookKey(text) !== null, good));

  test('is told what happened, signed anew at each attempt, until it has understood', async () => {
    await using receiver = await startReceiver((_request, index) => ({ status: index < 2 ? 503 : 204 }));
    const { notifier } = notifierOf({ webhooks: [{ url: `${receiver.url}/hook`, secret }] });
    notifier.notify('asked', approvalOf());
    const all = await receiver.first(3);
    await notifier.close();
    assert.equal(new Set(all.map(({ headers }) => headers['webhook-id'])).size, 1);
    for (const { path, headers, body } of all) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
      assert.equal(path, '/hook');
    }
    const told = JSON.parse(all[0]?.body ?? '') as { type: string; data: { id: string; address: string; text: string } };
    assert.equal(told.type, 'approval.asked');
    assert.equal(told.data.address, address() + told.data.id);
    assert.equal(told.data.text, approvalOf().text);
    const { card } = (JSON.parse(all[0]?.body ?? '') as { data: { card: Card } }).data;
    assert.deepEqual(Object.keys(card), cardParts);
    assert.equal(card.effect, 'Change about 1 row of public.users on orders (toy:delete)');
    assert.match(card.soFar, /^7 in the session; the last of them: toy:read permitted$/);
  });

  for (const [name, status, attempts] of [
    ['that always fails is given up in the end', 500, 3],
    ['that is gone is given up at once', 410, 1],
    ['that sends elsewhere is not followed', 302, 3],
  ] as const)
    test(name, async () => {
      await using elsewhere = await startReceiver();
      await using receiver = await startReceiver(() => ({ status, location: elsewhere.url }));
      const { notifier, lines } = notifierOf({ webhooks: [{ url: receiver.url, secret }] });
      notifier.notify('asked', approvalOf());
      while (!lines.some((line) => line.includes('given up'))) await new Promise((resolve) => setImmediate(resolve));
      await notifier.close();
      assert.equal(receiver.received.length, attempts);
      assert.equal(elsewhere.received.length, 0);
      assert.ok(!lines.join().includes(secret));
    });

  test('that hangs holds nobody up, and is let go when the gateway stops', async () => {
    await using receiver = await startReceiver(() => ({ status: 500 }));
    const { notifier } = notifierOf({ webhooks: [{ url: receiver.url, secret }] }, [86_400_000]);
    notifier.notify('asked', approvalOf());
    await receiver.first(1);
    await notifier.close();
    assert.equal(receiver.received.length, 1);
  });
});

describe('the card', () => {
  const told = (more: Partial<ToldApproval> = {}): ToldApproval => ({ ...approvalOf(), address: 'x', masked: false, soFar, ...more });

  test('has nine parts, and Slack shows them in the same order and words', () => {
    const approval = told();
    const card = cardOf(approval);
    assert.equal(cardParts.length, 9);
    const texts = slackMessage(approval).blocks.flatMap((block) => ('text' in block ? [(block['text'] as { text: string }).text] : []));
    const places = cardParts.map((part) => texts.findIndex((text) => text.endsWith(card[part])));
    assert.ok(!places.includes(-1), places.join());
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    );
  });

  const says: readonly (readonly [name: string, more: Partial<ToldApproval>, part: keyof Card, words: RegExp])[] = [
    ['who asks', {}, 'who', /^dana@example\.test \(https:.*\), by the agent cursor, in the run r-1, from 127/],
    [
      'that a person asks alone',
      { requester: { ...approvalOf().requester, agent: null }, run: null },
      'who',
      /alone, with no agent, in a run without a name/,
    ],
    ['by which rule', {}, 'why', /^by ask-dba “A DBA must see this\.”$/],
    ['that nobody knows how many rows', { estimate: null }, 'scope', /^How many rows: not known\. toy:delete Table public\.users/],
    [
      'what approving does while somebody waits',
      {},
      'does',
      /^Until 2026-11-25T10:10:00\.000Z, while the client waits, it sends the waiting request once/,
    ],
    ['what it does when nobody does', { waitUntil: approvalOf().createdAt }, 'does', /^Nobody waits: exactly the same request passes once/],
    ['when it is refused by itself', {}, 'clock', /^No answer until 2026-11-25T10:30:00\.000Z refuses it\.$/],
    ['that nothing was before', { soFar: { exchanges: 0, last: [] } }, 'soFar', /^Nothing before this/],
    ['that what was before is not known', { soFar: null }, 'soFar', /^Not known here/],
    ['that an effect could not be read', { effect: 'unknown' }, 'effect', /^Do something that could not be read to public\.users/],
    [
      'values that are bound',
      { parameters: [null, 'x'.repeat(99)], parameterCount: 12 },
      'statement',
      /\$1 = NULL, \$2 = 'x+…\(\+\d+ characters\)' and 10 more$/,
    ],
  ];
  for (const [name, more, part, words] of says) test(`says ${name}`, () => assert.match(cardOf(told(more))[part], words));

  const irreversible: readonly (readonly [name: string, more: Partial<ToldApproval>])[] = [
    ['a change of what things are', { effect: 'schema' }],
    ['a change of rights', { effect: 'admin' }],
    ['what nobody could read', { effect: 'unknown' }],
    ['a change of nobody knows how many rows', { effect: 'write', estimate: null }],
    ['a change of many rows', { effect: 'write', estimate: 1_001 }],
    ['many rows', { effect: 'read', estimate: 1_001 }],
  ];
  for (const [name, more] of irreversible)
    test(`leads from Slack to the console for a yes to ${name}, and still takes a no`, () => {
      const { elements } = slackMessage(told(more)).blocks.at(-1) as unknown as { elements: { action_id: string; url?: string }[] };
      assert.deepEqual(
        elements.map(({ action_id, url }) => [action_id, url]),
        [
          ['open', told(more).address],
          ['deny', undefined],
        ],
      );
    });

  const partial: readonly (readonly [name: string, more: Partial<ToldApproval>])[] = [
    ['a text that is cut', { textLength: 90_000 }],
    ['a text without what is masked', { masked: true }],
    ['more values than are shown', { parameterCount: 11 }],
    ['a long value', { parameters: ['x'.repeat(61)] }],
  ];
  for (const [name, more] of partial)
    test(`offers in Slack no yes to ${name}, and still a no`, () => {
      const all = JSON.stringify(slackMessage(told(more)));
      assert.ok(!all.includes('"action_id":"approve"') && all.includes('"action_id":"deny"') && all.includes('|Open to decide>'));
    });
});

describe('a Slack message', () => {
  const shownBy = (message: ReturnType<typeof slackMessage>) => JSON.stringify(message);

  test('shows what is asked, with buttons that name exactly it', () => {
    const message = slackMessage({ ...approvalOf(), address: `${address()}x`, masked: false, soFar });
    const text = shownBy(message);
    for (const words of [
      'delete from users where id = $1',
      'Table public.users',
      "$1 = '7'",
      'about 1',
      'dana@example.test',
      'cursor',
      'r-1',
      'A DBA must see this.',
    ])
      assert.ok(text.includes(words), words);
    const { elements } = message.blocks.at(-1) as unknown as { elements: { action_id: string; value: string }[] };
    assert.deepEqual(
      elements.map(({ action_id }) => action_id),
      ['approve', 'deny'],
    );
    assert.deepEqual(JSON.parse(elements[0]?.value ?? ''), { id: approvalOf().id, digest: approvalOf().digest });
  });

  for (const status of ['approved', 'used', 'denied', 'expired', 'withdrawn'] as const)
    test(`has no buttons once it is ${status}`, () =>
      assert.ok(!shownBy(slackMessage({ ...approvalOf({ status }), address: 'x', masked: false, soFar })).includes('"actions"')));

  test('parses nothing that an agent wrote', () => {
    const hostile = '<!channel> *approved* `x` <https://evil.example|click> & \u202etxet\u202c \u200b\u0007';
    const approval = approvalOf({
      text: hostile,
      run: hostile,
      parameters: [hostile],
      requester: { ...approvalOf().requester, email: hostile, agent: hostile },
    });
    const { text, blocks } = slackMessage({ ...approval, address: 'https://gate.example.test/approvals/x', masked: false, soFar });
    assert.ok(!/[<>]/.test(text), text);
    const parsed = (function find(value: unknown): string[] {
      if (typeof value !== 'object' || value === null) return [];
      if ('type' in value && value.type === 'mrkdwn' && 'text' in value) return [String(value.text)];
      return Object.values(value).flatMap(find);
    })(blocks);
    assert.deepEqual(parsed, ['<https://gate.example.test/approvals/x|Open to decide>']);
    assert.ok(blocks.length <= 50);
    const all = JSON.stringify([text, blocks]);
    for (const unseen of ['\u202e', '\u200b', '\\u0007']) assert.ok(!all.includes(unseen));
    assert.ok(all.includes('\\\\u{202e}'));
  });

  test('cuts with a count, within Slack’s limits', () => {
    const long = 'x'.repeat(70_000);
    const demands = Array.from(
      { length: 50 },
      (_, index) => ({ action: 'toy:delete', effect: 'write', object: { type: 'Table', name: `${index}${long}` } }) as const,
    );
    const approval = approvalOf({
      text: long,
      textLength: 90_000,
      demands,
      parameters: Array.from({ length: 90 }, () => long),
      parameterCount: 95,
      run: long,
    });
    const { text, blocks } = slackMessage({ ...approval, address: 'https://gate.example.test/approvals/x', masked: false, soFar });
    assert.ok(text.length <= 300);
    for (const block of blocks) if ('text' in block) assert.ok((block['text'] as { text: string }).text.length <= 3_000);
    const all = JSON.stringify(blocks);
    assert.match(all, /the beginning of 90000 characters/);
    assert.match(all, /\(\+\d+ characters\)/);
  });
});

describe('Slack', () => {
  test('gets one message for each approval, which follows what happens to it', async () => {
    await using receiver = await startReceiver(() => ({ body: { ok: true, channel: 'C1', ts: '1.2' } }));
    const { notifier, store } = notifierOf({ slack: [slackOf(receiver)] });
    notifier.notify('asked', approvalOf());
    notifier.notify('decided', approvalOf({ status: 'approved' }));
    const [post, update] = await receiver.first(2);
    assert.equal(post?.path, '/chat.postMessage');
    assert.equal(post?.headers.authorization, 'Bearer xoxb-secret');
    assert.equal(update?.path, '/chat.update');
    assert.equal((JSON.parse(update?.body ?? '{}') as { ts: string }).ts, '1.2');
    assert.deepEqual(store.posted(approvalOf().id, 0), { channel: 'C1', ts: '1.2' });
    await notifier.close();
  });

  test('that says no is not asked again, and the log does not have the token', async () => {
    await using receiver = await startReceiver(() => ({ body: { ok: false, error: 'channel_not_found' } }));
    const { notifier, lines } = notifierOf({ slack: [slackOf(receiver)] });
    notifier.notify('asked', approvalOf());
    while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await notifier.close();
    assert.equal(receiver.received.length, 1);
    assert.match(lines.join(), /given up: Slack says channel_not_found/);
    assert.ok(!lines.join().includes('xoxb'));
  });

  const body = Buffer.from('payload=%7B%7D');
  const now = 1_800_000_000_000;
  const sign = (seconds: number, signing = 'signing') =>
    `v0=${createHmac('sha256', signing).update(`v0:${seconds}:`).update(body).digest('hex')}`;
  const seconds = now / 1000;
  const signatures: readonly (readonly [name: string, timestamp: string | undefined, signature: string | undefined, genuine: boolean])[] = [
    ['its signature', String(seconds), sign(seconds), true],
    ['one of five minutes ago', String(seconds - 300), sign(seconds - 300), true],
    ['an older one', String(seconds - 301), sign(seconds - 301), false],
    ['one from the future', String(seconds + 301), sign(seconds + 301), false],
    ['another secret', String(seconds), sign(seconds, 'other'), false],
    ['another time', String(seconds - 1), sign(seconds), false],
    ['no time', undefined, sign(seconds), false],
    ['no number for a time', 'NaN', sign(seconds), false],
    ['no signature', String(seconds), undefined, false],
    ['half a signature', String(seconds), sign(seconds).slice(0, 20), false],
  ];
  for (const [name, timestamp, signature, genuine] of signatures)
    test(`is ${genuine ? '' : 'not '}known by ${name}`, () =>
      assert.equal(isFromSlack({ signingSecret: 'signing' }, { timestamp, signature }, body, now), genuine));

  const press = {
    type: 'block_actions',
    user: { id: 'U1' },
    channel: { id: 'C1' },
    actions: [{ action_id: 'approve', value: JSON.stringify({ id: 'a', digest: 'd'.repeat(64) }) }],
  };
  const payloads: readonly (readonly [name: string, payload: object, read: boolean])[] = [
    ['a press', press, true],
    ['another kind of interaction', { ...press, type: 'view_submission' }, false],
    ['another button', { ...press, actions: [{ ...press.actions[0], action_id: 'force' }] }, false],
    ['two buttons at once', { ...press, actions: [press.actions[0], press.actions[0]] }, false],
    ['a button without a digest', { ...press, actions: [{ action_id: 'approve', value: '{"id":"a"}' }] }, false],
    ['nobody’s press', { ...press, user: {} }, false],
    ['that somebody followed the link', { ...press, actions: [{ action_id: 'open' }] }, true],
    ['an answer without what it is about', { ...press, actions: [{ action_id: 'approve' }] }, false],
  ];
  for (const [name, payload, read] of payloads)
    test(`${read ? 'reads' : 'does not read'} ${name}`, () =>
      assert.equal(readPress(new URLSearchParams({ payload: JSON.stringify(payload) }).toString()) !== null, read));

  const omar: SlackPerson = {
    slack: null,
    issuer: 'https://login.example.test',
    subject: 'omar',
    email: 'omar@example.test',
    groups: ['dba'],
  };
  const byId: SlackPerson = { ...omar, slack: 'U1', subject: 'olga', email: null };
  const confirmed = { is_email_confirmed: true, profile: { email: 'Omar@example.test' } };
  const accounts: readonly (readonly [name: string, people: readonly SlackPerson[], user: object, subject: string | null])[] = [
    ['by the account’s id', [byId, omar], confirmed, 'olga'],
    ['by the account’s e-mail', [omar], confirmed, 'omar'],
    ['not by an unconfirmed e-mail', [omar], { profile: { email: 'omar@example.test' } }, null],
    ['not by a guest’s', [omar], { ...confirmed, is_restricted: true }, null],
    ['not by a stranger’s', [omar], { ...confirmed, is_stranger: true }, null],
    ['not by a deleted account’s', [omar], { ...confirmed, deleted: true }, null],
    ['not by another e-mail', [omar], { ...confirmed, profile: { email: 'rita@example.test' } }, null],
    ['not where two have it', [omar, { ...omar, subject: 'other' }], confirmed, null],
    ['not where two have the id', [byId, { ...byId, subject: 'other' }], confirmed, null],
    ['not where nobody is configured', [], confirmed, null],
  ];
  for (const [name, people, user, subject] of accounts)
    test(`knows a person ${name}`, async () => {
      await using receiver = await startReceiver(() => ({ body: { ok: true, user } }));
      const { notifier } = notifierOf({ slack: [slackOf(receiver, people)] });
      assert.equal((await notifier.slack[0]?.person('U1'))?.subject ?? null, subject);
      await notifier.close();
    });
});
