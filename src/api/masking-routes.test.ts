import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { maskingSchema } from '../stages/masking/settings.ts';
import { memoryCatalog, startApi, type Trial } from './trial.test-support.ts';

const masking = maskingSchema.parse({
  columns: [{ column: 'orders:public.users.email', action: 'partial' }],
  detectors: [{ detect: ['email'], connections: ['orders'], action: 'redact' }],
  patterns: [{ name: 'employee-id', pattern: 'E[0-9]{6}', action: 'redact' }],
  originals: { recipients: ['age1olga'] },
});
const secret = 'ada@example.com';
const sample = { kind: 'text', text: `E123456 is ${secret}` };

describe('the masking in force', () => {
  let trial: Trial;
  before(async () => {
    trial = await startApi({ catalog: memoryCatalog([], []) }, { masking });
  });
  after(() => trial.close());
  afterEach(() => {
    trial.audits.length = 0;
    trial.auditFault = null;
  });
  const tryOut = (who: string, body: object) => trial.post('/api/v1/masking/try', who, body);

  it('is told with what each rule is, as the configuration has it', async () => {
    const told = (await (await trial.get('/api/v1/masking', 'aud')).json()) as object;
    assert.deepEqual(
      { ...told, detectorNames: null, recent: null },
      {
        configured: true,
        columns: [{ rule: 'columns[0]', column: 'orders:public.users.email', action: 'partial' }],
        detectors: [{ rule: 'detectors[0]', detect: ['email'], connections: ['orders'], action: 'redact' }],
        patterns: [{ rule: 'patterns[0]', name: 'employee-id', pattern: 'E[0-9]{6}', connections: null, action: 'redact' }],
        originals: ['age1olga'],
        detectorNames: null,
        recent: null,
      },
    );
  });

  it('can be tried by admins and auditors, and the trail says who did and not what', async () => {
    for (const who of ['ada', 'omar']) assert.equal((await tryOut(who, { connection: 'orders', sample })).status, 403);
    assert.equal(trial.audits.length, 0);
    for (const who of ['aud', 'root']) {
      const answer = await tryOut(who, { connection: 'orders', sample });
      assert.equal(answer.status, 200);
      const tried = (await answer.json()) as { kind: string; shown: { text: string } };
      assert.equal(tried.shown.text, '[redacted:employee-id] is [redacted:email]');
    }
    assert.deepEqual(
      trial.audits.map(({ event, actor, detail }) => [event, actor.split(' ')[0], detail]),
      ['aud', 'root'].map((who) => ['masking.tried', who, { connection: 'orders', sample: 'text', draft: false }]),
    );
    assert.ok(!JSON.stringify([trial.audits, trial.faults]).includes(secret));
  });

  it('is not tried where that cannot be recorded', async () => {
    trial.auditFault = new Error('the disk is full');
    assert.equal((await tryOut('root', { connection: 'orders', sample })).status, 503);
  });

  it('is not tried for a cookie without the token against forgery', async () => {
    const headers = { 'content-type': 'application/json', ...trial.signedIn('root') };
    const body = JSON.stringify({ connection: 'orders', sample });
    assert.equal((await trial.get('/api/v1/masking/try', null, { method: 'POST', body, headers })).status, 200);
    const forged = { ...headers, 'chaperone-csrf': 'x' };
    assert.equal((await trial.get('/api/v1/masking/try', null, { method: 'POST', body, headers: forged })).status, 403);
  });

  const wrong: readonly (readonly [says: string, body: object, status: number])[] = [
    ['a connection that is not there', { connection: 'nowhere', sample }, 404],
    ['a sample of no kind', { connection: 'orders', sample: { kind: 'image', text: secret } }, 400],
    ['a row without columns', { connection: 'orders', sample: { kind: 'row', columns: [] } }, 400],
    ['a text that is too long', { connection: 'orders', sample: { kind: 'text', text: secret.repeat(5_000) } }, 400],
    ['a body that is too long', { connection: 'orders', sample: { kind: 'text', text: secret.repeat(20_000) } }, 413],
    [
      'too many rules',
      { connection: 'orders', sample, draft: { detectors: Array.from({ length: 21 }, () => ({ detect: [], action: 'null' })) } },
      400,
    ],
  ];
  for (const [says, body, status] of wrong)
    it(`refuses ${says}, and repeats nothing of it`, async () => {
      const answer = await tryOut('root', body);
      assert.equal(answer.status, status);
      assert.ok(!(await answer.text()).includes(secret));
      assert.equal(trial.audits.length, 0);
    });

  it('says what is wrong with a draft and where', async () => {
    const draft = { patterns: [{ name: 'x', pattern: 'abc(?=d)', action: 'redact' }] };
    const tried = (await (await tryOut('root', { connection: 'orders', sample, draft })).json()) as { kind: string; problems: object[] };
    assert.equal(tried.kind, 'unsound');
    assert.deepEqual(
      tried.problems.map((problem) => ({ ...problem, message: '' })),
      [{ at: 'patterns[0].pattern', message: '', from: 3 }],
    );
  });
});
