import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AuditItem, ExchangeItem, Page, SessionItem } from '../../src/archive/items.ts';
import { errorCodes } from '../../src/core/errors.ts';
import { startIssuer } from '../rig/issuer.ts';
import { eventually } from './demonstration.ts';
import { regrouped, unsigned } from './forged-tokens.ts';
import { type House, openHouse } from './house.ts';

const secretWord = 'the-price-of-silence';

/** Everybody who works does as they like, but on `ledger` a DBA is asked before anything is changed. */
const policies = `
@id("workers")
permit (principal, action, resource)
when { principal in Group::"engineering" || principal in Group::"dba" }
unless { resource in Connection::"vault" };
@id("schema-needs-dba") @approval("dba") @reason("Tables are made by DBAs.")
forbid (principal, action in [Action::"schema", Action::"write", Action::"unknown"], resource in Connection::"ledger");
`;

/**
 * Who may call what, as the contract has it. `known`: everybody, about themselves. `list`: everybody, for what is theirs. `session`, `run`: the owner and who sees all.
 * `approval`: who asked, who is asked, and who sees all. `trail`: only who sees all. A route that the OpenAPI document names and this table does not fails the test, and so does
 * the reverse.
 */
const routes = {
  '/healthz': { access: 'public', query: '' },
  '/readyz': { access: 'public', query: '' },
  '/metrics': { access: 'public', query: '' },
  '/api/v1/openapi.json': { access: 'public', query: '' },
  '/api/v1/login/issuers': { access: 'public', query: '' },
  '/api/v1/me': { access: 'known', query: '' },
  '/api/v1/sessions': { access: 'list', query: '' },
  '/api/v1/sessions/{id}': { access: 'session', query: '' },
  '/api/v1/sessions/{id}/exchanges': { access: 'session', query: '' },
  '/api/v1/sessions/{id}/recording': { access: 'session', query: '' },
  '/api/v1/sessions/{id}/live': { access: 'session', query: '' },
  '/api/v1/sessions/{id}/originals': { access: 'trail', query: '' },
  '/api/v1/sessions/{id}/export': { access: 'session', query: '?format=ndjson' },
  '/api/v1/exchanges': { access: 'list', query: `?q=${secretWord}` },
  '/api/v1/exchanges/facets': { access: 'list', query: '' },
  '/api/v1/exchanges/fields': { access: 'known', query: '' },
  '/api/v1/overview': { access: 'list', query: '' },
  '/api/v1/runs': { access: 'list', query: '' },
  '/api/v1/runs/{id}': { access: 'run', query: '' },
  '/api/v1/runs/{id}/exchanges': { access: 'run', query: '' },
  '/api/v1/runs/{id}/story': { access: 'run', query: '' },
  '/api/v1/approvals': { access: 'list', query: '' },
  '/api/v1/approvals/{id}': { access: 'approval', query: '' },
  '/api/v1/audit': { access: 'trail', query: '' },
  '/api/v1/connections': { access: 'trail', query: '' },
  '/api/v1/connections/{name}': { access: 'trail', query: '' },
  '/api/v1/protocols': { access: 'trail', query: '' },
  '/api/v1/masking': { access: 'trail', query: '' },
  '/api/v1/retention': { access: 'trail', query: '' },
  '/api/v1/proof': { access: 'trail', query: '' },
  '/api/v1/policies': { access: 'trail', query: '' },
  '/api/v1/policies/versions': { access: 'trail', query: '' },
  '/api/v1/policies/versions/{version}': { access: 'trail', query: '' },
} as const;
/** The routes that do something, which no look at them can. */
const deciding: { readonly [path: string]: readonly string[] } = {
  '/api/v1/approvals/{id}': ['post'],
  '/api/v1/slack/interactions': ['post'],
  '/api/v1/logout': ['post'],
  '/api/v1/sessions/{id}/terminate': ['post'],
  '/api/v1/runs/{id}/terminate': ['post'],
  '/api/v1/policies/check': ['post'],
  '/api/v1/policies/test': ['post'],
  '/api/v1/connections': ['post'],
  '/api/v1/connections/{name}': ['put', 'delete'],
  '/api/v1/connections/test': ['post'],
  '/api/v1/connections/{name}/test': ['post'],
  '/api/v1/masking/try': ['post'],
};
/** The ways to a sign-in and back, for everybody; console-login.test.ts walks them. */
const leading = ['/api/v1/login', '/api/v1/login/callback'];
type Access = (typeof routes)[keyof typeof routes]['access'];

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

