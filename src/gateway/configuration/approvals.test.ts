import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkApprovals, revealed } from './approvals.ts';
import { labelOf } from './problem.ts';

const key = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
process.env['CHAPERONE_TEST_HOOK'] = key;
process.env['CHAPERONE_TEST_NO_HOOK'] = 'secret';
const hook = { env: 'CHAPERONE_TEST_HOOK' };
const listening = { console: {}, insecureLoopback: false };
const person = { slack: 'U02ABC3DEF4', issuer: 'https://login.example.com', subject: 'omar', groups: ['dba'] };
const slack = { token: hook, signingSecret: hook, channel: 'C012345', people: [person] };

function checked(value: unknown, listen: Parameters<typeof checkApprovals>[1] = listening) {
  const problems: string[] = [];
  const found = checkApprovals(value, listen, (place, message, remedy) => problems.push(`${labelOf(place)} | ${message} | ${remedy}`));
  return { found, problems: problems.join('\n') };
}

describe('the section approvals', () => {
  test('has defaults', () => {
    const usual = { waitMs: 600_000, expireMs: 1_800_000, people: 1, url: null, webhooks: [], slack: [] };
    assert.deepEqual(checked(undefined, { ...listening, console: null }).found, usual);
    assert.deepEqual(checked({}).found, usual);
    assert.equal(checked({ wait: 0 }).found?.waitMs, 0);
  });

  test('has webhooks and Slack, whose secrets show only where they are revealed', () => {
    const { found } = checked({
      people: 2,
      url: 'https://gate.example.com/',
      notify: [{ webhook: 'https://hooks.example.com/a', secret: hook }, { slack }],
    });
    assert.ok(found);
    assert.ok(!JSON.stringify(found).includes(key));
    assert.equal(found.url, 'https://gate.example.com');
    const settings = revealed(found);
    assert.deepEqual(settings.webhooks, [{ url: 'https://hooks.example.com/a', secret: key }]);
    assert.equal(settings.slack[0]?.api, 'https://slack.com/api');
    assert.deepEqual(settings.slack[0]?.people, [{ ...person, email: null }]);
    assert.ok(!('url' in settings));
  });

  const wrong: readonly (readonly [name: string, value: unknown, says: RegExp])[] = [
    ['a wait longer than there can be an answer', { wait: '1h', expire: '30m' }, /approvals\.wait is longer/],
    ['an endless expiry', { expire: '25d' }, /approvals\.expire is longer than 24 days/],
    ['nobody', { people: 0 }, /approvals\.people/],
    ['a wait that is no duration', { wait: 'long' }, /approvals\.wait.*expected a duration/],
    ['an unencrypted webhook', { notify: [{ webhook: 'http://127.0.0.1/x', secret: hook }] }, /would be sent unencrypted/],
    ['a webhook without a secret', { notify: [{ webhook: 'https://a.example' }] }, /notify\[0\]\.secret/],
    [
      'a webhook’s secret of another kind',
      { notify: [{ webhook: 'https://a.example', secret: { env: 'CHAPERONE_TEST_NO_HOOK' } }] },
      /not one of Standard Webhooks \| Make one with/,
    ],
    [
      'Slack’s name instead of its id',
      { notify: [{ slack: { ...slack, people: [{ ...person, slack: 'omar' }] } }] },
      /the id of a Slack account/,
    ],
    [
      'a person whom nothing tells',
      { notify: [{ slack: { ...slack, people: [{ issuer: 'https://a', subject: 'b', groups: ['c'] }] } }] },
      /nobody can be known by this/,
    ],
    ['an unknown key', { timeout: '10m' }, /unknown key "timeout"/],
  ];
  for (const [name, value, says] of wrong)
    test(`refuses ${name}`, () => {
      const { found, problems } = checked(value);
      assert.equal(found, null);
      assert.match(problems, says);
    });

  test('refuses approvals where nobody could decide them', () =>
    assert.match(checked({}, { ...listening, console: null }).problems, /there is none \| Add listen\.console/));
});
