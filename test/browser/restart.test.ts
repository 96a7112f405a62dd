import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { openFolder } from '../../src/cli/quickstart/folder.ts';
import { startIdentityProvider } from '../../src/cli/quickstart/identity-provider.ts';
import { temporaryFolder } from '../e2e/demonstration.ts';
import { freePorts, type GatewayProcess, startGateway } from '../rig/gateway.ts';
import { startPostgres } from '../rig/postgres.ts';
import { launchBrowser, openWindow, row, settled, signIn, suiteMs, whyNot, type Window } from './site.ts';

const policies = `
  @id("work") permit (principal in Group::"engineering", action, resource in Connection::"shop");
  @id("deletes") @approval("dba") @reason("Deletes need a DBA.") forbid (principal, action in Action::"postgres:delete", resource in Connection::"shop");
`;

describe('a page that stays open', { skip: whyNot, timeout: suiteMs }, () => {
  const closing: (() => unknown)[] = [];
  let gateway: GatewayProcess;
  let start: () => Promise<GatewayProcess>;
  let agent: (run: string) => Promise<Client>;
  let omar: Window;

  before(async () => {
    const { path, remove } = await temporaryFolder();
    closing.push(remove);
    const folder = await openFolder(path);
    closing.push(() => folder.release());
    const [consolePort = 0, port = 0] = await freePorts(2);
    const identity = await startIdentityProvider(folder, 0, consolePort);
    closing.push(() => identity.stop());
    const target = await startPostgres();
    closing.push(() => target.stop());
    const { host, port: targetPort, database, user, password } = target;
    await mkdir(join(path, 'rules'));
    await writeFile(join(path, 'rules', 'all.cedar'), policies);
    await writeFile(join(path, 'secrets', 'shop'), password, { mode: 0o600 });
    const config = join(path, 'chaperone.yaml');
    const login = { clientId: 'console', clientSecret: { file: join(path, 'secrets', 'console') } };
    const configuration = {
      state: './state',
      listen: {
        console: { address: `127.0.0.1:${consolePort}` },
        postgres: { address: `127.0.0.1:${port}` },
        tls: { insecureLoopback: true },
      },
      identity: { issuers: [{ issuer: identity.issuer, audience: 'chaperone', login }] },
      roles: { admin: ['dba'], reviewer: ['dba'] },
      connections: [
        {
          name: 'shop',
          protocol: 'postgres',
          target: { host, port: targetPort, database, tls: 'off' },
          credentials: { user, password: { file: join(path, 'secrets', 'shop') } },
        },
      ],
      policies: './rules',
      approvals: { wait: '1s', expire: '20s' },
    };
    await writeFile(config, JSON.stringify(configuration));
    start = () => startGateway({ config, consolePort });
    gateway = await start();
    closing.push(() => gateway[Symbol.asyncDispose]());
    agent = async (run) => {
      const token = await identity.agentFor(await identity.person('dana'));
      const client = new Client({
        host: '127.0.0.1',
        port,
        database: 'shop',
        user: 'agent',
        password: token,
        application_name: `cursor;run=${run}`,
      });
      client.on('error', () => {});
      await client.connect();
      return client;
    };
    const browser = await launchBrowser();
    closing.push(() => browser.close());
    omar = await openWindow(browser, gateway.console, []);
    await signIn(omar.page, gateway.console, 'omar');
  });
  after(async () => {
    for (const close of closing.toReversed()) await close();
  });

  test('sees an approval expire, and says that it is too late', async () => {
    const client = await agent('late');
    const asked = client.query('DELETE FROM items WHERE id = 1').catch((fault: Error) => fault);
    await omar.open('/approvals');
    await row(omar.page, 'public.items').click();
    await omar.page.locator('[data-approval=open]').waitFor();
    assert.ok((await asked) instanceof Error, 'the client does not wait as long as people may take');
    await omar.page.getByText('Nobody waits any more.').waitFor();
    await omar.page.locator('[data-approval=expired]').waitFor();
    assert.match(await omar.page.locator('[data-ended]').innerText(), /Too late/);
    assert.equal(await omar.page.getByRole('button', { name: 'Approve' }).count(), 0);
    await client.end();
  });

  test('outlives the gateway: it says so, takes up what it showed, and nobody signs in again', async () => {
    const client = await agent('restart');
    await client.query('SELECT 1 AS before_the_end');
    await omar.open('/sessions?run=restart');
    await row(omar.page, 'restart').click();
    await omar.page.getByRole('option', { name: /before_the_end/ }).waitFor();
    await gateway.stop();
    await omar.page.getByText('Reconnecting').or(omar.page.getByText('Ended')).first().waitFor();
    await omar.page.getByRole('link', { name: 'Exchanges' }).click();
    await omar.page.getByText('The gateway does not answer. What is shown').waitFor();
    gateway = await start();
    await omar.page.getByText('The gateway does not answer. What is shown').waitFor({ state: 'detached' });
    await omar.page.getByRole('grid', { name: 'Exchanges' }).getByText('before_the_end').waitFor();
    await omar.open('/sessions?run=restart');
    await row(omar.page, 'restart').click();
    await omar.page.getByRole('option', { name: /before_the_end/ }).waitFor();
    await settled(omar.page);
    await client.end().catch(() => {});
  });
});
