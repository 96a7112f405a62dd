import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Receipt } from './contract.ts';
import { exchangeItem, memoryCatalog, people, sessionItem, startApi, type Trial } from './trial.test-support.ts';

const stoppedAt = Date.UTC(2026, 10, 22, 10, 0, 30);
const goesOn = sessionItem(people['ada'] ?? null, { status: 'active', endedAt: null });
const over = sessionItem(people['ada'] ?? null);
const at = (seconds: number) => new Date(stoppedAt + seconds * 1000).toISOString();
const exchanges = [
  exchangeItem(over, { ordinal: 1, startedAt: at(-20), durationMs: 5 }),
  exchangeItem(over, { ordinal: 2, startedAt: at(-10), durationMs: 11_000, status: 'cut', text: 'update refunds' }),
  exchangeItem(over, {
    ordinal: 3,
    startedAt: at(-10),
    durationMs: 11_000,
    status: 'refused',
    verdict: 'refused',
    text: 'drop table refunds',
  }),
];

describe('ending a session', () => {
  let trial: Trial;
  let asked: object[] = [];
  before(async () => {
    const catalog = memoryCatalog([goesOn, over], exchanges);
    // Asked to end, it goes on no longer.
    let ended = false;
    const following = { ...catalog, session: (id: string) => (ended && id === goesOn.id ? { ...over, id } : catalog.session(id)) };
    const lastExchanges = () => exchanges;
    trial = await startApi(
      { catalog: { ...following, lastExchanges } },
      {},
      {
        terminate: async (termination) => {
          ended = true;
          asked.push(termination);
          return { kind: 'stopped', stoppedAt, endedAt: stoppedAt + 400 };
        },
      },
    );
  });
  after(() => trial.close());
  const end = (who: string, id: string, body: object) => trial.post(`/api/v1/sessions/${id}/terminate`, who, body);

  it('is for its owner and admins, and on the trail before it is done', async () => {
    assert.equal((await end('aud', goesOn.id, {})).status, 403);
    assert.equal((await end('bob', goesOn.id, {})).status, 404);
    trial.auditFault = new Error('the disk is full');
    assert.equal((await end('root', goesOn.id, {})).status, 503);
    trial.auditFault = null;
    assert.deepEqual(asked, []);
    const answer = await end('root', goesOn.id, { reason: 'enough' });
    assert.equal(answer.status, 200);
    assert.deepEqual(asked, [{ session: goesOn.id, by: 'root (https://login.example.test)', reason: 'enough' }]);
    assert.equal(trial.audits.at(-1)?.event, 'session.terminated');
    const receipt = (await answer.json()) as Receipt;
    assert.deepEqual([receipt.stoppedAt, receipt.endedAt], [at(0), over.endedAt]);
    assert.deepEqual(
      receipt.inFlight?.map(({ text, reached }) => `${text}: ${reached}`),
      ['update refunds: target', 'drop table refunds: nothing'],
    );
  });

  it('ends a run with all that goes on of it, for whose it is and admins', async () => {
    const end = (who: string, id: string) => trial.post(`/api/v1/runs/${id}/terminate`, who, {});
    assert.equal((await end('aud', over.id)).status, 403);
    assert.equal((await end('bob', over.id)).status, 404);
    assert.deepEqual(await (await end('ada', over.id)).json(), { items: [] });
  });

  it('by a cookie needs the token against forgery', async () => {
    const { cookie, origin, ...csrf } = trial.signedIn('root');
    const post = (headers: Record<string, string>) =>
      trial.get(`/api/v1/sessions/${over.id}/terminate`, null, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{}',
      });
    for (const headers of [{ cookie }, { cookie, origin }, { cookie, ...csrf }, { cookie, origin: 'https://evil.example', ...csrf }])
      assert.equal((await post(headers)).status, 403);
    assert.equal((await post({ cookie, origin, ...csrf })).status, 200);
  });

  it('that is over says when it ended and that nothing was ended now', async () => {
    asked = [];
    const receipt = (await (await end('ada', over.id, {})).json()) as Receipt;
    assert.deepEqual([receipt.stoppedAt, receipt.endedAt, receipt.inFlight, asked], [null, over.endedAt, [], []]);
  });
});
