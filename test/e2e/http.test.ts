import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import axios from 'axios';
import { EventSource } from 'eventsource';
import type { ApprovalItem } from '../../src/api/contract.ts';
import { eventually } from './demonstration.ts';
import { openWebHouse, programPath, run, startWebTarget, type WebHouse, type WebTarget } from './http-house.ts';

const secret = 'target-key-4711-0815';
const policies = `
@id("connect") permit (principal, action == Action::"connect", resource);
@id("reads") permit (principal in Group::"engineering", action in Action::"read", resource in Connection::"billing");
@id("customers") permit (principal in Group::"engineering", action == Action::"http:POST", resource == Route::"billing:/customers");
@id("no-exports") @reason("Exports leave the house.") forbid (principal, action, resource == Route::"billing:/export");
@id("deletes") permit (principal in Group::"engineering", action == Action::"http:DELETE", resource in Connection::"billing");
@id("deletes-ask") @approval("leads") @reason("Deletes need a lead.") forbid (principal, action == Action::"http:DELETE", resource);
@id("puts") permit (principal in Group::"engineering", action == Action::"http:PUT", resource in Connection::"patient");
@id("puts-ask") @approval("leads") @reason("Puts need a lead.") forbid (principal, action == Action::"http:PUT", resource in Connection::"patient");
@id("bank") permit (principal in Group::"engineering", action in Action::"read", resource in Connection::"bank");
@id("graph") permit (principal in Group::"engineering", action == Action::"http:graphql-query", resource in Connection::"billing");
`;

let target: WebTarget;
let house: WebHouse;
let tokensGiven = 0;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '', headers } = request;
  if (url === '/token') {
    tokensGiven += 1;
    const token = { access_token: `access-${tokensGiven}-for-the-bank`, token_type: 'Bearer', expires_in: 3600 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(token));
  } else if (url.startsWith('/v1/events')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('id: 1\ndata: {"n":1}\n\n');
    response.write('id: 2\ndata: {"n":2}\n\n');
  } else {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ method, url, body, authorization: headers.authorization ?? null }));
    });
  }
}

before(async () => {
  target = await startWebTarget(answer);
  const credentials = { header: 'Authorization', value: { env: 'BILLING_KEY' } };
  const oauth = { tokenUrl: `${target.url}/token`, clientId: 'chaperone', clientSecret: { env: 'BANK_SECRET' }, scope: 'read' };
  house = await openWebHouse({
    policies,
    approvals: { wait: 0, expire: '10m' },
    env: { BILLING_KEY: `Bearer ${secret}`, BANK_SECRET: 'the-bank-knows-this' },
    connections: [
      { name: 'billing', protocol: 'http', target: { url: `${target.url}/v1` }, credentials },
      { name: 'patient', protocol: 'http', target: { url: `${target.url}/v1` } },
      { name: 'bank', protocol: 'http', target: { url: target.url }, credentials: { oauth } },
      { name: 'metadata', protocol: 'http', target: { url: 'https://169.254.169.254' } },
    ],
  });
});
after(async () => {
  await house?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});

const bearer = () => ({ authorization: `Bearer ${house.tokens.agent}` });

