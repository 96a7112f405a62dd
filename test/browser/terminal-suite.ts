import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { Exec, type Pod, startPod } from '../rig/pod.ts';
import { type Site, suiteMs } from './site.ts';

/** What a program may write that wants the reader's terminal to do something: to the clipboard, the title, a link, and questions; or to hold it up. */
const hostile = [
  '\\033]52;c;b3duZWQ=\\007',
  '\\033]0;owned\\007',
  '\\033]8;;https://evil.example\\033\\\\cl\\151ck\\033]8;;\\033\\\\',
  '\\033[c\\033[6n\\033]11;?\\007\\033P$q m\\033\\\\',
  '\\033[2147483647b\\033[2147483647L',
  '\\033[8mhid\\144en\\033[0m',
  '<img src=x onerror=document.title=1>',
].join('');

export function describeTerminal(site: () => Site): void {
  describe('a terminal', { timeout: suiteMs }, () => {
    let pod: Pod;
    let exec: Exec;
    let address = '';
    before(async () => {
      pod = await startPod();
      const token = (await readFile(join(site().demonstration.folder, 'tokens', 'dba.jwt'), 'utf8')).trim();
      const port = await connect(site(), pod, token);
      exec = await opened(`ws://127.0.0.1:${port}/cluster`, token);
      address = `/sessions/${await sessionOn(site(), 'cluster')}`;
    });
    after(() => pod?.[Symbol.asyncDispose]());

    test('is seen as it goes on, played, and stood still at an instant', async () => {
      exec.resize(70, 12);
      await exec.shows('$ ');
      exec.type('echo fi""rst\r');
      await exec.shows('first');
      await using window = await site().as('ada');
      const { page } = window;
      await window.open(`${address}?exchange=1`);
      await shows(page, 'first');
      exec.type("printf '\\033[1mbo''ld\\033[0m \\033[7minver''se\\033[0m\\n'; echo sec\"\"ond\r");
      await shows(page, 'second');
      assert.equal(await screen(page).getAttribute('aria-label'), 'Screen of 70 columns and 12 rows');
      assert.equal(await screen(page).locator('.font-semibold', { hasText: 'bold' }).count(), 1);
      await page.keyboard.press('0');
      await shows(page, 'second', false);
      await page.keyboard.press('l');
      await shows(page, 'second');
      await page.keyboard.press('0');
      await page.keyboard.press(' ');
      await shows(page, 'second');
      await window.open(`${address}?sequence=${await sequenceOf(site(), address, 'first')}`);
      await shows(page, 'first');
      await shows(page, 'second', false);
      await window.picture('terminal');
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      assert.deepEqual(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
        [],
      );
    });

    test('does nothing in the reader’s browser that its program wants', async () => {
      await using window = await site().as('ada');
      const { page, context } = window;
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await window.open(`${address}?exchange=1`);
      await shows(page, 'second');
      const title = await page.title();
      await page.evaluate("navigator.clipboard.writeText('mine')");
      exec.type(`printf '${hostile}'; echo thi""rd\r`);
      await shows(page, 'third');
      await shows(page, 'click');
      assert.equal(await page.title(), title);
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'mine');
      assert.equal(await page.locator('figure a, figure img').count(), 0);
      assert.match(await screen(page).innerText(), /hidden/);
      assert.match(await page.locator('figure').innerText(), /2 control sequences with counts beyond the screen/);
      await page.getByText('All that was written, as text').click();
      await page.locator('figure details pre').getByText('52;c;b3duZWQ=').first().waitFor();
      await page.getByText('All that was typed').click();
      assert.ok((await page.locator('figure').innerText()).includes('echo fi""rst'));
      exec.type('exit\r');
      await exec.over();
      await page.getByText('Success').first().waitFor();
    });

    test('has controls of its own where its exchange is read alone', async () => {
      const session = address.split('/').at(-1) ?? '';
      const path = '/api/v1/runs?connection=cluster';
      const { items } = await site().api<{ readonly items: readonly { readonly id: string }[] }>('auditor', path);
      await using window = await site().as('ada');
      const { page } = window;
      await window.open(`/runs/${items[0]?.id ?? ''}/exchanges/${session}/1`);
      await shows(page, 'third');
      const controls = page.getByRole('region', { name: 'Play this terminal' });
      await controls.getByRole('slider', { name: 'Instant' }).focus();
      await page.keyboard.press('Home');
      await shows(page, 'third', false);
      await controls.getByRole('combobox').selectOption('16');
      await controls.getByRole('button', { name: 'Play' }).click();
      await shows(page, 'third');
    });
  });
}

const screen = (page: Page) => page.locator('[data-screen]');

/** Waits until the screen shows this, or no longer does. */
async function shows(page: Page, text: string, does = true): Promise<void> {
  await screen(page)
    .filter({ hasText: text })
    .waitFor({ state: does ? 'visible' : 'detached' });
}

/** Makes the connection that the DBA may use; says at which port. */
async function connect({ demonstration }: Site, pod: Pod, token: string): Promise<number> {
  const policy = '@id("cluster")\npermit (principal in Group::"dba", action, resource in Connection::"cluster");\n';
  await writeFile(join(demonstration.folder, 'policies', 'cluster.cedar'), policy);
  const connection = { name: 'cluster', protocol: 'http', target: { url: `http://127.0.0.1:${pod.port}` } };
  const answer = await fetch(`${demonstration.console}/api/v1/connections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(connection),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  const { serving } = (await answer.json()) as { readonly serving: { readonly address: string } };
  return Number(serving.address.split(':').at(-1));
}

/** The gateway takes a policy up by itself, a moment after it was written. */
async function opened(url: string, token: string): Promise<Exec> {
  for (;;) {
    const exec = await Exec.open(url, token, ['sh', '-i']).catch((fault: unknown) => {
      if (!String(fault).includes('403')) throw fault;
      return null;
    });
    if (exec !== null) return exec;
    await new Promise((again) => setTimeout(again, 100));
  }
}

/** The one that let somebody in. */
async function sessionOn(site: Site, connection: string): Promise<string> {
  for (;;) {
    const path = `/api/v1/sessions?connection=${connection}&status=active`;
    const { items } = await site.api<{ readonly items: readonly { readonly id: string }[] }>('auditor', path);
    if (items[0] !== undefined) return items[0].id;
    await new Promise((again) => setTimeout(again, 50));
  }
}

/** Where a terminal wrote this as a line of its own. */
async function sequenceOf(site: Site, address: string, text: string): Promise<number> {
  const token = (await readFile(join(site.demonstration.folder, 'tokens', 'auditor.jwt'), 'utf8')).trim();
  const answer = await fetch(`${site.demonstration.console}/api/v1${address}/recording`, { headers: { authorization: `Bearer ${token}` } });
  const lines = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly sequence: number; readonly parts?: readonly { readonly text?: string }[] });
  const found = lines.find(({ parts = [] }) => parts.some((part) => part.text?.includes(text)));
  return found?.sequence ?? assert.fail(`nothing wrote ${text}`);
}
