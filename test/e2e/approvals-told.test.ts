import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Received, type Receiver, startReceiver } from '../../src/stages/approvals/testing.ts';
import { Desk, hold, policies } from './asking.ts';
import { eventually } from './demonstration.ts';
import { type House, openHouse } from './house.ts';

const hookKey = randomBytes(32);
const signingSecret = randomBytes(16).toString('hex');

/** The check of a Standard Webhooks receiver, by the specification alone: signed by this key, and lately. */
function isGenuine({ headers, body }: Received): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name]));
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const expected = createHmac('sha256', hookKey).update([id, timestamp, body].join('.')).digest();
  return (signatures ?? '').split(' ').some((signature) => {
    const [version, text = ''] = signature.split(',');
    const given = Buffer.from(text, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

describe('people who are told elsewhere', { timeout: 60_000 }, () => {
  let house: House;
  let desk: Desk;
  let hook: Receiver;
  let slack: Receiver;
  before(async () => {
    // The first delivery fails, as deliveries do.
    hook = await startReceiver((_request, index) => ({ status: index === 0 ? 500 : 204 }));
    slack = await startReceiver(() => ({ body: { ok: true, channel: 'C0DEPLOYS', ts: '1764108000.000100' } }));
    house = await openHouse({
      policies,
      env: { HOOK_SECRET: `whsec_${hookKey.toString('base64')}`, SLACK_SIGNING: signingSecret, SLACK_TOKEN: 'xoxb-1' },
    });
    const people = [
      { slack: 'U0INES', issuer: house.issuer.url, subject: 'ines', groups: ['dba'] },
      { slack: 'U0DANA', issuer: house.issuer.url, subject: 'dana', groups: ['dba'] },
    ];
    const channel = {
      token: { env: 'SLACK_TOKEN' },
      signingSecret: { env: 'SLACK_SIGNING' },
      channel: 'C0DEPLOYS',
      people,
      api: slack.url,
    };
    const notify = [{ webhook: `${hook.url}/hook`, secret: { env: 'HOOK_SECRET' } }, { slack: channel }];
    await house.restart('SIGTERM', { approvals: { url: 'https://gateway.example.com', notify } });
    desk = new Desk(house);
    await house.database.run('create table kept (id int, word text)', 'alter table kept owner to shop_app');
  });
  after(async () => {
    await house?.[Symbol.asyncDispose]();
    await hook?.[Symbol.asyncDispose]();
    await slack?.[Symbol.asyncDispose]();
  });

  /** What Slack sends when somebody presses a button of this message. */
  const press = async (
    user: string,
    button: 'approve' | 'deny' | 'open',
    message: string,
    secret = signingSecret,
    seconds = Date.now() / 1000,
  ) => {
    const { blocks } = JSON.parse(message) as { blocks: { type: string; elements?: { action_id: string; value: string }[] }[] };
    const pressed = blocks.find(({ type }) => type === 'actions')?.elements?.find(({ action_id }) => action_id === button);
    assert.ok(pressed, message);
    const payload = {
      type: 'block_actions',
      user: { id: user },
      channel: { id: 'C0DEPLOYS' },
      actions: [{ action_id: button, value: pressed.value }],
    };
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const timestamp = String(Math.floor(seconds));
    const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
    };
    return (await fetch(`${house.gateway.console}/api/v1/slack/interactions`, { method: 'POST', headers, body })).status;
  };
  const slackCalls = (path: string) => slack.received.filter((request) => request.path === path);

  test('a webhook is told by signed messages, a failed one again, and Slack’s button lets the statement pass', async () => {
    const client = await house.connect('told');
    const held = await hold(client, { text: 'insert into kept values ($1, $2)', values: [1, '<!channel> told'] });
    assert.ok(held.notice.message.includes(`https://gateway.example.com/approvals/${held.id}`));

    const [failed, again] = await hook.first(2);
    assert.ok(failed && again && isGenuine(failed) && isGenuine(again));
    assert.equal(failed.headers['webhook-id'], again.headers['webhook-id'], 'one message, sent twice');
    assert.ok(!isGenuine({ ...again, body: again.body.replace('approval.asked', 'approval.used') }), 'the check is one');
    const asked = JSON.parse(again.body) as {
      type: string;
      data: { id: string; text: string; parameters: string[]; address: string; card: { readonly [part: string]: string } };
    };
    assert.match(asked.data.card['effect'] ?? '', /^Change .* of public\.kept on \w+ \(postgres:insert\)$/);
    assert.match(asked.data.card['statement'] ?? '', /^insert into kept values \(\$1, \$2\)\n\n\$1 = '1', \$2 = '<!channel> told'$/);
    assert.deepEqual(
      [asked.type, asked.data.id, asked.data.text, asked.data.parameters, asked.data.address],
      [
        'approval.asked',
        held.id,
        'insert into kept values ($1, $2)',
        ['1', '<!channel> told'],
        `https://gateway.example.com/approvals/${held.id}`,
      ],
    );

    assert.ok(await eventually(() => slackCalls('/chat.postMessage').length === 1));
    const message = slackCalls('/chat.postMessage')[0];
    assert.equal(message?.headers['authorization'], 'Bearer xoxb-1');
    const text = message?.body ?? '';
    assert.match(text, /insert into kept values/);
    assert.equal(await press('U0INES', 'approve', text, 'forged'), 401);
    assert.equal(await press('U0INES', 'approve', text, signingSecret, Date.now() / 1000 - 600), 401, 'an old one, overheard');
    assert.equal(await press('U0DANA', 'approve', text), 200);
    assert.equal(await press('U0NOBODY', 'approve', text), 200);
    assert.ok(await eventually(() => slackCalls('/chat.postEphemeral').length === 2));
    const whispers = slackCalls('/chat.postEphemeral').map(({ body }) => (JSON.parse(body) as { text: string }).text);
    assert.ok(whispers.some((words) => /asked for you, so it needs somebody else/.test(words)));
    assert.ok(whispers.some((words) => /does not know whom your Slack account stands for/.test(words)));
    assert.equal((await desk.one(held.id)).status, 'open');

    assert.equal(await press('U0INES', 'approve', text), 200);
    assert.equal((await held.answer).tag, 'INSERT');
    await client.end();
    const { decisions } = await desk.one(held.id);
    assert.deepEqual(
      decisions.map(({ subject, via }) => [subject, via]),
      [['ines', 'slack']],
    );
    assert.ok(await eventually(() => slackCalls('/chat.update').some(({ body }) => /Approved and used/.test(body))));
    assert.ok(slackCalls('/chat.update').every(({ body }) => (JSON.parse(body) as { ts: string }).ts === '1764108000.000100'));

    assert.ok(await eventually(() => hook.received.length === 4));
    assert.ok(hook.received.every(isGenuine));
    const types = hook.received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
    assert.deepEqual(types, ['approval.asked', 'approval.asked', 'approval.decided', 'approval.used']);
  });

  test('a yes by Slack to what cannot be taken back does not count, and whoever gave it is told where it does', async () => {
    const [posted, whispered] = [slackCalls('/chat.postMessage').length, slackCalls('/chat.postEphemeral').length];
    const client = await house.connect('told-irreversibly');
    const held = await hold(client, { text: 'create table told_irreversibly (id int)' });
    assert.ok(await eventually(() => slackCalls('/chat.postMessage').length > posted));
    const message = slackCalls('/chat.postMessage').at(-1)?.body ?? '';
    assert.match(message, /"action_id":"open"[^}]*Approve in the console/);
    assert.equal(await press('U0INES', 'open', message), 200);
    // As an older message may still have it.
    const older = message.replace('"action_id":"deny"', '"action_id":"approve"');
    assert.equal(await press('U0INES', 'approve', older), 200);
    assert.ok(await eventually(() => slackCalls('/chat.postEphemeral').length > whispered));
    assert.match(slackCalls('/chat.postEphemeral').at(-1)?.body ?? '', /cannot be taken back[^]*Approve it in the console/);
    assert.equal((await desk.one(held.id)).status, 'open');
    assert.equal(await press('U0INES', 'deny', message), 200);
    await held.answer;
    assert.equal((await desk.one(held.id)).status, 'denied');
    await client.end();
  });

  test('no secret of theirs is in the log, the record or an answer', async () => {
    const answers = await Promise.all(['approvals', 'audit', 'connections'].map((route) => house.read('auditor', `/api/v1/${route}`)));
    for (const heard of [...answers, house.gateway.stderr(), house.gateway.stdout(), ...hook.received.map(({ body }) => body)])
      for (const secret of [hookKey.toString('base64'), signingSecret, 'xoxb-1', ...Object.values(house.tokens)])
        assert.ok(!heard.includes(secret));
    assert.match(
      house.gateway.stderr(),
      /webhook of http:\/\/127\.0\.0\.1:\d+ for approval [0-9a-f-]+ failed: it answered with status 500/,
    );
  });
});
