import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { parse } from 'yaml';
import { type Site, suiteMs } from './site.ts';

interface Configured {
  readonly connections: readonly {
    readonly name: string;
    readonly target: { readonly host: string; readonly port: number; readonly database: string };
    readonly credentials: { readonly user: string; readonly password: { readonly file: string } };
  }[];
}

/** What the demonstration's own connection to its database has. */
async function ordersOf({ demonstration }: Site) {
  const { connections } = parse(await readFile(join(demonstration.folder, 'chaperone.yaml'), 'utf8')) as Configured;
  const orders = connections.find(({ name }) => name === 'orders') ?? assert.fail('there are no orders');
  const { target, credentials } = orders;
  return { ...target, user: credentials.user, password: (await readFile(credentials.password.file, 'utf8')).trim() };
}

const field = (page: Page, name: string) => page.getByLabel(name, { exact: false }).first();

async function tried(page: Page): Promise<string> {
  const trial = page.locator('[data-trial]').last();
  await trial.waitFor();
  return trial.innerText();
}

export function describeConnections(site: () => Site): void {
  describe('connections', { timeout: suiteMs }, () => {
    test('of the file are shown with their line, tried, and not changed', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/connections');
      assert.match(await page.getByRole('row').filter({ hasText: 'orders' }).innerText(), /chaperone\.yaml:\d+/);
      await page.getByRole('link', { name: 'orders', exact: true }).click();
      await page.waitForURL(/\/connections\/orders$/);
      await page.getByText(/changed there, and the gateway restarted/).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 0);
      assert.equal(await page.getByRole('button', { name: 'Change it' }).count(), 0);
      await page.getByRole('button', { name: 'Test it' }).click();
      const says = await tried(page);
      assert.match(says, /Admission[^]*Connection[^]*Credentials[^]*First answer/);
      assert.match(says, /It works: the target answered SELECT 1\./);
      await page.getByRole('link', { name: 'The session on record' }).click();
      await page.waitForURL(/\/sessions\/[0-9a-f-]{36}/);
    });

    test('are made, tried by what policy permits, and show their secrets to nobody', async () => {
      const known = await ordersOf(site());
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/connections');
      await page.getByRole('link', { name: 'Make a connection' }).click();
      await page.waitForURL(/\/new-connection$/);
      await field(page, 'Protocol').selectOption('postgres');
      await page.getByLabel(/^Name/).fill('reports');
      await page.getByLabel(/^Host/).first().fill(known.host);
      await page.getByLabel(/^Port/).first().fill('none');
      await page.getByLabel(/^Database/).fill(known.database);
      await page.getByLabel(/^User/).fill(known.user);
      await page.getByLabel(/^Password/).fill('wrong');
      await page.locator('[data-place="target"], summary').filter({ hasText: 'Further settings' }).first().click();
      await page.getByLabel(/^TLS/).selectOption({ label: 'off' });
      await page.getByRole('button', { name: 'Make it' }).click();
      const port = page.locator('[data-place="target.port"]');
      await port.getByText(/Expected a port number|Expected a number|Expected int/i).waitFor();
      assert.equal(await port.locator('input').getAttribute('aria-invalid'), 'true');
      await port.locator('input').fill(String(known.port));

      await page.getByRole('button', { name: 'Test it' }).click();
      assert.match(await tried(page), /Admission\s+failed[^]*You may not connect to "reports"[^]*ACCESS_REFUSED/);
      await permit(site(), 'reports');
      const again = async () => {
        await page.getByRole('button', { name: /^Test it/ }).click();
        await page.getByText('Testing …').waitFor({ state: 'detached' });
        return tried(page);
      };
      await until(async () => /Credentials\s+failed/.test(await again()));
      assert.match(await tried(page), /password authentication failed[^]*TARGET_REFUSED/);
      await page.getByLabel(/^Password/).fill(known.password);
      assert.match(await again(), /It works: the target answered SELECT 1\./);

      await page.getByRole('button', { name: 'Make it' }).click();
      await page.waitForURL(/\/connections\/reports$/);
      await page.getByText(/given by omar/).waitFor();
      await page.getByText(/^listen\.postgres, 127\.0\.0\.1:\d+$/).waitFor();
      assert.ok(!(await page.content()).includes(known.password));
    });

    test('of a protocol that nothing listens for are not made, and it is said what is missing', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await page.route('**/api/v1/protocols', async (route) => {
        const answer = await route.fetch();
        const { items } = (await answer.json()) as { readonly items: readonly { readonly name: string }[] };
        const remedy = 'Add listen.web: { address: 127.0.0.1:PORT } to chaperone.yaml, and restart the gateway.';
        const silent = items.map((item) => (item.name === 'http' ? { ...item, serving: null, remedy } : item));
        await route.fulfill({ response: answer, json: { items: silent } });
      });
      await window.open('/new-connection');
      await field(page, 'Protocol').selectOption('postgres');
      await page.getByText(/Clients will come by listen\.postgres, 127\.0\.0\.1:\d+\./).waitFor();
      await field(page, 'Protocol').selectOption('http');
      await page.getByText('Add listen.web: { address: 127.0.0.1:PORT } to chaperone.yaml').waitFor();
      assert.ok(await page.getByRole('button', { name: 'Make it' }).isDisabled());
      assert.equal(await page.locator('[data-place^="target."]').count(), 0);
    });

    test('take a document of the target’s routes from a file, and show how many there are', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/new-connection');
      await field(page, 'Protocol').selectOption('http');
      await page.getByLabel(/^Name/).fill('described');
      await page.locator('[data-place="target.url"] input').fill('http://127.0.0.1:9/v1');
      await page.getByRole('group', { name: 'Target' }).locator('summary').first().click();
      const choice = page.locator('[data-place="target.openapi"] select');
      await choice.selectOption({ label: 'Document' });
      const give = (text: string) =>
        page.getByLabel('Or from a file').setInputFiles({ name: 'api.yaml', mimeType: 'application/yaml', buffer: Buffer.from(text) });
      await give('swagger: "2.0"\n');
      await page.getByRole('button', { name: 'Make it' }).click();
      await page
        .locator('[data-place="target.openapi.document"]')
        .getByText(/Is not of OpenAPI 3/)
        .waitFor();
      const routes = Array.from(
        { length: 300 },
        (_, index) => `  /items/${index}:\n    get: { operationId: get${index}, summary: ${'s'.repeat(250)} }\n`,
      );
      await give(`openapi: 3.1.0\npaths:\n${routes.join('')}`);
      await page.getByText(/kB, too much to be shown here|KiB, too much to be shown here/).waitFor();
      await page.getByRole('button', { name: 'Make it' }).click();
      await page.waitForURL(/\/connections\/described$/);
      await page.getByText(/"operations": 300/).waitFor();
      await page.getByRole('group', { name: 'Target' }).locator('summary').first().waitFor();
      assert.match(await page.locator('[data-place="target.openapi.operations"] textarea').inputValue(), /^GET \/items\/0 get0\n/);
      await page.getByRole('button', { name: 'Remove' }).click();
      await page.getByLabel(/^Type its name/).fill('described');
      await page.getByRole('button', { name: 'Remove it' }).click();
      await page.waitForURL(/\/connections$/);
    });

    test('that were made here are changed, their secrets kept', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/connections/reports');
      assert.ok(await page.getByLabel(/^Keep the one/).isChecked());
      await page.getByLabel(/^Retention/).fill('7d');
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByText('7 days', { exact: true }).waitFor();
      await page.getByText(/Changed by omar/).waitFor();
      await page.getByRole('button', { name: 'Test it' }).first().click();
      assert.match(await tried(page), /It works/);
      await page.getByLabel(/^Database/).fill('elsewhere');
      await page.getByRole('button', { name: 'Change it' }).click();
      await page
        .locator('[data-place="credentials.password"]')
        .getByText(/May not be kept where the connection leads elsewhere/)
        .waitFor();
    });

    test('that two admins change at once are changed by the one, and the other is told what, and loses no word', async () => {
      await using window = await site().as('omar');
      await using other = await site().as('omar');
      const { page } = window;
      await window.open('/connections/reports');
      await other.open('/connections/reports');
      const write = async (to: Page, name: RegExp, text: string) => to.getByLabel(name).fill(text);
      await write(page, /^Retention/, '30d');
      await write(page, /^Database/, 'elsewhere');
      await write(other.page, /^Retention/, '14d');
      await other.page.getByRole('group', { name: 'Recording' }).locator('summary').click();
      await other.page.getByLabel(/^Durability/).selectOption('fsync');
      await other.page.getByRole('button', { name: 'Change it' }).click();
      await other.page.getByText('14 days', { exact: true }).waitFor();
      assert.equal(await other.page.locator('[data-meanwhile]').count(), 0, 'one’s own change is nobody else’s');

      await page.getByRole('button', { name: 'Change it' }).click();
      const told = page.locator('[data-meanwhile]');
      await told.waitFor();
      const rows = await told.getByRole('row').allInnerTexts();
      assert.deepEqual(
        rows.slice(1).map((row) => row.split(/\s*\t\s*/).map((cell) => cell.trim())),
        [
          ['retention', '7d', '14d', '30d'],
          ['recording.durability', 'nothing said', 'fsync', ''],
        ],
      );
      assert.match(await told.innerText(), /this was changed by omar/);
      await window.picture('connections-meanwhile-light');
      const { violations } = await axe(page, 'light').analyze();
      assert.deepEqual(
        violations.map(({ id }) => id),
        [],
      );
      await page.getByRole('button', { name: 'Load it, and keep what I wrote' }).click();
      await told.waitFor({ state: 'detached' });
      assert.equal(await page.getByLabel(/^Retention/).inputValue(), '30d');
      assert.equal(await page.getByLabel(/^Database/).inputValue(), 'elsewhere');
      assert.equal(await page.getByLabel(/^Durability/).inputValue(), 'fsync');

      await other.page.getByRole('button', { name: 'Remove' }).click();
      const dialog = other.page.getByRole('dialog');
      await dialog.getByLabel(/^Type its name/).fill('reports');
      const { database } = await ordersOf(site());
      await write(page, /^Database/, database);
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByText('30 days', { exact: true }).waitFor();
      await dialog.getByRole('button', { name: 'Remove it' }).click();
      await dialog.getByText(/was changed by omar .* after you had read it/).waitFor();
      await window.open('/connections/reports');
      assert.equal(await page.getByLabel(/^Durability/).inputValue(), 'fsync');
    });

    for (const scheme of ['light', 'dark'] as const)
      test(`pass axe in ${scheme}, and fit a phone`, async () => {
        await using window = await site().as('omar', { scheme });
        const { page } = window;
        for (const path of ['/connections', '/connections/orders', '/connections/reports', '/new-connection']) {
          await window.open(path);
          if (path.endsWith('reports') || path.startsWith('/new')) await page.getByLabel(/^Protocol/).waitFor();
          const { violations } = await axe(page, scheme).analyze();
          const found = violations.map(({ id, nodes }) => `${path}: ${id}: ${nodes[0]?.html ?? ''} ${nodes[0]?.failureSummary ?? ''}`);
          assert.deepEqual(found, []);
          await window.picture(`connections${path.replaceAll('/', '-')}-${scheme}`);
          await page.setViewportSize({ width: 380, height: 760 });
          const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
          assert.ok(overflow <= 0, `${path} is ${overflow} px wider than a phone`);
          await window.picture(`connections${path.replaceAll('/', '-')}-${scheme}-phone`);
          await page.setViewportSize({ width: 1280, height: 800 });
        }
      });

    test('are looked at by auditors, and made by admins alone', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/connections');
      assert.equal(await page.getByRole('link', { name: 'Make a connection' }).count(), 0);
      await window.open('/connections/reports');
      await page.getByText(/given by omar/).waitFor();
      for (const name of ['Remove', 'Change it', 'Test it']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
      await window.open('/new-connection');
      await page.getByText('Connections are made by admins.').waitFor();
    });

    test('that are removed while somebody changes them keep what was written, and can be made again', async () => {
      const known = await ordersOf(site());
      await using window = await site().as('omar');
      await using other = await site().as('omar');
      const { page } = window;
      await window.open('/connections/reports');
      await page.getByLabel(/^Retention/).fill('60d');
      await other.open('/connections/reports');
      await other.page.getByRole('button', { name: 'Remove' }).click();
      await other.page.getByLabel(/^Type its name/).fill('reports');
      await other.page.getByRole('button', { name: 'Remove it' }).click();
      await other.page.waitForURL(/\/connections$/);
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByText(/It was removed while you wrote/).waitFor();
      await page.getByRole('button', { name: 'Make it again' }).click();
      const password = page.locator('[data-place="credentials.password"]');
      await password.getByText(/Has no secret that could be kept/).waitFor();
      await page.getByLabel(/^Keep the one/).uncheck();
      await page.getByLabel(/^Password/).fill(known.password);
      await page.getByRole('button', { name: 'Make it again' }).click();
      await page.getByText('60 days', { exact: true }).waitFor();
      await page.getByText(/It was removed while you wrote/).waitFor({ state: 'detached' });
    });

    test('are removed by keyboard alone, once their name was read back', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/connections/reports');
      await page.getByRole('button', { name: 'Remove' }).focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      const now = dialog.getByRole('button', { name: 'Remove it' });
      assert.ok(await now.isDisabled());
      await page.keyboard.press('Tab');
      await dialog.getByLabel(/^Type its name/).focus();
      await page.keyboard.type('report');
      await page.keyboard.press('Enter');
      assert.ok(await dialog.isVisible());
      await page.keyboard.type('s');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/connections$/);
      await page.getByRole('row').filter({ hasText: 'reports' }).waitFor({ state: 'detached' });
      // The trail shows what is archived, a moment after it happened.
      await until(async () => {
        await window.open('/audit');
        return (await page.getByText('connection.removed').count()) > 0;
      });
    });
  });
}

/** A policy of the demonstration's, which its gateway takes up by itself. */
async function permit({ demonstration }: Site, name: string): Promise<void> {
  const text = `@id("${name}")\npermit (principal in Group::"dba", action, resource in Connection::"${name}");\n`;
  await writeFile(join(demonstration.folder, 'policies', `${name}.cedar`), text);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) if (await holds()) return;
  assert.fail('it never came to that');
}

/** In the dark only the colours are others. */
function axe(page: Page, scheme: 'light' | 'dark') {
  const builder = new AxeBuilder({ page });
  return scheme === 'dark'
    ? builder.withRules(['color-contrast'])
    : builder.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
}
