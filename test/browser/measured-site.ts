import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openFolder } from '../../src/cli/quickstart/folder.ts';
import { startIdentityProvider } from '../../src/cli/quickstart/identity-provider.ts';
import { temporaryFolder } from '../e2e/demonstration.ts';
import { freePorts, startGateway } from '../rig/gateway.ts';
import { WrittenRecord } from '../rig/written-record.ts';
import { launchBrowser, openWindow, type Person, signIn, type Window } from './site.ts';

const policies = `@id("engineering") permit (principal in Group::"engineering", action, resource in Connection::"orders");`;
const dayMs = 86_400_000;

/** A gateway over a record that was written for it, and a browser. */
export interface MeasuredSite extends AsyncDisposable {
  readonly browser: Browser;
  readonly console: string;
  readonly faults: string[];
  readonly state: string;
  readonly issuer: string;
  as(person: Person): Promise<Window>;
}

/** Begins a week ago, so that the pages that look back a while have much to show. */
export async function openMeasuredSite(write: (record: WrittenRecord) => void): Promise<MeasuredSite> {
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).toReversed()) await step();
  };
  try {
    return { ...(await open(write, closing)), [Symbol.asyncDispose]: close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function open(write: (record: WrittenRecord) => void, closing: (() => unknown)[]) {
  const { path, remove } = await temporaryFolder();
  closing.push(remove);
  const folder = await openFolder(path);
  closing.push(() => folder.release());
  const [consolePort = 0, port = 0] = await freePorts(2);
  const identity = await startIdentityProvider(folder, 0, consolePort);
  closing.push(() => identity.stop());
  const record = new WrittenRecord(Date.now() - 6 * dayMs, identity.issuer);
  closing.push(() => record.remove());
  write(record);
  await record.archive();
  await mkdir(join(path, 'rules'));
  await writeFile(join(path, 'rules', 'all.cedar'), policies);
  const config = join(path, 'chaperone.yaml');
  const login = { clientId: 'console', clientSecret: { file: join(path, 'secrets', 'console') } };
  const configuration = {
    state: record.state,
    listen: {
      console: { address: `127.0.0.1:${consolePort}` },
      postgres: { address: `127.0.0.1:${port}` },
      tls: { insecureLoopback: true },
    },
    identity: { issuers: [{ issuer: identity.issuer, audience: 'chaperone', login }] },
    roles: { admin: ['dba'], reviewer: ['dba'], auditor: ['audit'] },
    // Nobody connects: the record is all that is looked at.
    connections: [
      {
        name: 'orders',
        protocol: 'postgres',
        target: { host: '127.0.0.1', port: 9, database: 'shop', tls: 'off' },
        credentials: { user: 'shop', password: { env: 'SHOP_PASSWORD' } },
      },
    ],
    policies: './rules',
  };
  await writeFile(config, JSON.stringify(configuration));
  const gateway = await startGateway({ config, consolePort, env: { SHOP_PASSWORD: 'of nobody' } });
  closing.push(() => gateway.stop());
  const browser = await launchBrowser();
  closing.push(() => browser.close());
  const faults: string[] = [];
  const as = async (person: Person) => {
    const window = await openWindow(browser, gateway.console, faults);
    await signIn(window.page, gateway.console, person);
    return window;
  };
  return { browser, console: gateway.console, faults, state: record.state, issuer: identity.issuer, as };
}
