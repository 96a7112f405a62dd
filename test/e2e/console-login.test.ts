import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AuditItem, Page } from '../../src/archive/items.ts';
import { openFolder } from '../../src/cli/quickstart/folder.ts';
import { type IdentityProvider, startIdentityProvider } from '../../src/cli/quickstart/identity-provider.ts';
import { type Browser, openBrowser, signIn } from '../rig/browser.ts';
import { freePorts, type GatewayProcess, startGateway } from '../rig/gateway.ts';
import { eventually, temporaryFolder } from './demonstration.ts';

interface Me {
  readonly principal: { readonly subject: string; readonly groups: readonly string[]; readonly agent: string | null };
  readonly roles: readonly string[];
  readonly sees: string;
  readonly signIn: { readonly csrf: string; readonly endsAt: string } | null;
}

describe('signing in to the console', { timeout: 120_000 }, () => {
  let gateway: GatewayProcess;
  let identity: IdentityProvider;
  let state = '';
  let start: () => Promise<GatewayProcess>;
  const closing: (() => unknown)[] = [];

  before(async () => {
    const { path, remove } = await temporaryFolder();
    closing.push(remove);
    const folder = await openFolder(path);
    closing.push(() => folder.release());
    const [consolePort = 0, port = 0] = await freePorts(2);
    identity = await startIdentityProvider(folder, 0, consolePort);
    closing.push(() => identity.stop());
    const secret = { file: join(path, 'secrets', 'console') };
    const configuration = {
      state: './state',
      listen: {
        console: { address: `127.0.0.1:${consolePort}` },
        postgres: { address: `127.0.0.1:${port}` },
        tls: { insecureLoopback: true },
      },
      identity: { issuers: [{ issuer: identity.issuer, audience: 'chaperone', login: { clientId: 'console', clientSecret: secret } }] },
      roles: { admin: ['dba'], auditor: ['audit'] },
      connections: [],
    };
    const config = join(path, 'chaperone.yaml');
    await writeFile(config, JSON.stringify(configuration));
    state = join(path, 'state');
    start = () => startGateway({ config, consolePort });
    gateway = await start();
    closing.push(() => gateway[Symbol.asyncDispose]());
  });
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  const meOf = async (browser: Browser): Promise<Me> => {
    const response = await browser.ask(`${gateway.console}/api/v1/me`);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as Me;
  };
  const trail = async (event: string) => {
    const token = await identity.person('ada');
    const answer = await fetch(`${gateway.console}/api/v1/audit?limit=1000`, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.json()) as Page<AuditItem>).items.filter((item) => item.event === event);
  };
  const logout = (browser: Browser, headers: Record<string, string>) =>
    browser.ask(`${gateway.console}/api/v1/logout`, { method: 'POST', headers });

  it('says where, to whoever asks', async () => {
    const answer = await fetch(`${gateway.console}/api/v1/login/issuers`);
    assert.deepEqual(await answer.json(), { items: [{ issuer: identity.issuer }] });
  });

  it('goes over the issuer, with PKCE, state and nonce, and leads back to where it began', async () => {
    const browser = openBrowser();
    const begun = await browser.ask(`${gateway.console}/api/v1/login?return=/runs%3Fq%3Dx`);
    assert.equal(begun.status, 302);
    const { searchParams, origin } = new URL(begun.headers.get('location') ?? '');
    assert.equal(origin, identity.issuer);
    assert.equal(searchParams.get('response_type'), 'code');
    assert.equal(searchParams.get('code_challenge_method'), 'S256');
    for (const name of ['state', 'nonce', 'code_challenge']) assert.ok((searchParams.get(name) ?? '').length >= 43, name);
    const { url } = await signIn(browser, gateway.console, 'ada', '/runs?q=x');
    assert.equal(url, `${gateway.console}/runs?q=x`);
    const me = await meOf(browser);
    assert.equal(me.principal.subject, 'ada');
    assert.equal(me.principal.agent, null);
    assert.deepEqual([me.principal.groups, me.roles, me.sees], [['audit'], ['auditor'], 'all']);
    assert.ok(Date.parse(me.signIn?.endsAt ?? '') <= Date.now() + 3_600_000);
    assert.ok(await eventually(async () => (await trail('login.succeeded')).some(({ actor }) => actor === `ada (${identity.issuer})`)));
  });

  it('keeps the secret from scripts, and on disk only its hash', async () => {
    const browser = openBrowser();
    await signIn(browser, gateway.console, 'dana');
    const secret = browser.cookie(/chaperone-console/) ?? '';
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    for (const file of ['console.db', 'console.db-wal']) {
      assert.ok(!(await readFile(join(state, file))).includes(secret), file);
      assert.equal((await stat(join(state, file))).mode & 0o77, 0, file);
    }
    const again = await browser.ask(`${gateway.console}/api/v1/login`);
    const [cookie = ''] = again.headers.getSetCookie();
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/']) assert.match(cookie, new RegExp(attribute));
  });

  it('gives everybody what their groups give them', async () => {
    const dana = openBrowser();
    await signIn(dana, gateway.console, 'dana');
    assert.deepEqual((await meOf(dana)).sees, 'own');
    assert.equal((await dana.ask(`${gateway.console}/api/v1/sessions`)).status, 200);
    assert.equal((await dana.ask(`${gateway.console}/api/v1/audit`)).status, 403);
    const omar = openBrowser();
    await signIn(omar, gateway.console, 'omar');
    assert.deepEqual((await meOf(omar)).roles, ['admin']);
    assert.equal((await omar.ask(`${gateway.console}/api/v1/audit`)).status, 200);
  });

  it('a sign-in is the browser’s that began it, and a new one has a new secret', async () => {
    const [victim, attacker] = [openBrowser(), openBrowser()];
    await signIn(victim, gateway.console, 'dana');
    const before = victim.cookie(/chaperone-console/);
    const begun = await attacker.open(`${gateway.console}/api/v1/login`);
    const action = /action="([^"]+\/sam)"/.exec(await begun.response.text())?.[1] ?? '';
    // The attacker's sign-in, followed up to the address that would end it.
    let url = new URL(action, begun.url).href;
    for (let init: RequestInit = { method: 'POST' }; !url.includes('/login/callback'); init = {})
      url = new URL((await attacker.ask(url, init)).headers.get('location') ?? '', url).href;
    const led = await victim.open(url);
    assert.match(led.url, /\/sign-in\?problem=REQUEST_INVALID/);
    assert.equal((await meOf(victim)).principal.subject, 'dana', 'nobody else was signed in');
    await signIn(victim, gateway.console, 'dana');
    assert.notEqual(victim.cookie(/chaperone-console/), before);
    const old = openBrowser();
    old.setCookie('127.0.0.1', `chaperone-console-${new URL(gateway.console).port}`, before ?? '');
    assert.equal((await old.ask(`${gateway.console}/api/v1/me`)).status, 401, 'the one before has ended');
  });

  it('changes nothing for another site', async () => {
    const browser = openBrowser();
    await signIn(browser, gateway.console, 'omar');
    const { signIn: own } = await meOf(browser);
    const csrf = own?.csrf ?? '';
    const origin = gateway.console;
    const other = openBrowser();
    await signIn(other, gateway.console, 'dana');
    const forged: Record<string, string>[] = [
      {},
      { origin },
      { 'chaperone-csrf': csrf },
      { origin: 'https://evil.example', 'chaperone-csrf': csrf },
      { origin: 'null', 'chaperone-csrf': csrf },
      { origin, 'chaperone-csrf': (await meOf(other)).signIn?.csrf ?? '' },
      { origin, 'chaperone-csrf': csrf, 'sec-fetch-site': 'cross-site' },
      { origin, 'chaperone-csrf': csrf, 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of forged) {
      const answer = await logout(browser, headers);
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.match(await answer.text(), /ACCESS_REFUSED/);
    }
    // A look that another site causes would be on record as theirs.
    assert.equal((await browser.ask(`${gateway.console}/api/v1/audit`, { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
    assert.equal((await meOf(browser)).principal.subject, 'omar');
    assert.equal((await logout(browser, { origin, 'chaperone-csrf': csrf })).status, 204);
  });

  it('ends by logout, and says so on the trail', async () => {
    const browser = openBrowser();
    await signIn(browser, gateway.console, 'sam');
    const secret = browser.cookie(/chaperone-console/) ?? '';
    const csrf = (await meOf(browser)).signIn?.csrf ?? '';
    assert.equal((await logout(browser, { origin: gateway.console, 'chaperone-csrf': csrf })).status, 204);
    assert.equal(browser.cookie(/chaperone-console/), undefined);
    const thief = openBrowser();
    thief.setCookie('127.0.0.1', `chaperone-console-${new URL(gateway.console).port}`, secret);
    assert.equal((await thief.ask(`${gateway.console}/api/v1/me`)).status, 401);
    assert.ok(await eventually(async () => (await trail('login.ended')).some(({ actor }) => actor === `sam (${identity.issuer})`)));
  });

  it('goes back to the console’s own pages alone', async () => {
    const elsewhere = [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      '/api/v1/logout',
      'javascript:alert(1)',
      '\\\\evil.example',
    ];
    for (const back of elsewhere) {
      const { url } = await signIn(openBrowser(), gateway.console, 'dana', back);
      assert.equal(url, `${gateway.console}/`, back);
    }
  });

  it('a no of the issuer is a no here, in no words but a code, and on the trail', async () => {
    const browser = openBrowser();
    const begun = await browser.ask(`${gateway.console}/api/v1/login`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', error_description: 'Call 555-EVIL', state, iss: identity.issuer });
    const { url } = await browser.open(`${gateway.console}/api/v1/login/callback?${query.toString()}`);
    assert.equal(url, `${gateway.console}/sign-in?problem=ACCESS_REFUSED&return=%2F`);
    assert.equal((await browser.ask(`${gateway.console}/api/v1/me`)).status, 401);
    assert.ok(await eventually(async () => (await trail('login.refused')).some(({ detail }) => detail['code'] === 'ACCESS_REFUSED')));
  });

  it('a code that the issuer did not give, or another answer’s state, signs nobody in', async () => {
    for (const change of [{ code: 'forged' }, { state: 'forged' }, { iss: 'https://evil.example' }]) {
      const browser = openBrowser();
      const begun = await browser.ask(`${gateway.console}/api/v1/login`);
      const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
      const query = new URLSearchParams({ code: 'forged', state, iss: identity.issuer, ...change });
      const { url } = await browser.open(`${gateway.console}/api/v1/login/callback?${query.toString()}`);
      assert.match(url, /\/sign-in\?problem=TOKEN_INVALID/, JSON.stringify(change));
      assert.equal((await browser.ask(`${gateway.console}/api/v1/me`)).status, 401);
    }
  });

  it('outlives the gateway, but for those that are just under way', async () => {
    const [browser, beginning] = [openBrowser(), openBrowser()];
    await signIn(browser, gateway.console, 'dana');
    const begun = await beginning.open(`${gateway.console}/api/v1/login`);
    const action = /action="([^"]+\/sam)"/.exec(await begun.response.text())?.[1] ?? '';
    await gateway.stop();
    gateway = await start();
    assert.equal((await meOf(browser)).principal.subject, 'dana');
    const { url } = await beginning.open(new URL(action, begun.url).href, { method: 'POST' });
    assert.match(url, /\/sign-in\?problem=REQUEST_INVALID/);
    await signIn(beginning, gateway.console, 'sam');
    assert.equal((await meOf(beginning)).principal.subject, 'sam');
  });

  it('an access token is no sign-in, an ID token is no access token', async () => {
    const token = await identity.person('ada');
    const answer = await fetch(`${gateway.console}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    const me = (await answer.json()) as Me;
    assert.deepEqual([me.principal.subject, me.signIn], ['ada', null]);
    const out = await fetch(`${gateway.console}/api/v1/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    assert.equal(out.status, 400, 'a token cannot be ended here, and that is said');
  });
});
