import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Client } from 'pg';
import type { Page } from 'playwright-core';
import { sessionOf } from './hostile-suite.ts';
import { row, settled, type Site, suiteMs } from './site.ts';

/** What is less tall than this shows a line or two of what it holds, and nothing can be read in it. */
const leastTall = 90;

/** Parts of the page that scroll and are too small to be read in, and whether the page itself moves. */
async function cramped(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[
    ...[...document.querySelectorAll('main, main *')]
      .filter((part) => part.checkVisibility() && /auto|scroll/.test(getComputedStyle(part).overflowY))
      .filter((part) => part.scrollHeight > part.clientHeight + 1 && part.clientHeight < ${leastTall})
      .map((part) => part.className + ' is ' + part.clientHeight + ' of ' + part.scrollHeight),
    ...(document.documentElement.scrollHeight > innerHeight ? ['the page is taller than its window'] : []),
  ]`);
}

async function firstOf(site: Site, path: string): Promise<string> {
  const { items } = await site.api<{ readonly items: readonly { readonly id: string }[] }>('auditor', path);
  return items[0]?.id ?? assert.fail(`${path} is empty`);
}

/** Small windows, windows enlarged to twice their size, and paper. */
export function describeRoom(site: () => Site): void {
  describe('little room', { timeout: suiteMs }, () => {
    test('at twice the size every part can be reached and read', async () => {
      await using window = await site().as('omar', { width: 640, height: 400 });
      const { page } = window;
      const session = await sessionOf(site(), 'demo-1');
      const run = await firstOf(site(), '/api/v1/runs?name=demo-1');
      const approval = await firstOf(site(), '/api/v1/approvals?status=open');
      const own = [`/sessions/${session}?exchange=5`, `/runs/${run}`, `/runs/${run}/exchanges/${session}/5`, `/approvals/${approval}`];
      for (const path of ['/overview', '/runs', '/sessions', '/exchanges', '/approvals', '/audit', '/policies?view=draft', ...own]) {
        await window.open(path);
        assert.deepEqual(await cramped(page), [], path);
      }
    });

    test('on a phone the exchange that is looked at stands in the place of the story, and leads back to it', async () => {
      await using window = await site().as('omar', { width: 380, height: 760 });
      const { page } = window;
      const [session, run] = [await sessionOf(site(), 'demo-1'), await firstOf(site(), '/api/v1/runs?name=demo-1')];
      await window.open(`/runs/${run}/exchanges/${session}/5`);
      const inspector = page.getByRole('complementary', { name: 'Inspector' });
      await inspector.getByRole('article').waitFor();
      await window.picture('phone-run-exchange');
      assert.ok(await page.getByRole('heading', { level: 1 }).isVisible());
      assert.equal(await page.getByRole('grid', { name: 'Story' }).isVisible(), false);
      await inspector.getByRole('link', { name: 'Close' }).click();
      await page.getByRole('grid', { name: 'Story' }).waitFor();
      const nodes = await page.evaluate<number>('document.querySelectorAll("[data-index]").length');
      assert.ok(nodes < 60, `${nodes} rows are drawn`);
    });

    test('what opens on a phone is whole, and a press beside it closes it', async () => {
      await using window = await site().as('omar', { width: 380, height: 760 });
      const { page } = window;
      const fits = async (path: string, summary: RegExp, popup: string) => {
        await window.open(path);
        for (const opener of await page.locator('summary').filter({ hasText: summary, visible: true }).all()) {
          await opener.click();
          const shown = page.locator(popup).filter({ visible: true });
          const { x, width } = (await shown.boundingBox()) ?? assert.fail(`${path}: nothing opened`);
          assert.ok(x >= 0 && x + width <= 380, `${path}: ${await opener.innerText()} opens from ${x} to ${x + width}`);
          await page.locator('h1').click();
          await shown.waitFor({ state: 'hidden' });
        }
      };
      await page
        .locator('header')
        .getByRole('link', { name: /waiting for you/ })
        .waitFor();
      await fits('/approvals', /^Menu/, 'details[name=places] > div');
      await fits('/exchanges', /^Saved|^verdict|^action|^policy|^object|^protocol/, '.popup');
      await fits(`/sessions/${await sessionOf(site(), 'demo-1')}`, /^Export/, '.popup');
    });

    test('names of any length stay within a phone, and can be read whole', async () => {
      const name = 'a_name_without_any_place_to_break_it_'.repeat(2).slice(0, 60);
      const agent = await site().line(`run_${name}`);
      await agent.query(`SELECT * FROM t_${name}`).catch(() => {});
      await agent.end();
      const session = await sessionOf(site(), `run_${name}`);
      const run = await firstOf(site(), `/api/v1/runs?name=run_${name}`);
      await using window = await site().as('omar', { width: 380, height: 760 });
      const { page } = window;
      const own = [`/sessions/${session}?exchange=1`, `/runs/${run}`, `/runs/${run}/exchanges/${session}/1`, `/connections/${name}`];
      for (const path of ['/runs', '/sessions', '/exchanges', ...own]) {
        await window.open(path);
        assert.equal(await page.evaluate('document.querySelector("main").scrollWidth'), 380, path);
      }
      await window.open(own[0] ?? '');
      assert.match(await page.locator('main header').first().innerText(), new RegExp(`run_${name}`));
      assert.match(await page.getByRole('article').innerText(), new RegExp(`t_${name}`));
    });

    test('what is not there or not theirs is said under a heading of its own', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      for (const [path, heading] of [
        ['/sessions/nowhere', 'Session'],
        ['/runs/nowhere', 'Run'],
        ['/approvals/nowhere', 'Approval'],
        ['/connections/nowhere', 'nowhere'],
      ] as const) {
        await window.open(path);
        await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
        await page.getByRole('alert').waitFor();
        assert.match(await page.title(), new RegExp(`^${heading} `));
      }
    });

    test('on paper nothing is cut off at the edge of the window', async () => {
      await using window = await site().as('omar', { scheme: 'dark', height: 400 });
      const { page } = window;
      for (const path of ['/proof', '/overview', '/policies?view=versions', '/sessions']) {
        await window.open(path);
        await page.emulateMedia({ media: 'print' });
        const cut = await page.evaluate<string[]>(`[...document.querySelectorAll('main, main .overflow-y-auto, main .overflow-auto')]
          .filter((part) => part.scrollHeight > part.clientHeight + 1 && getComputedStyle(part).overflowY !== 'visible')
          .map((part) => part.className)`);
        assert.deepEqual(cut, [], path);
        assert.equal(await page.getByRole('navigation', { name: 'Pages' }).isVisible(), false);
        await page.emulateMedia({ media: 'screen' });
      }
    });
  });

  describe('answers', { timeout: suiteMs }, () => {
    test('a list that is empty for a moment keeps the focus, and gives it to the row that comes', async () => {
      const first = await site().line('focus-kept');
      await first.query('SELECT 1 AS kept');
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/runs?name=focus-kept&status=active');
      await row(page, 'focus-kept').waitFor();
      await page.keyboard.press('j');
      await page.locator('[data-index="0"]:focus').waitFor();
      await first.end();
      await page.getByText('Nothing matches').waitFor();
      await page.locator('[data-ledger]:focus').waitFor();
      const second = await site().line('focus-kept');
      await second.query('SELECT 2 AS kept');
      await page.locator('[data-index="0"]:focus').waitFor();
      await second.end();
    });

    test('whoever goes back to a list is where they were in it', async () => {
      const agent = await site().line('long-list');
      for (let nth = 0; nth < 80; nth += 1) await agent.query(`SELECT ${nth} AS of_many`);
      await agent.end();
      await using window = await site().as('ada');
      const { page } = window;
      for (
        const deadline = Date.now() + 60_000;
        (await page.locator('[aria-rowcount="81"]').count()) === 0;
        await page.waitForTimeout(200)
      ) {
        assert.ok(Date.now() < deadline, 'the statements are not on record');
        await window.open('/exchanges?q=run:long-list');
        await page.locator('[data-index="0"]').waitFor();
        await page.keyboard.press('j');
        await page.locator('[data-index="0"]:focus').waitFor();
        await page.keyboard.press('End');
        await page.waitForTimeout(300);
      }
      await page.locator('[data-index="79"]:focus').waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/sessions\//);
      await page.getByRole('slider', { name: 'Instant' }).waitFor();
      await page.locator('main:focus').waitFor();
      await page.goBack();
      await page.locator('[data-index="79"]:focus').waitFor();
      assert.ok(await page.evaluate('document.querySelector("[data-ledger]").scrollTop > 1000'));
      await page.getByRole('link', { name: 'Exchanges' }).click();
      await page.locator('[data-index="0"]').waitFor();
      assert.equal(await page.evaluate('document.querySelector("[data-ledger]").scrollTop'), 0);
    });

    test('what a session’s end cut off is not said to go on', async () => {
      const agent = await site().line('cut-off');
      const { stream } = (agent as Client & { readonly connection: { readonly stream: Socket } }).connection;
      const asked = agent.query('SELECT generate_series(1, 100000000) AS cut').catch((fault: Error) => fault);
      // Whoever reads nothing more holds up the answer in its middle.
      stream.pause();
      await using window = await site().as('dana');
      const { page } = window;
      await window.open(`/sessions/${await firstOf(site(), '/api/v1/sessions?run=cut-off')}?exchange=1`);
      const exchange = page.getByRole('article');
      await exchange.getByText('Goes on.').waitFor();
      stream.destroy();
      await asked;
      await exchange.getByText(/cut off/i).waitFor();
      assert.equal(await page.getByText('Goes on.').count(), 0);
      await window.open(page.url().replace('exchange=1', 'exchange=0'));
      await exchange.waitFor();
      assert.equal(await page.getByText('Not decided yet.').count(), 0);
    });

    test('a dialog gives the focus back to the row that opened it', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/audit');
      await page.locator('[data-index="3"]').click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.locator('[data-index="3"]:focus').waitFor();
    });

    test('an address that leads nowhere is said within the console', async () => {
      await using window = await site().as('omar');
      await window.open('/no/such/page');
      await window.page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
      await window.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Sessions' }).click();
      await window.page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor();
    });

    test('the key that copies says that it did', async () => {
      await using window = await site().as('omar');
      const { page, context } = window;
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await window.open('/connections');
      await page.keyboard.press('y');
      await page.getByRole('status').getByText('The address is copied.').waitFor();
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), page.url());
    });

    test('the trail is narrowed, by times as they are written where the reader is', async () => {
      await using window = await site().as('ada', { zone: 'Asia/Kolkata' });
      const { page } = window;
      await window.open('/audit');
      await page.getByLabel('Event').fill('login.');
      await page.keyboard.press('Enter');
      await page.waitForURL(/event=login\./);
      await page.getByLabel('Since').fill('2026-01-31 08:00');
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.searchParams.get('since') === '2026-01-31T02:30:00Z');
      await settled(page);
      await row(page, 'login.succeeded').waitFor();
      const others = page.locator('[data-index]').filter({ hasNotText: 'login.' });
      assert.equal(await others.count(), 0);
      await page.getByRole('button', { name: 'Clear' }).click();
      await others.first().waitFor();
    });
  });
}