describe('real clients of HTTP', { timeout: 60_000 }, () => {
  const curl = programPath('curl');
  const ways: readonly (readonly [name: string, args: readonly string[], version: string])[] = [
    ['HTTP/1.1', [], '1.1'],
    ['HTTP/2 with prior knowledge', ['--http2-prior-knowledge'], '2'],
    ['HTTP/2 offered by an upgrade', ['--http2'], '1.1'],
    ['Basic with the token as password', ['-u', 'anybody:TOKEN'], '1.1'],
    ['a body that waits for 100', ['-H', 'Expect: 100-continue', '-d', 'a=b'], '1.1'],
    ['a chunked body', ['-H', 'Transfer-Encoding: chunked', '-d', 'a=b'], '1.1'],
    ['compression', ['--compressed'], '1.1'],
  ];
  for (const [name, args, version] of ways)
    test(`curl: ${name}`, { skip: curl === null }, async () => {
      const own = args.includes('-u') ? [] : ['-H', `Authorization: Bearer ${house.tokens.agent}`];
      const given = [...own, ...args.map((arg) => arg.replace('TOKEN', house.tokens.agent))];
      const out = await run('curl', [
        '-sS',
        '--max-time',
        '20',
        '-w',
        '\n%{http_version} %{http_code}',
        ...given,
        house.url('/billing/customers'),
      ]);
      const [answer = '', words] = out.split('\n');
      assert.equal(words, `${version} 200`);
      const echo = JSON.parse(answer) as { readonly url: string; readonly body: string; readonly authorization: string };
      assert.equal(echo.url, '/v1/customers');
      if (args.includes('-d')) assert.equal(echo.body, 'a=b');
      assert.match(echo.authorization, /^\*+$/, 'the credential came back');
    });

  test('fetch', async () => {
    const response = await house.ask('/billing/customers/1');
    assert.equal(((await response.json()) as { url: string }).url, '/v1/customers/1');
  });

  test('axios', async () => {
    const { data } = await axios.post<{ body: string }>(house.url('/billing/customers'), { name: 'Ada' }, { headers: bearer() });
    assert.equal(data.body, '{"name":"Ada"}');
  });

  const python = ['/usr/bin/python3', programPath('python3')].find((path) => path !== null) ?? null;
  test('Python requests', { skip: python === null }, async (context) => {
    const script = `
import os, sys
try:
    import requests
except ImportError:
    print("absent"); sys.exit(0)
s = requests.Session()
s.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
for n in range(3):
    r = s.get(os.environ["URL"] + "/customers/%d" % n)
    assert r.status_code == 200 and r.json()["url"] == "/v1/customers/%d" % n, r.text
r = s.delete(os.environ["URL"] + "/export")
assert r.status_code == 403, r.text
print(r.json()["code"])
`;
    const out = await run(python ?? '', ['-c', script], { TOKEN: house.tokens.agent, URL: house.url('/billing') });
    if (out.trim() === 'absent') context.skip('python3-requests is not installed');
    else assert.equal(out.trim(), 'ACCESS_REFUSED');
  });

  test('EventSource', async () => {
    const source = new EventSource(house.url('/billing/events'), {
      fetch: (url, init) => fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...bearer() } }),
    });
    const heard: string[] = [];
    await new Promise<void>((resolve) => {
      source.addEventListener('message', ({ data }) => {
        heard.push(String(data));
        if (heard.length === 2) resolve();
      });
    });
    source.close();
    assert.deepEqual(heard, ['{"n":1}', '{"n":2}']);
  });
});