interface Problem {
  readonly type: string;
  readonly status: number;
  readonly code: keyof typeof errorCodes;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
}

function problemIn({ status, type, text }: Answer): Problem {
  assert.match(type, /^application\/problem\+json/, text);
  const document = JSON.parse(text) as Problem;
  assert.equal(document.status, status);
  assert.equal(document.type, `urn:chaperone:error:${document.code}`);
  assert.equal(errorCodes[document.code].http, status, `${document.code} is a code of the contract`);
  assert.ok(document.title && document.detail && document.hint);
  return document;
}

describe('who may look at the record', () => {
  let house: House;
  let owned: SessionItem;
  /** The approval that the owner asked for. */
  let asked = '';
  let ownRun = '';
  let version = '';
  const tokens: Record<string, string | null> = {};

  const get = async (path: string, token: string | null): Promise<Answer> => {
    const response = await fetch(`${house.gateway.console}${path}`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
  };
  const page = async <Item>(path: string, token: string | null): Promise<readonly Item[]> => {
    const { status, text } = await get(path, token);
    assert.equal(status, 200, text);
    return (JSON.parse(text) as Page<Item>).items;
  };
  const pathOf = (route: string, id: string) =>
    route.replace('{id}', id).replace('{version}', version).replace('{name}', 'ledger') + routes[route as keyof typeof routes].query;
  /** The one in the path of a route: the owner's session, or what the owner asked for. */
  const subjectOf = (route: string) =>
    route.startsWith('/api/v1/approvals') ? asked : route.startsWith('/api/v1/runs') ? ownRun : owned.id;

  before(async () => {
    house = await openHouse({ policies, approvals: { wait: 0 }, connections: [{ name: 'ledger' }] });
    const { issuer } = house;
    await using elsewhere = await startIssuer();
    const hour = Math.floor(Date.now() / 1000) + 3600;
    Object.assign(tokens, {
      owner: house.tokens.engineer,
      'their agent': house.tokens.agent,
      'another user': await issuer.token({ sub: 'eve', email: 'dana@example.com' }),
      'somebody without a connection': house.tokens.stranger,
      'who is asked': house.tokens.dba,
      'an agent of who is asked': house.tokens.dbaAgent,
      auditor: house.tokens.auditor,
      nobody: null,
      'an expired token': await issuer.token({ exp: hour - 7200, iat: hour - 10_800 }),
      'a token of tomorrow': await issuer.token({ nbf: hour }),
      'a token for another audience': await issuer.token({ aud: 'billing', groups: ['audit'] }),
      'a token of another issuer': await elsewhere.token({ groups: ['audit'] }),
      'a token of another issuer that names ours': await elsewhere.token({ iss: issuer.url, groups: ['audit'] }),
      'an unsigned token': unsigned(house.tokens.auditor),
      'a changed token': regrouped(house.tokens.engineer),
      'no token at all but a word': 'letmein',
    });
    const client = await house.connect('owned', { password: house.tokens.engineer });
    await client.query(`select '${secretWord}' as word`);
    await client.end();
    const asking = await house.connect('asked', { password: house.tokens.engineer, database: 'ledger' });
    await assert.rejects(asking.query(`create table held as select '${secretWord}' as word`), (fault: Error) => {
      asked = /\(approval ([0-9a-f-]{36})\)/.exec(fault.message)?.[1] ?? '';
      return true;
    });
    assert.notEqual(asked, '');
    await asking.end();
    const others = await house.connect('others', { password: tokens['another user'] ?? '' });
    await others.query(`select 'unlike' as word`);
    await others.end();
    const [session] = await house.over('owned');
    assert.ok(session);
    for (const run of ['others', 'asked']) await house.over(run);
    owned = session;
    ownRun = (await page<{ id: string }>('/api/v1/runs?name=owned', house.tokens.engineer))[0]?.id ?? '';
    assert.notEqual(ownRun, '');
    version = (await page<{ version: string }>('/api/v1/policies/versions', house.tokens.auditor))[0]?.version ?? '';
  });
  after(() => house[Symbol.asyncDispose]());

  it('the table names every route there is', async () => {
    const { text } = await get('/api/v1/openapi.json', null);
    const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, object>> };
    assert.deepEqual(new Set(Object.keys(paths)), new Set([...Object.keys(routes), ...Object.keys(deciding), ...leading]));
    for (const [path, methods] of Object.entries(paths)) {
      const reads = path in routes || leading.includes(path) ? ['get'] : [];
      const does = deciding[path] ?? [];
      assert.deepEqual(Object.keys(methods), [...reads, ...does], path);
    }
  });

  const strangers = [
    'nobody',
    'an expired token',
    'a token of tomorrow',
    'a token for another audience',
    'a token of another issuer',
    'a token of another issuer that names ours',
    'an unsigned token',
    'a changed token',
    'no token at all but a word',
  ];
  const known: { readonly [who: string]: { readonly [access in Exclude<Access, 'public'>]: number } } = {
    owner: { known: 200, list: 200, session: 200, run: 200, approval: 200, trail: 403 },
    'their agent': { known: 200, list: 200, session: 200, run: 200, approval: 200, trail: 403 },
    'another user': { known: 200, list: 200, session: 404, run: 404, approval: 404, trail: 403 },
    'somebody without a connection': { known: 200, list: 200, session: 404, run: 404, approval: 404, trail: 403 },
    'who is asked': { known: 200, list: 200, session: 404, run: 404, approval: 200, trail: 403 },
    'an agent of who is asked': { known: 200, list: 200, session: 404, run: 404, approval: 404, trail: 403 },
    auditor: { known: 200, list: 200, session: 200, run: 200, approval: 200, trail: 200 },
  };

  /** Those who are not shown what the owner did; who is asked sees what they are asked about. */
  const others = ['another user', 'somebody without a connection', 'who is asked', 'an agent of who is asked'];

  for (const [route, { access }] of Object.entries(routes)) {
    it(`${route} is for those it is for`, async () => {
      for (const who of strangers) {
        const answer = await get(pathOf(route, subjectOf(route)), tokens[who] ?? null);
        assert.equal(answer.status, access === 'public' ? 200 : 401, `${who}: ${answer.text}`);
        if (access !== 'public') assert.doesNotMatch(answer.text, new RegExp(secretWord));
        if (answer.status === 401) assert.match(problemIn(answer).code, /^TOKEN_(MISSING|INVALID|EXPIRED)$/);
      }
      for (const [who, statuses] of Object.entries(known)) {
        const answer = await get(pathOf(route, subjectOf(route)), tokens[who] ?? null);
        const expected = access === 'public' ? 200 : statuses[access];
        assert.equal(answer.status, expected, `${who}: ${answer.text}`);
        if (expected === 403) assert.equal(problemIn(answer).code, 'ACCESS_REFUSED');
        if (expected === 404) {
          assert.equal(problemIn(answer).code, 'NOT_FOUND');
          const none = await get(pathOf(route, '0190163d-8694-739b-aea5-966c26f8ad91'), tokens[who] ?? null);
          assert.equal(answer.text, none.text, 'as if it did not exist');
        }
        // The trail says what an auditor has searched for.
        if (who === 'auditor' && access === 'trail') continue;
        const isApproval = route.startsWith('/api/v1/approvals');
        const holdsIt =
          isApproval || access === 'run'
            ? route !== '/api/v1/runs/{id}'
            : access === 'list'
              ? route.endsWith('/exchanges')
              : access === 'session' && !route.endsWith('{id}');
        const mayKnow = !others.includes(who) || (isApproval && who === 'who is asked');
        assert.equal(answer.text.includes(secretWord), holdsIt && expected === 200 && mayKnow, who);
      }
    });
  }

  it('nobody decides who is not asked, nor by another’s signature', async () => {
    const post = async (path: string, token: string | null, type: string, body: string) => {
      const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
      const init = { method: 'POST', headers: { ...authorization, 'content-type': type }, body };
      return (await fetch(`${house.gateway.console}${path}`, init)).status;
    };
    const decide = (who: string) =>
      post(`/api/v1/approvals/${asked}`, tokens[who] ?? null, 'application/json', JSON.stringify({ decision: 'approve' }));
    for (const who of strangers) assert.equal(await decide(who), 401, who);
    for (const [who, { approval }] of Object.entries(known))
      if (who !== 'who is asked') assert.equal(await decide(who), approval === 200 ? 403 : 404, who);
    for (const who of [...strangers, ...Object.keys(known)])
      assert.equal(
        await post('/api/v1/slack/interactions', tokens[who] ?? null, 'application/x-www-form-urlencoded', 'payload={}'),
        401,
        who,
      );
    assert.equal(await decide('who is asked'), 200);
  });

  it('nobody has a draft of policies checked who may not see those in force', async () => {
    for (const who of [...strangers, ...Object.keys(known)]) {
      const headers = { ...(tokens[who] && { authorization: `Bearer ${tokens[who]}` }), 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify({ files: [] }) };
      for (const what of ['check', 'test']) {
        const { status } = await fetch(`${house.gateway.console}/api/v1/policies/${what}`, init);
        assert.equal(status, known[who]?.trail ?? 401, `${who}: ${what}`);
      }
    }
  });

  it('nobody ends a session who neither owns it nor administers', async () => {
    const end = async (who: string) => {
      const headers = { ...(tokens[who] && { authorization: `Bearer ${tokens[who]}` }), 'content-type': 'application/json' };
      return (await fetch(`${house.gateway.console}/api/v1/sessions/${owned.id}/terminate`, { method: 'POST', headers, body: '{}' }))
        .status;
    };
    for (const who of strangers) assert.equal(await end(who), 401, who);
    for (const [who, { session }] of Object.entries(known))
      assert.equal(await end(who), session === 404 ? 404 : who === 'auditor' ? 403 : 200, who);
  });

  it('lists and searches show everybody their own, and the auditor all', async () => {
    const runs = async (who: string) =>
      (await page<SessionItem>('/api/v1/sessions', tokens[who] ?? null))
        .map(({ run }) => run ?? '')
        .toSorted((one, other) => one.localeCompare(other));
    assert.deepEqual(await runs('owner'), ['asked', 'owned']);
    assert.deepEqual(await runs('another user'), ['others']);
    assert.deepEqual(await runs('somebody without a connection'), []);
    assert.deepEqual(await runs('auditor'), ['asked', 'others', 'owned']);
    const found = async (who: string, query: string) => page<ExchangeItem>(`/api/v1/exchanges?${query}`, tokens[who] ?? null);
    assert.equal((await found('another user', `q=${secretWord}`)).length, 0);
    assert.equal((await found('another user', `session=${owned.id}`)).length, 0);
    assert.equal((await found('owner', `session=${owned.id}`)).length, 1);
    assert.equal((await found('auditor', `q=${secretWord}`)).length, 2);
    // A filter by user is no way around: it narrows what one may see.
    assert.deepEqual(await page('/api/v1/sessions?user=dana', tokens['another user'] ?? null), []);
  });

  it('that somebody reads a recording is on record before its first byte, with who it was and whose it is', async () => {
    const journal = async () => {
      const files = await Array.fromAsync(glob(join(house.state, 'journal', '*.segment')));
      return Buffer.concat(await Promise.all(files.map((file) => readFile(file)))).toString('latin1');
    };
    for (const [event, route] of [
      ['recording.read', '/api/v1/sessions/{id}/recording'],
      ['recording.exported', '/api/v1/sessions/{id}/export'],
    ] as const) {
      // The gateway's clock and this one were read apart.
      const since = new Date(Date.now() - 5).toISOString();
      const looks = async () => {
        const items = await page<AuditItem>('/api/v1/audit?limit=1000', house.tokens.auditor);
        return items.filter((item) => item.event === event && item.at >= since);
      };
      const refused = await get(pathOf(route, owned.id), tokens['another user'] ?? null);
      assert.equal(refused.status, 404);
      const written = (await journal()).split(`"${event}"`).length;
      const response = await fetch(`${house.gateway.console}${pathOf(route, owned.id)}`, {
        headers: { authorization: `Bearer ${house.tokens.auditor}` },
      });
      assert.equal((await journal()).split(`"${event}"`).length, written + 1, 'it is in the journal when the answer begins');
      assert.match(await response.text(), new RegExp(secretWord));
      assert.ok(await eventually(async () => (await looks()).length > 0), `${event} appears on the trail`);
      const seen = await looks();
      assert.deepEqual(
        seen.map(({ actor, detail }) => [actor, detail['session'], detail['of']]),
        [[`olga (${house.issuer.url})`, owned.id, `dana (${house.issuer.url})`]],
        'who was refused has read nothing',
      );
    }
  });

  it('nothing is written by the API, and what it does not know is a problem document', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const headers = { authorization: `Bearer ${house.tokens.auditor}` };
      const response = await fetch(`${house.gateway.console}/api/v1/sessions/${owned.id}`, { method, headers });
      const answer = { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
      assert.equal(answer.status, 404, method);
      assert.equal(problemIn(answer).code, 'NOT_FOUND');
    }
    const cases = [
      ['/api/v1/nothing', 404, 'NOT_FOUND'],
      ['/api/v1/sessions?limit=0', 400, 'REQUEST_INVALID'],
      ['/api/v1/sessions?usr=dana', 400, 'REQUEST_INVALID'],
      ['/api/v1/sessions?cursor=nonsense', 400, 'REQUEST_INVALID'],
      ['/api/v1/sessions?since=yesterday', 400, 'REQUEST_INVALID'],
      [`/api/v1/sessions/${owned.id}/export?format=docx`, 400, 'REQUEST_INVALID'],
      ['/api/v1/sessions/..%2F..%2Fchaperone.yaml/recording', 404, 'NOT_FOUND'],
      ['/api/v1/sessions/%00/recording', 404, 'NOT_FOUND'],
    ] as const;
    for (const [path, status, code] of cases) {
      const answer = await get(path, house.tokens.auditor);
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
      assert.equal(problemIn(answer).code, code, path);
    }
  });

  it('a request that names a foreign host is not answered', async () => {
    const { port } = new URL(house.gateway.console);
    for (const [host, status] of [
      [`127.0.0.1:${port}`, 200],
      [`localhost:${port}`, 200],
      [`rebound.example.com:${port}`, 400],
      ['169.254.169.254', 400],
      [`127.0.0.1.example.com:${port}`, 400],
    ] as const) {
      for (const path of ['/healthz', '/api/v1/sessions']) assert.equal(await statusFor(house, path, host), status, `${path} as ${host}`);
    }
  });
});

/** fetch does not let a program name another host than the one it dials. */
function statusFor(house: House, path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${house.tokens.auditor}` };
    const call = request(`${house.gateway.console}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end();
  });
}
