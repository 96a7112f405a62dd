import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { accessByRoute, accessOf } from './access.ts';
import { createApi } from './index.ts';
import {
  approvalRequest,
  exchangeItem,
  memoryCatalog,
  openTrialDesk,
  people,
  sessionItem,
  startApi,
  type Trial,
  trialOptions,
} from './trial.test-support.ts';

const own = sessionItem(people['ada'] ?? null);
const others = sessionItem(people['bob'] ?? null);
const strangers = sessionItem(null, { status: 'refused', verdict: 'refused', code: 'TOKEN_INVALID' });
const catalog = memoryCatalog([others, own, strangers], [exchangeItem(others, { text: 'select secret from plans' }), exchangeItem(own)]);

/** What a look cannot test: it leads somewhere, or does something. */
const elsewhere = new Set([
  '/api/v1/login',
  '/api/v1/login/callback',
  '/api/v1/logout',
  '/api/v1/sessions/:id/terminate',
  '/api/v1/runs/:id/terminate',
  '/api/v1/masking/try',
  '/api/v1/policies/check',
  '/api/v1/policies/test',
  '/api/v1/connections/test',
  '/api/v1/connections/:name/test',
]);

/** What a route needs beside its session to be answered with 200. */
const queries: { readonly [url: string]: string } = { '/api/v1/sessions/:id/export': '?format=ndjson' };

const path = (url: string, id: string) =>
  url.replace(':id', id).replace(':version', '0123456789ab').replace(':name', 'orders') + (queries[url] ?? '');

async function registeredRoutes(): Promise<readonly string[]> {
  const api = await createApi(await unaskedOptions());
  const urls = Object.keys(accessByRoute).filter((url) => (['GET', 'POST'] as const).some((method) => api.hasRoute({ method, url })));
  const printed = api.printRoutes({ commonPrefix: false }).match(/\([A-Z, ]+\)/g) ?? [];
  await api.close();
  assert.equal(urls.length, printed.length, 'a route is registered that the access table does not hold, or the other way round');
  return urls;
}

async function unaskedOptions() {
  const gateway = {
    audit: async () => {},
    status: neverAsked,
    connections: neverAsked,
    protocols: neverAsked,
    makeConnection: neverAsked,
    changeConnection: neverAsked,
    removeConnection: neverAsked,
    tryConnection: neverAsked,
    policies: neverAsked,
    policyCatalogs: neverAsked,
    checkPolicies: neverAsked,
    terminate: neverAsked,
  };
  return trialOptions({ catalog, gateway, approvals: await openTrialDesk() });
}

function neverAsked(): never {
  throw new Error('not asked in this test');
}