describe('policy on HTTP', { timeout: 60_000 }, () => {
  const refused: readonly (readonly [name: string, path: string, init: RequestInit, policy: string | null, says: RegExp])[] = [
    ['a route that a policy forbids', '/billing/export', {}, 'no-exports', /Exports leave the house/],
    ['a method that nothing permits', '/billing/customers', { method: 'PATCH', body: '{}' }, null, /http:PATCH|PATCH/],
    ['a POST elsewhere', '/billing/orders', { method: 'POST', body: '{}' }, null, /POST/],
    ['a method that nobody knows', '/billing/customers', { method: 'PROPFIND' }, null, /.*/],
    [
      'a GraphQL mutation',
      '/billing/graphql',
      { method: 'POST', body: '{"query":"mutation { drop }"}', headers: { 'content-type': 'application/json' } },
      null,
      /.*/,
    ],
    [
      'a GraphQL body that is none',
      '/billing/graphql',
      { method: 'POST', body: '{"query":"mutation { drop"}', headers: { 'content-type': 'application/json' } },
      null,
      /.*/,
    ],
  ];
  for (const [name, path, init, policy, says] of refused)
    test(`refuses ${name}, and the target never sees it`, async () => {
      const before = target.requests.length;
      const response = await house.ask(path, init);
      assert.equal(response.status, 403);
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
      const problem = (await response.json()) as {
        readonly code: string;
        readonly detail: string;
        readonly hint: string;
        readonly policies?: readonly string[];
      };
      assert.equal(problem.code, 'ACCESS_REFUSED');
      assert.match(problem.detail, says);
      assert.ok(problem.hint.length > 10);
      if (policy !== null) assert.ok(problem.policies?.includes(policy), JSON.stringify(problem));
      assert.equal(target.requests.length, before);
    });

  test('permits a GraphQL query', async () => {
    const init = { method: 'POST', body: '{"query":"query Me { me { name } }"}', headers: { 'content-type': 'application/json' } };
    assert.equal((await house.ask('/billing/graphql', init)).status, 200);
    const [item] = await house.exchanges('action=http:graphql-query', (items) => items.length > 0);
    assert.deepEqual([item?.action, item?.effect], ['http:graphql-query', 'read']);
    assert.ok(
      item?.objects.some((object) => JSON.stringify(object).includes('Query.me')),
      JSON.stringify(item?.objects),
    );
  });

  test('lets exactly what was approved pass, once', async () => {
    const ask = (body: string) => house.ask('/billing/customers/7', { method: 'DELETE', body, headers: { 'content-type': 'text/plain' } });
    const first = await ask('because');
    assert.equal(first.status, 403);
    const problem = (await first.json()) as { readonly approval: string; readonly detail: string };
    assert.match(problem.detail, /needs approval by a member of "leads"/);
    assert.equal(await house.decide(problem.approval, 'approve'), 200);
    const before = target.requests.length;
    assert.equal((await ask('because I say so')).status, 403, 'another body passed');
    const second = await ask('because');
    assert.equal(second.status, 200);
    assert.equal(((await second.json()) as { body: string }).body, 'because');
    assert.equal((await ask('because')).status, 403, 'it passed twice');
    assert.equal(target.requests.length, before + 1);
  });

  test('tells people why it is asked by Chaperone-Reason, which goes to no target', async (context) => {
    const problemOf = (text: string) => JSON.parse(text) as { readonly approval: string; readonly hint: string };
    const statedOf = async (approval: string) => (await house.read<ApprovalItem>(`/api/v1/approvals/${approval}`)).stated;
    const ask = async (reason: string | null) => {
      const headers: Record<string, string> = reason === null ? {} : { 'Chaperone-Reason': reason };
      const response = await house.ask('/billing/customers/8', { method: 'DELETE', headers });
      return { status: response.status, text: await response.text() };
    };
    const untold = problemOf((await ask(null)).text);
    assert.match(untold.hint, /No reason was given; to give people one, send it anew with the header Chaperone-Reason: …\.$/);
    assert.equal(await statedOf(untold.approval), null);
    const given = problemOf((await ask("UTF-8''paid%20%E2%86%92%20twice")).text);
    assert.doesNotMatch(given.hint, /No reason/);
    assert.notEqual(given.approval, untold.approval);
    assert.equal(await statedOf(given.approval), 'paid → twice');
    assert.equal(await house.decide(given.approval, 'approve'), 200);
    const before = target.requests.length;
    assert.equal((await ask('another reason')).status, 403, 'the yes was to other words');
    assert.equal((await ask("UTF-8''paid%20%E2%86%92%20twice")).status, 200);
    assert.deepEqual(
      target.requests.slice(before).map(({ headers }) => headers['chaperone-reason']),
      [undefined],
    );
    for (const [words, stated] of [
      ['<!channel> <b>bold</b> & more', '<!channel> <b>bold</b> & more'],
      ['r'.repeat(9_000), /^r+…\(\+\d+ characters\)$/],
    ] as const) {
      const said = (await statedOf(problemOf((await ask(words)).text).approval)) ?? '';
      if (typeof stated === 'string') assert.equal(said, stated);
      else assert.ok(stated.test(said) && said.length <= 500, said);
    }
    assert.ok([400, 431].includes((await ask('r'.repeat(1024 * 1024))).status), 'a head of a mebibyte is none');
    const curl = programPath('curl');
    if (curl === null) return context.skip('curl is not installed');
    const args = ['-sS', '-X', 'DELETE', '-H', `Authorization: Bearer ${house.tokens.agent}`, house.url('/billing/customers/9')];
    const byCurl = problemOf(await run(curl, [...args, '-H', 'Chaperone-Reason: Rückzahlung → doppelt']));
    assert.equal(await statedOf(byCurl.approval), 'Rückzahlung → doppelt');
    const twice = await run(curl, [...args, '-H', 'Chaperone-Reason: one', '-H', 'Chaperone-Reason: other']);
    assert.match(twice, /There is more than one Chaperone-Reason/);
  });

  test('asks nobody about a body that is too long to be bound to an answer', async () => {
    const response = await house.ask('/patient/blob', { method: 'PUT', body: 'x'.repeat(2 * 1024 * 1024) });
    assert.equal(response.status, 413);
    assert.match(((await response.json()) as { detail: string }).detail, /longer than the 1048576 bytes/);
  });

  test('never dials a metadata address', async () => {
    const response = await house.ask('/metadata/latest/meta-data/');
    assert.ok([403, 502].includes(response.status));
    await response.body?.cancel();
  });
});

