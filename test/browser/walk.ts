import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Gauge } from './gauge.ts';
import type { UnloggedPage } from './unlogged-page.ts';

/** Who walks, and where to. */
export interface Walk {
  readonly page: Page;
  readonly gauge: Gauge;
}

/** By plain selectors alone: to look for roles and names, the driver's own script would work in the page that is measured. */
const row = (page: Page, text: string) => page.locator('[data-index]', { hasText: text }).first();
const firstRow = (page: Page) => page.locator('[role=row][aria-rowindex="2"]');
const exchange = (page: Page, ordinal: number) => page.locator(`article[aria-label^="Exchange ${ordinal},"]`);

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

const times = (count: number, key: string) => Array.from({ length: count }, () => key);

/** All of a session's recording is in the page. */
async function whole(page: Page): Promise<void> {
  await page
    .locator('main header span', { hasText: /^Ended$/ })
    .first()
    .waitFor();
}

/** From the list of runs to one, through its story and its exceptions, and back. */
export async function walkRun({ page, gauge }: Walk, run: string): Promise<void> {
  await gauge.step('the runs', async () => {
    await page.goto('/runs');
    await row(page, run).waitFor();
  });
  await gauge.step(`run ${run} opens`, async () => {
    await row(page, run).click();
    await page.locator('[data-summary]').waitFor();
    await page.locator('section[aria-label=Lanes] li').first().waitFor();
  });
  await gauge.step(`run ${run}: its story scrolls`, async () => {
    await firstRow(page).focus();
    await press(page, ...times(20, 'PageDown'));
  });
  await gauge.step(`run ${run}: an exception is looked at`, async () => {
    await press(page, 'n');
    await page.locator('aside article').waitFor();
  });
  await gauge.step(`run ${run}: from exception to exception`, async () => {
    await press(page, ...times(8, 'n'));
    await page.locator('aside article').waitFor();
  });
  await gauge.step(`run ${run} opens at its address`, async () => {
    await page.goto(page.url().replace(/\/exchanges\/.*/, ''));
    await page.locator('[data-summary]').waitFor();
    await page.locator('section[aria-label=Lanes] li').first().waitFor();
  });
}

/** The tables: what is typed into their filters, and the way down. */
export async function walkTables({ page, gauge }: Walk, down: number): Promise<void> {
  await gauge.step('the overview', async () => {
    await page.goto('/overview');
    await page.locator('section[aria-label]').nth(4).waitFor();
  });
  await gauge.step('the sessions', async () => {
    await page.goto('/sessions');
    await firstRow(page).waitFor();
  });
  await gauge.step('the sessions: a filter is typed', async () => {
    await page.locator('input[name=connection]').pressSequentially('billing');
    await press(page, 'Enter');
    await page.waitForURL(/connection=billing/);
    await firstRow(page).waitFor();
  });
  await gauge.step('the exchanges', async () => {
    await page.goto('/exchanges');
    await firstRow(page).waitFor();
    await page.locator('[data-query-editor]').waitFor();
  });
  await gauge.step('the exchanges: a query is typed', async () => {
    await press(page, '/');
    await page.keyboard.type('verdict:refused object:*t2');
    await press(page, 'Enter');
    await page.waitForURL(/q=verdict/);
    await firstRow(page).waitFor();
  });
  await page.goto('/exchanges');
  await firstRow(page).waitFor();
  await gauge.step(`the exchanges: ${down.toLocaleString('en')} rows down`, async () => {
    await firstRow(page).focus();
    for (let tries = 0; (await deepestRow(page)) < down - 1 && tries < down; tries += 1) {
      await press(page, 'End');
      await page.waitForTimeout(50);
    }
    assert.ok((await deepestRow(page)) >= down - 1);
  });
}

/** Which of the table's rows on the page is furthest down, counted from the first that there is. */
async function deepestRow(page: Page): Promise<number> {
  return Number(await page.evaluate("Math.max(...[...document.querySelectorAll('[data-index]')].map((row) => Number(row.dataset.index)))"));
}

