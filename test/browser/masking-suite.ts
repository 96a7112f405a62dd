import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { type Site, suiteMs } from './site.ts';

interface Trail {
  readonly items: readonly { readonly event: string; readonly actor: string; readonly detail: object }[];
}

export function describeMasking(site: () => Site): void {
  describe('masking', { timeout: suiteMs }, () => {
    test('an auditor sees the rules, opens what one masked, and tries a row that was pasted, by keys alone', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await page.keyboard.press('g');
      await page.keyboard.press('m');
      await page.waitForURL(/\/masking$/);
      await page.getByRole('heading', { name: 'Try it' }).waitFor();
      const rule = page.getByRole('row').filter({ hasText: 'public.customers.iban' });
      assert.match(await rule.innerText(), /columns\[0\][\s\S]*orders[\s\S]*partial/);
      await page.getByRole('combobox', { name: 'Connection', exact: true }).selectOption('orders');
      await page.getByLabel(/^Paste a row/).focus();
      await page.keyboard.insertText('id\tiban\tnote\n7\tDE89370400440532013000\twrite to ada@example.com');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByLabel(/^Table of the columns/).focus();
      await page.keyboard.insertText('public.customers');
      await page.keyboard.press('Enter');
      await page.locator('[data-tried=tried]').waitFor();
      const shown = page.getByRole('region', { name: 'Shown' });
      assert.match(await shown.getByRole('row').nth(2).innerText(), /DE89370400440532013000\s+DE\*\*\*3000 /);
      assert.match(await shown.getByRole('row').nth(3).innerText(), /write to a\*\*\*@\*\*\*\.com/);
      await window.picture('masking-tried');
      await rule.getByRole('link').first().press('Enter');
      await page.waitForURL(/\/exchanges\?q=masked/);
      await page.getByRole('row').nth(1).waitFor();
      const { items } = await site().api<Trail>('auditor', '/api/v1/audit?event=masking.tried');
      assert.deepEqual(
        items.map(({ detail }) => detail),
        [{ connection: 'orders', sample: 'row', draft: false }],
      );
    });

    test('a draft that cannot be read is shown where it is wrong, and tried once it can', async () => {
      await using window = await site().as('omar', { width: 380, height: 760 });
      const { page } = window;
      await window.open('/masking');
      await page.getByRole('combobox', { name: 'Sample', exact: true }).selectOption('document');
      await page.getByLabel('Text of the sample').fill('{"badge":"B1234","mail":"ada@example.com"}');
      await page.getByRole('button', { name: 'Add a pattern' }).click();
      await page.getByLabel('Regular expression (RE2)').fill('B(?=1)');
      await page.getByRole('button', { name: 'Try', exact: true }).click();
      await page.locator('[data-tried=unsound]').waitFor();
      assert.equal(await page.locator('mark').innerText(), '(?=1)');
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      assert.ok(overflow <= 0, `${overflow} px wider than a phone`);
      await page.getByLabel('Regular expression (RE2)').fill('B[0-9]+');
      await page.getByRole('button', { name: 'Try', exact: true }).click();
      await page.locator('[data-tried=tried]').waitFor();
      assert.match(await page.locator('[data-tried=tried] pre').innerText(), /"badge":"\[redacted:pattern-1\]"/);
      assert.match(await page.locator('[data-tried=tried]').innerText(), /patterns\[0\]\s+of the draft/);
    });

    test('where nothing is configured, that is said', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      const recent = { since: '2026-11-22T10:00:00.000Z', complete: true, rules: [] };
      const nothing = { configured: false, columns: [], detectors: [], patterns: [], originals: [], detectorNames: ['email'], recent };
      await page.route('**/api/v1/masking?*', (route) => route.fulfill({ json: nothing }));
      await window.open('/masking');
      await page.getByText('Nothing is masked.').waitFor();
    });

    test('to whom originals are sealed is said', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';
      await page.route('**/api/v1/masking?*', async (route) => {
        const told = (await (await route.fetch()).json()) as object;
        await route.fulfill({ json: { ...told, originals: [recipient] } });
      });
      await window.open('/masking');
      await page.getByText(recipient).waitFor();
      await passesAxe(page);
      await window.picture('masking-originals');
    });

    for (const scheme of ['light', 'dark'] as const)
      test(`what was tried, and what could not be, pass axe in ${scheme}`, async () => {
        await using window = await site().as('ada', { scheme });
        const { page } = window;
        await window.open('/masking');
        await page.getByRole('combobox', { name: 'Connection', exact: true }).selectOption('orders');
        await page.getByLabel('Value', { exact: true }).fill('ada@example.com');
        await page.getByLabel('Name', { exact: true }).fill('public.customers.email');
        await page.getByRole('button', { name: 'Add a detector' }).click();
        await page.getByRole('button', { name: 'Try', exact: true }).click();
        await page.locator('[data-tried=tried] table').waitFor();
        await passesAxe(page);
        await page.getByRole('button', { name: 'Add a pattern' }).click();
        await page.getByLabel('Regular expression (RE2)').fill('B(?=1)');
        await page.getByRole('button', { name: 'Try', exact: true }).click();
        await page.locator('[data-tried=unsound] li').waitFor();
        await passesAxe(page);
      });

    test('a gateway that does not answer is said so, and what was typed stays', async () => {
      await using window = await site().as('omar');
      const { page, context } = window;
      await window.open('/masking');
      await page.getByRole('combobox', { name: 'Sample', exact: true }).selectOption('text');
      await page.getByLabel('Text of the sample').fill('hello');
      await context.setOffline(true);
      await page.getByRole('button', { name: 'Try', exact: true }).click();
      await page.getByText('The gateway does not answer.').first().waitFor();
      assert.equal(await page.getByLabel('Text of the sample').inputValue(), 'hello');
    });
  });
}

async function passesAxe(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''} ${nodes[0]?.failureSummary ?? ''}`),
    [],
  );
}