describe('OAuth client credentials', () => {
  test('are exchanged once for all, and come back nowhere', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map((number) => house.ask(`/bank/accounts/${number}`)));
    for (const answer of answers) {
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      assert.ok(!text.includes('access-1'), text);
    }
    const seen = target.requests.filter(({ url }) => url.startsWith('/accounts'));
    assert.ok(seen.length >= 4 && seen.every(({ headers }) => headers.authorization === 'Bearer access-1-for-the-bank'));
    const asked = target.requests.filter(({ url }) => url === '/token');
    assert.deepEqual([asked.length, tokensGiven], [1, 1]);
    assert.equal(asked[0]?.headers.authorization, `Basic ${Buffer.from('chaperone:the-bank-knows-this').toString('base64')}`);
  });
});

describe('the record of HTTP', { timeout: 60_000 }, () => {
  test('is exported as HAR, whole, by API and command line, without a secret', async () => {
    const marker = 'a-name-to-be-found';
    await (
      await house.ask('/billing/customers', {
        method: 'POST',
        body: JSON.stringify({ name: marker }),
        headers: { 'content-type': 'application/json' },
      })
    ).text();
    const [item] = await house.exchanges(`q=${marker}`, (items) => items.some(({ status }) => status === 'ok'));
    assert.equal(item?.status, 'ok');
    const { code, stdout, stderr } = await house.cli('export', item?.session ?? '', '--format', 'har');
    assert.equal(code, 0, stderr);
    const har = JSON.parse(stdout) as {
      log: { entries: readonly { request: { method: string; postData?: { text: string } }; response: { content: { text: string } } }[] };
    };
    const entry = har.log.entries.find(({ request }) => request.postData?.text.includes(marker));
    assert.equal(entry?.request.method, 'POST');
    assert.ok(entry?.response.content.text.includes(marker));
    const byApi = await house.read<typeof har>(`/api/v1/sessions/${item?.session ?? ''}/export?format=har`);
    assert.ok(byApi.log.entries.length >= har.log.entries.length);
    for (const word of [secret, house.tokens.agent]) assert.ok(!stdout.includes(word) && !JSON.stringify(byApi).includes(word));
    assert.ok(!`${house.gateway.stdout()}${house.gateway.stderr()}`.includes(secret), 'it is in the log');
  });

  test('is replayed', async () => {
    const [item] = await house.exchanges('connection=billing', (items) => items.length > 0);
    const { code, stdout } = await house.cli('replay', item?.session ?? '', '--speed', '1000');
    assert.equal(code, 0);
    assert.match(stdout, /GET \/customers/);
  });
});

describe('a gateway that stops', { timeout: 60_000 }, () => {
  test('ends idle sessions at once, and puts the end of each on record', async () => {
    await using other = await openWebHouse({
      policies,
      connections: [{ name: 'billing', protocol: 'http', target: { url: `${target.url}/v1` } }],
    });
    const agent = new Agent({ keepAlive: true });
    const headers = { authorization: `Bearer ${other.tokens.agent}` };
    const [response] = (await once(get(other.url('/billing/customers'), { agent, headers }), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    assert.ok(await eventually(async () => (await other.sessions())[0]?.status === 'active'));
    const { code } = await other.gateway.stop();
    assert.equal(code, 0, other.gateway.stderr());
    agent.destroy();
    await other.restart();
    assert.ok(await eventually(async () => (await other.sessions())[0]?.status === 'ended'));
  });
});
