import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Receiver, startReceiver } from '../../src/stages/approvals/testing.ts';
import { Desk, hold, policies, told } from './asking.ts';
import { eventually, installed } from './demonstration.ts';
import { type House, openHouse, run } from './house.ts';

const hostile = [
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '<!channel> <@U0INES> <https://evil.example|approve> *bold* `code` :tada: &amp;',
  'refund\u202etxet\u2066hidden\u2069 \u200b\u001b]0;x\u0007',
  `plain${String.fromCodePoint(0xe0041, 0xe0042)}`,
  '” Approved by ines. “',
];

interface AskedMessage {
  readonly type: string;
  readonly data: {
    readonly id: string;
    readonly stated: string | null;
    readonly masked: boolean;
    readonly card: { readonly words: string };
  };
}

describe('why an agent says that it asks', { timeout: 120_000 }, () => {
  let house: House;
  let desk: Desk;
  let hook: Receiver;
  let slack: Receiver;
  before(async () => {
    hook = await startReceiver(() => ({ status: 204 }));
    slack = await startReceiver(() => ({ body: { ok: true, channel: 'C0DEPLOYS', ts: '1764108000.000100' } }));
    house = await openHouse({
      policies,
      connections: [{ name: 'frozen' }],
      masking: { detectors: [{ detect: ['email'], connections: ['orders'], action: 'redact' }] },
      env: { HOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`, SLACK_SIGNING: 'signing', SLACK_TOKEN: 'xoxb-1' },
    });
    const channel = {
      token: { env: 'SLACK_TOKEN' },
      signingSecret: { env: 'SLACK_SIGNING' },
      channel: 'C0DEPLOYS',
      people: [],
      api: slack.url,
    };
    const notify = [{ webhook: `${hook.url}/hook`, secret: { env: 'HOOK_SECRET' } }, { slack: channel }];
    await house.restart('SIGTERM', { approvals: { notify } });
    desk = new Desk(house);
    await house.database.run('create table kept (id int, word text)', 'alter table kept owner to shop_app');
  });
  after(async () => {
    await house?.[Symbol.asyncDispose]();
    await hook?.[Symbol.asyncDispose]();
    await slack?.[Symbol.asyncDispose]();
  });

  /** What the webhook was told when this was asked. */
  const webhookOf = async (id: string): Promise<AskedMessage['data']> => {
    let found: AskedMessage | undefined;
    await eventually(() => {
      found = hook.received
        .map(({ body }) => JSON.parse(body) as AskedMessage)
        .find(({ type, data }) => type === 'approval.asked' && data.id === id);
      return found !== undefined;
    });
    return found?.data ?? assert.fail(`the webhook was not told of ${id}`);
  };
  /** The block of Slack's message that has the words, and its type. */
  const slackBlockOf = async (id: string): Promise<{ readonly type: string; readonly text: string }> => {
    let message = '';
    await eventually(() => {
      message = slack.received.find(({ path, body }) => path === '/chat.postMessage' && body.includes(id))?.body ?? '';
      return message !== '';
    });
    const { blocks } = JSON.parse(message) as { blocks: readonly { text?: { type: string; text: string } }[] };
    return blocks.map(({ text }) => text).find((text) => text?.text.startsWith('The agent’s own words: ')) ?? assert.fail(message);
  };

  test('is a comment before the statement in psql; the bytes go on as they came, and it is on record', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const statement = "-- reason: order 7 was counted twice\ninsert into kept values (7, 'why')";
    const running = run('psql', ['-X', '-w', '-c', statement], { env: house.environment('why-psql') });
    const asked = await desk.asked('why-psql');
    assert.deepEqual([asked.stated, asked.text], ['order 7 was counted twice', statement]);
    const listed = await house.cli('dba', 'approvals', '--status', 'open');
    assert.match(listed.out, /says +“order 7 was counted twice” \(unverified: the agent’s own words\)/);
    await desk.approve(asked.id);
    const ran = await running;
    assert.equal(ran.out, 'INSERT 0 1\n', ran.err);
    assert.doesNotMatch(ran.err, /No reason was given/);
    const { exchanges } = await house.story('why-psql');
    assert.equal(exchanges.at(-1)?.text, statement);
    const trail = JSON.parse(await house.read('auditor', '/api/v1/audit?limit=1000')) as {
      items: { event: string; detail: { approval?: string; stated?: string | null } }[];
    };
    const question = trail.items.find(({ event, detail }) => event === 'approval.asked' && detail.approval === asked.id);
    assert.equal(question?.detail.stated, 'order 7 was counted twice');
    assert.equal((await webhookOf(asked.id)).card.words, 'unverified: “order 7 was counted twice”');
  });

  test('is taken from prepared statements, from sqlcommenter’s comment, and from the beginning of a text of several', async () => {
    const client = await house.connect('why-forms');
    for (const [query, stated] of [
      [{ text: '/* reason: prepared */ insert into kept values ($1)', values: [1] }, 'prepared'],
      [{ text: "insert into kept values (2) /*app='x',reason='by%20a%20library'*/" }, 'by a library'],
      [{ text: '-- reason: all of it\nselect 1; insert into kept values (3)' }, 'all of it'],
    ] as const) {
      const held = await hold(client, query as { text: string });
      assert.equal((await desk.one(held.id)).stated, stated);
      await desk.approve(held.id);
      assert.equal((await held.answer).code, '00000');
    }
    await client.end();
  });

  test('is asked for in one sentence where there is none, and then is another act', async () => {
    const client = await house.connect('why-none');
    const held = await hold(client, 'insert into kept values (4)');
    assert.match(held.notice.message, /No reason was given; to give people one, send it anew with a comment before it, -- reason: …\.$/);
    assert.equal((await desk.one(held.id)).stated, null);
    assert.equal((await webhookOf(held.id)).card.words, 'none were given.');
    await desk.approve(held.id);
    await held.answer;
    const again = await hold(client, '-- reason: because\ninsert into kept values (4)');
    assert.notEqual(again.id, held.id, 'a yes to other words does not count');
    assert.notEqual((await desk.one(again.id)).digest, (await desk.one(held.id)).digest);
    await desk.decide('dba', again.id, { decision: 'deny' });
    await again.answer;
    await client.end();
  });

  test('decides nothing: what nobody may lift stays forbidden', async () => {
    const client = await house.connect('why-frozen', { database: 'frozen' });
    const refused = await told(client.query('-- reason: ines has approved this\ninsert into kept values (8)'));
    assert.deepEqual([refused.code, refused.tag], ['42501', null]);
    await client.end();
  });

  for (const [place, words] of hostile.entries())
    test(`is text whatever it holds (${place})`, async () => {
      const client = await house.connect(`why-hostile-${place}`);
      const held = await hold(client, { text: `/* reason: ${words} */ insert into kept values ($1)`, values: [place] });
      assert.equal((await desk.one(held.id)).stated, words);
      const shown = await slackBlockOf(held.id);
      assert.equal(shown.type, 'plain_text', 'Slack parses nothing of it');
      const told = [shown.text, (await webhookOf(held.id)).card.words, (await house.cli('dba', 'approvals', '--status', 'open')).out];
      for (const text of told) assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u200b\u001b\u0007\u{e0000}-\u{e007f}]/u);
      await desk.decide('dba', held.id, { decision: 'deny' });
      await held.answer;
      await client.end();
    });

  test('is cut with a count where it is long, and the whole stays in the statement', async () => {
    const client = await house.connect('why-long');
    const statement = `-- reason: ${'y'.repeat(1_000_000)}\ninsert into kept values (5)`;
    const held = await hold(client, statement);
    const { stated, textLength } = await desk.one(held.id);
    assert.match(stated ?? '', /^y+…\(\+\d+ characters\)$/);
    assert.ok((stated ?? '').length <= 500);
    assert.equal(textLength, statement.length);
    await desk.decide('dba', held.id, { decision: 'deny' });
    await held.answer;
    await client.end();
  });

  test('reaches webhooks and Slack without what masking finds in it, and approvers whole', async () => {
    const client = await house.connect('why-masked');
    const held = await hold(client, '-- reason: ada@example.com asked me to\ninsert into kept values (6)');
    assert.equal((await desk.one(held.id)).stated, 'ada@example.com asked me to');
    const data = await webhookOf(held.id);
    assert.ok(data.masked && !JSON.stringify(data).includes('ada@example.com'), JSON.stringify(data));
    assert.match(data.card.words, /^unverified: “\S+ asked me to”$/);
    assert.ok(!(await slackBlockOf(held.id)).text.includes('ada@example.com'));
    await desk.decide('dba', held.id, { decision: 'deny' });
    await held.answer;
    await client.end();
  });
});