describe('who may call each route', () => {
  let trial: Trial;
  /** An approval that Ada's agent asked for. */
  let asked = '';
  before(async () => {
    trial = await startApi({ catalog });
    const opened = await trial.approvals.desk.open({ request: approvalRequest(), waiter: 'w' });
    asked = 'id' in opened ? opened.id : assert.fail('it was not asked');
  });
  after(() => trial.close());

  it('every registered route says who may call it, and every row of the table is a route', async () => {
    const urls = await registeredRoutes();
    assert.deepEqual([...urls].sort(), Object.keys(accessByRoute).sort());
    assert.equal(accessOf('/api/v1/secret'), null);
    assert.equal(accessOf('constructor'), null);
  });

  it('a route that does not say so keeps the API from starting', async () => {
    const api = await createApi(await unaskedOptions());
    assert.throws(() => api.get('/api/v1/unlisted', async () => 'x'));
    await api.close();
  });

  for (const [url, access] of Object.entries(accessByRoute)) {
    const isPublic = access === 'public';
    const auditorOnly = access === 'auditor' || access === 'auditors-session' || access === 'admin-changes';
    const scoped = access === 'own-session' || access === 'own-run' || access === 'own-approval';
    if (access === 'signed' || access === 'page' || elsewhere.has(url)) continue;
    const cases = [
      { who: 'nobody', token: null, id: own.id, status: isPublic ? 200 : 401 },
      { who: 'a wrong token', token: 'forged', id: own.id, status: isPublic ? 200 : 401 },
      { who: 'the owner', token: 'ada', id: own.id, status: auditorOnly ? 403 : 200 },
      { who: 'another user', token: 'bob', id: own.id, status: scoped ? 404 : auditorOnly ? 403 : 200 },
      { who: 'the same subject of another issuer', token: 'twin', id: own.id, status: scoped ? 404 : auditorOnly ? 403 : 200 },
      { who: 'anybody, for what a stranger tried', token: 'ada', id: strangers.id, status: scoped ? 404 : auditorOnly ? 403 : 200 },
      { who: 'an auditor', token: 'aud', id: own.id, status: 200 },
      { who: 'an admin', token: 'root', id: own.id, status: access === 'auditors-session' ? 403 : 200 },
    ];
    for (const { who, token, id, status } of cases) {
      for (const [method, by] of [
        ['GET', 'token'],
        [url.endsWith('/live') ? 'GET' : 'HEAD', 'token'],
        ['GET', 'cookie'],
      ] as const) {
        it(`${method} ${url} by ${who}, by ${by}: ${status}`, async () => {
          const at = path(url, access === 'own-approval' && id === own.id ? asked : id);
          const response = by === 'token' ? await trial.get(at, token, { method }) : await trial.getByCookie(at, token);
          const body = await response.text();
          assert.equal(response.status, status, body);
          assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
          assert.equal(response.headers.get('cache-control'), 'no-store');
          if (status >= 400) assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
          if (status === 401) assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer /);
        });
      }
    }
  }

  const wish = { protocol: 'sql', target: {} };
  const changes = [
    ['POST', '/api/v1/connections', { name: 'reports', ...wish }, 404],
    ['PUT', '/api/v1/connections/orders', wish, 200],
    ['DELETE', '/api/v1/connections/orders', undefined, 200],
    ['POST', '/api/v1/connections/test', { name: 'reports', ...wish }, 200],
    ['POST', '/api/v1/connections/orders/test', undefined, 200],
  ] as const;
  for (const [method, at, body, done] of changes) {
    const init = { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) };
    const cases = [
      [null, 401],
      ['forged', 401],
      ['ada', 403],
      ['bob', 403],
      ['aud', 403],
      // An admin's agent, and then the admin.
      ['root', 403],
      ['rootAlone', done],
    ] as const;
    for (const [who, status] of cases)
      it(`${method} ${at} by ${who}: ${status}`, async () => {
        const response = await trial.get(at, who, init);
        assert.equal(response.status, status, await response.text());
      });
    it(`${method} ${at} by an admin’s sign-in, from the console’s own page alone`, async () => {
      const { cookie, ...page } = trial.signedIn('rootAlone');
      const by = (headers: object) => trial.get(at, null, { ...init, headers: { ...init.headers, ...headers } });
      assert.equal((await by({ cookie })).status, 403);
      assert.equal((await by({ cookie, origin: page.origin })).status, 403);
      assert.equal((await by({ cookie, ...page })).status, done);
    });
  }

  it('somebody else’s session and none at all are answered alike', async () => {
    const foreign = await (await trial.get(`/api/v1/sessions/${others.id}`, 'ada')).text();
    const none = await (await trial.get('/api/v1/sessions/00000000-0000-7000-8000-000000000000', 'ada')).text();
    assert.equal(foreign, none);
  });

  it('lists and searches hold what the viewer may see', async () => {
    const seen = async (at: string, token: string) => {
      const { items } = (await (await trial.get(at, token)).json()) as { items: { id: string }[] };
      return items.map(({ id }) => id);
    };
    assert.deepEqual(await seen('/api/v1/sessions', 'ada'), [own.id]);
    assert.deepEqual(await seen('/api/v1/sessions', 'twin'), []);
    assert.deepEqual(await seen('/api/v1/sessions', 'aud'), [others.id, own.id, strangers.id]);
    assert.deepEqual(await seen('/api/v1/exchanges?q=secret', 'ada'), []);
    assert.deepEqual(await seen(`/api/v1/exchanges?session=${others.id}`, 'ada'), []);
    assert.deepEqual(await seen('/api/v1/exchanges?q=secret', 'aud'), [`${others.id}/1`]);
  });
});
