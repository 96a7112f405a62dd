import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { checkout } from '../e2e/demonstration.ts';
import { sessionOf } from './hostile-suite.ts';
import { type Site, suiteMs } from './site.ts';

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Tab by tab to what has this name, as somebody without a mouse goes. */
async function tabTo(page: Page, name: string): Promise<void> {
  const has = () => page.evaluate<string>('document.activeElement?.textContent?.trim() ?? ""');
  for (let steps = 0; (await has()) !== name; steps += 1) {
    assert.ok(steps < 60, `${name} is not reached by Tab`);
    await page.keyboard.press('Tab');
  }
}

/** Down a list until the row that says this has the focus, and down it again where it came meanwhile: lists show what is archived. */
async function walkTo(page: Page, text: string): Promise<void> {
  await page.locator('[data-index="0"]').waitFor();
  const has = () => page.evaluate<string>('document.activeElement?.closest("[data-index]")?.textContent ?? ""');
  const deadline = Date.now() + 60_000;
  for (let steps = 1; !(await has()).includes(text); steps += 1) {
    assert.ok(Date.now() < deadline, `no row says ${text}`);
    await page.keyboard.press(steps % 80 === 0 ? 'Home' : 'j');
    await page.locator('[data-index]:focus').waitFor();
  }
}

/** Opens the row that says this. */
async function openRow(page: Page, text: string): Promise<void> {
  await walkTo(page, text);
  await press(page, 'Enter');
}