/** What people are asked: from all that waits to one, to its answer, and back to what is over. */
export async function walkApprovals({ page, gauge }: Walk, open: number, all: number): Promise<void> {
  await gauge.step('the approvals', async () => {
    await page.goto('/approvals');
    await firstRow(page).waitFor();
    await page.locator('[role=status]', { hasText: `${open} waiting for you` }).waitFor();
  });
  await gauge.step('the approvals: the way down', async () => {
    await firstRow(page).focus();
    await press(page, ...times(10, 'PageDown'), ...times(20, 'j'));
  });
  await gauge.step('an approval opens', async () => {
    await press(page, 'Enter');
    await page.locator('[data-approval=open] [data-effect]').waitFor();
    await page.locator('button[aria-disabled=false]', { hasText: 'Refuse' }).waitFor();
  });
  await gauge.step('an approval: its reason is written', async () => {
    await page.locator('section[aria-label=Decide] input').pressSequentially('It names too many customers.');
  });
  await gauge.step('an approval is refused', async () => {
    await page.locator('button[aria-disabled=false]', { hasText: 'Refuse' }).focus();
    await press(page, 'Enter');
    await page.locator('[data-approval=denied]').waitFor();
  });
  await gauge.step('the approvals that are over', async () => {
    await page.goto('/approvals?status=all');
    await firstRow(page).waitFor();
  });
  await gauge.step(`the approvals that are over: ${all.toLocaleString('en')} rows down`, async () => {
    await firstRow(page).focus();
    const last = page.locator(`[data-index="${all - 1}"]`);
    for (let tries = 0; (await last.count()) === 0 && tries < all; tries += 1) {
      await press(page, 'End');
      await page.waitForTimeout(50);
    }
    await last.waitFor();
  });
}

/** A session that is played. */
export async function walkPlayer({ page, gauge }: Walk, run: string): Promise<void> {
  await page.goto(`/sessions?run=${run}`);
  await row(page, run).waitFor();
  await gauge.step(`session ${run} opens`, async () => {
    await row(page, run).click();
    await whole(page);
    await page.locator('article').waitFor();
  });
  await gauge.step('the player: sought by tenths', async () => press(page, '0', '9', '1', '8', '2', '7', '3', '6', '4', '5'));
  await gauge.step('the player: line by line', async () => press(page, ...times(15, '.'), ...times(5, ',')));
  await gauge.step('the player: exchange by exchange', async () => press(page, ...times(15, 'j'), ...times(5, 'k')));
  await gauge.step('the player: plays at 16×', async () => {
    await press(page, '1', ...times(4, '>'), ' ');
    await page.locator('button', { hasText: 'Pause' }).waitFor();
    await page.waitForTimeout(2_000);
    await press(page, ' ');
    await page.locator('button', { hasText: /^Play$/ }).waitFor();
  });
}

/** Every exchange of a session whose content is hard to show, in `page`, which `gauge` measures. */
export async function walkPathological(gauge: Gauge, page: UnloggedPage, address: string): Promise<void> {
  for (const [place, name] of [
    'a cell of 5 MB',
    '300 columns',
    '100,000 escapes',
    'bidi and tags',
    'a long statement',
    'after a day',
  ].entries())
    await gauge.step(name, async () => {
      await page.goto(`${address}?exchange=${place + 1}`);
      await page.until(`document.querySelector('article[aria-label^="Exchange ${place + 1},"] [role=grid]') !== null`);
      await page.until(`[...document.querySelectorAll('main header span')].some(({ textContent }) => textContent === 'Ended')`);
    });
}

/** An answer of so many rows, and the way through it. */
export async function walkRows({ page, gauge }: Walk, run: string, count: number): Promise<void> {
  await page.goto(`/sessions?run=${run}`);
  await row(page, run).waitFor();
  await gauge.step(`${count.toLocaleString('en')} rows come`, async () => {
    await row(page, run).click();
    await page.locator('figcaption', { hasText: `${count.toLocaleString('en')} rows` }).waitFor({ timeout: 120_000 });
  });
  await gauge.step(`${count.toLocaleString('en')} rows: the way through them`, async () => {
    await page.locator('article [role=grid]').focus();
    await press(page, ...times(10, 'PageDown'), 'Control+End', ...times(10, 'PageUp'), 'Control+Home');
  });
}

/** Far seeks in a recording that is too large to be brought into the page. */
export async function walkLarge({ page, gauge }: Walk, run: string, exchanges: number): Promise<void> {
  await page.goto(`/sessions?run=${run}`);
  await row(page, run).waitFor();
  await gauge.step(`session ${run} opens`, async () => {
    await row(page, run).click();
    await page.locator('article').waitFor();
  });
  for (const tenth of [9, 1, 7, 5]) {
    const ordinal = Math.round(1 + ((exchanges - 1) * tenth) / 10);
    await gauge.step(`session ${run}: to exchange ${ordinal.toLocaleString('en')}`, async () => {
      await press(page, String(tenth));
      await exchange(page, ordinal).locator('[role=grid]').waitFor();
    });
  }
}
