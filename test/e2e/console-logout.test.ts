import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openFolder } from '../../src/cli/quickstart/folder.ts';
import { type IdentityProvider, startIdentityProvider } from '../../src/cli/quickstart/identity-provider.ts';
import { type Browser, openBrowser, signIn } from '../rig/browser.ts';
import { freePorts, type GatewayProcess, startGateway } from '../rig/gateway.ts';
import { temporaryFolder } from './demonstration.ts';

describe('signing out at the issuer too', { timeout: 120_000 }, () => {
  let gateway: GatewayProcess;
  let identity: IdentityProvider;
  let start: () => Promise<GatewayProcess>;
  const closing: (() => unknown)[] = [];

  before(async () => {
    const { path, remove } = await temporaryFolder();
    closing.push(remove);
    const folder = await openFolder(path);
    closing.push(() => folder.release());
    const [consolePort = 0] = await freePorts(1);
    identity = await startIdentityProvider(folder, 0, consolePort);
    closing.push(() => identity.stop());
    const login = { clientId: 'console', clientSecret: { file: join(path, 'secrets', 'console') }, logout: 'issuer' };
    const configuration = {
      state: './state',
      listen: { console: { address: `127.0.0.1:${consolePort}` }, tls: { insecureLoopback: true } },
      identity: { issuers: [{ issuer: identity.issuer, audience: 'chaperone', login }] },
      roles: {},
      connections: [],
    };
    const config = join(path, 'chaperone.yaml');
    await writeFile(config, JSON.stringify(configuration));
    start = () => startGateway({ config, consolePort });
    gateway = await start();
    closing.push(() => gateway[Symbol.asyncDispose]());
  });
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  const logout = async (browser: Browser) => {
    const me = (await (await browser.ask(`${gateway.console}/api/v1/me`)).json()) as { readonly signIn: { readonly csrf: string } };
    const headers = { origin: gateway.console, 'chaperone-csrf': me.signIn.csrf };
    return browser.ask(`${gateway.console}/api/v1/logout`, { method: 'POST', headers });
  };
  const addressOf = async (answer: Response) => {
    assert.equal(answer.status, 200, await answer.clone().text());
    return new URL(((await answer.json()) as { readonly location: string }).location);
  };

  it('ends the console’s sign-in, then the issuer’s, and leads back', async () => {
    const browser = openBrowser();
    await signIn(browser, gateway.console, 'sam');
    const way = await addressOf(await logout(browser));
    assert.equal(browser.cookie(/chaperone-console/), undefined);
    assert.equal(way.origin, identity.issuer);
    assert.equal(way.searchParams.get('post_logout_redirect_uri'), `${gateway.console}/sign-in`);
    assert.equal(way.searchParams.get('client_id'), 'console');
    assert.match(way.searchParams.get('id_token_hint') ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const page = await browser.open(way.href);
    const text = await page.response.text();
    const [, action = '', xsrf = ''] = /action="([^"]+)"><input type="hidden" name="xsrf" value="([^"]+)"/.exec(text) ?? [];
    assert.notEqual(action, '', text);
    const left = await browser.open(new URL(action, page.url).href, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) });
    assert.equal(left.url, `${gateway.console}/sign-in`);
  });

  it('goes on without the token after a restart, which no disk has kept', async () => {
    const browser = openBrowser();
    await signIn(browser, gateway.console, 'sam');
    await gateway[Symbol.asyncDispose]();
    gateway = await start();
    const way = await addressOf(await logout(browser));
    assert.equal(way.searchParams.has('id_token_hint'), false);
    assert.equal((await browser.open(way.href)).response.status, 200);
  });

  it('keeps nobody signed in where the issuer does not answer', async () => {
    const browser = openBrowser();
    await signIn(browser, gateway.console, 'dana');
    await gateway[Symbol.asyncDispose]();
    gateway = await start();
    await identity.stop();
    assert.equal((await logout(browser)).status, 204);
    assert.equal(browser.cookie(/chaperone-console/), undefined);
  });
});