/** What the map on `?` lists, and closes it again. */
async function mapped(page: Page): Promise<Set<string>> {
  await press(page, '?');
  const keys = await page.getByRole('dialog', { name: 'Keys' }).locator('kbd').allTextContents();
  await press(page, 'Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  return new Set(keys.map((key) => (key === 'space' ? ' ' : key)));
}

/** The auditor's and the approver's work by keys stands beside their other work, in record-suite.ts and approvals-suite.ts. */
export function describeKeyboard(site: () => Site): void {
  describe('the keyboard alone', { timeout: suiteMs }, () => {
    test('an owner sees their run, replays what it did, and stops it', async () => {
      const agent = await site().line('keys-owner');
      await agent.query('SELECT 1 AS owned');
      const sleeping = agent.query('SELECT pg_sleep(120)').catch((fault: Error) => fault);
      await using window = await site().as('dana');
      const { page } = window;
      await press(page, 'g', 'r');
      await page.waitForURL(/\/runs$/);
      await openRow(page, 'keys-owner');
      await page.getByRole('heading', { level: 1, name: 'Run keys-owner' }).waitFor();
      await openRow(page, 'owned');
      await page.waitForURL(/\/exchanges\/.+\/1$/);
      await page.getByRole('complementary').getByRole('article').waitFor();
      await tabTo(page, 'The whole session');
      await press(page, 'Enter');
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByRole('option', { name: /pg_sleep/ }).waitFor();
      const slider = page.getByRole('slider', { name: 'Instant' });
      await press(page, '0');
      assert.equal(await slider.inputValue(), '0');
      await press(page, '>', ' ');
      await page.getByRole('button', { name: 'Pause' }).waitFor();
      await press(page, ' ', 'l');
      await page.getByRole('button', { name: 'Play' }).waitFor();
      await press(page, '!');
      await page.getByRole('dialog').waitFor();
      await tabTo(page, 'Stop it');
      await press(page, 'Enter');
      await page.getByRole('dialog').getByText('Nothing more crossed after').waitFor();
      assert.ok((await sleeping) instanceof Error);
      await press(page, 'Escape');
      await page.getByText('Ended', { exact: true }).waitFor();
      await agent.end().catch(() => {});
    });

    test('an admin finds what somebody else’s agent does, stops it, and reads on the trail that they did', async () => {
      const agent = await site().line('keys-admin');
      await agent.query('SELECT 1 AS of_somebody_else');
      await using window = await site().as('omar');
      const { page } = window;
      await press(page, 'g', 's');
      await page.waitForURL(/\/sessions$/);
      await openRow(page, 'keys-admin');
      await page.getByText('Live', { exact: true }).waitFor();
      await press(page, '!');
      await page.getByRole('dialog').waitFor();
      await tabTo(page, 'Stop it');
      await press(page, 'Enter');
      await page.getByRole('dialog').getByText('Nothing more crossed after').waitFor();
      await press(page, 'Escape');
      await page.getByText('Ended', { exact: true }).waitFor();
      await press(page, 'Escape');
      await page.waitForURL(/\/sessions$/);
      await press(page, 'g', 't');
      await page.waitForURL(/\/audit$/);
      await page.getByText('session.terminated').first().waitFor();
      await press(page, 'g', 'c');
      await page.waitForURL(/\/connections$/);
      await agent.end().catch(() => {});
    });

    test('an auditor begins with whether the record is whole, opens what was done, and reads on the trail that they looked', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await page.waitForURL(/\/proof$/);
      await page.getByRole('heading', { level: 1, name: 'Proof' }).waitFor();
      await press(page, 'g', 'e');
      await page.waitForURL(/\/exchanges$/);
      await openRow(page, 'customers');
      await page.waitForURL(/\/sessions\/.+/);
      await page.getByRole('slider', { name: 'Instant' }).waitFor();
      await press(page, 'g', 't');
      await page.waitForURL(/\/audit$/);
      // The trail shows what is archived, a moment after it happened. A session that goes on is watched, one that is over is read.
      for (
        const deadline = Date.now() + 60_000;
        (await page.getByText(/recording\.read|session\.watched/).count()) === 0;
        await window.open('/audit')
      )
        assert.ok(Date.now() < deadline, 'the look is not on the trail');
      await press(page, 'g', 'v');
      await page.waitForURL(/\/proof$/);
    });

    test('keys that come faster than frames lose no step', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/exchanges');
      await page.locator('[data-index="6"]').waitFor();
      await page.evaluate(
        'for (let at = 0; at < 7; at += 1) document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }))',
      );
      await page.locator('[data-index="6"]:focus').waitFor();
    });

    test('a key that comes before the row that was gone to is drawn is that row’s', async () => {
      const agent = await site().line('keys-end');
      for (let nth = 0; nth < 30; nth += 1) await agent.query(`SELECT ${nth} AS far_down`);
      await agent.end();
      await using window = await site().as('ada');
      const { page } = window;
      const all = page.locator('[role="grid"][aria-rowcount="31"]');
      for (const deadline = Date.now() + 60_000; (await all.count()) === 0; await page.waitForTimeout(200)) {
        assert.ok(Date.now() < deadline, 'the statements are not on record');
        await window.open('/exchanges?q=run:keys-end');
        await page.locator('[data-index="0"]').waitFor();
      }
      await page.evaluate('document.querySelector("[data-ledger]").style.maxHeight = "100px"');
      await page.locator('[data-index="29"]').waitFor({ state: 'detached' });
      await page.locator('[data-index="0"]').focus();
      await page.evaluate(
        'for (const key of ["End", "Enter"]) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))',
      );
      await page.waitForURL(/\/sessions\/.+exchange=1(?!\d)/);
    });

    test('times are the reader’s, and UTC by one key that is remembered', async () => {
      await using window = await site().as('ada', { zone: 'Asia/Kolkata' });
      const { page } = window;
      await window.open(`/sessions/${await sessionOf(site(), 'demo-1')}`);
      const time = page.locator('header time').first();
      const at = new Date((await time.getAttribute('datetime')) ?? '');
      const written = (date: Date) => date.toISOString().slice(0, 19).replace('T', ' ');
      assert.equal(await time.innerText(), written(new Date(at.getTime() + 330 * 60_000)));
      await press(page, 'u');
      assert.equal(await time.innerText(), `${written(at)}Z`);
      await page.reload();
      assert.equal(await time.innerText(), `${written(at)}Z`);
      await press(page, 'u');
      assert.match((await time.getAttribute('title')) ?? '', /\+05:30/);
    });

    test('every key that the sources bind is on the map of the page where it works', async () => {
      const sources = globSync('web/src/**/*.tsx', { cwd: checkout }).map((path) => readFileSync(join(checkout, path), 'utf8'));
      const bound = new Set(sources.flatMap((text) => [...text.matchAll(/\{ keys: '([^']+)'/g)].map(([, key = '']) => key)));
      assert.ok(bound.size > 15);
      const agent = await site().line('keys-map');
      await agent.query('SELECT 1 AS mapped');
      await using window = await site().as('omar');
      const { page } = window;
      const { items } = await site().api<{ readonly items: readonly { readonly id: string }[] }>('dba', '/api/v1/approvals?status=open');
      const runs = await site().api<{ readonly items: readonly { readonly id: string }[] }>('auditor', '/api/v1/runs?name=keys-map');
      const live = await site().api<{ readonly items: readonly { readonly id: string }[] }>('auditor', '/api/v1/sessions?run=keys-map');
      const found = new Set<string>();
      const [approval, run, session] = [items[0]?.id ?? '', runs.items[0]?.id ?? '', live.items[0]?.id ?? ''];
      for (const path of ['/exchanges', `/runs/${run}`, `/sessions/${session}`, `/approvals/${approval}`]) {
        await window.open(path);
        if (path.startsWith('/approvals')) await page.locator('button[aria-disabled=false]', { hasText: 'Approve' }).waitFor();
        if (path.startsWith('/sessions')) await page.getByRole('option').nth(1).waitFor();
        for (const key of await mapped(page)) found.add(key);
      }
      assert.deepEqual(
        [...bound].filter((key) => !found.has(key)),
        [],
      );
      for (const tenth of '0123456789') assert.ok(found.has(tenth), tenth);
      await agent.end();
    });
  });
}
