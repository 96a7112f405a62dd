import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { type Site, suiteMs } from './site.ts';

export function describePalette(site: () => Site): void {
  describe('the palette', { timeout: suiteMs }, () => {
    test('leads anywhere by keys alone, and gives the focus back', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/health');
      const field = page.getByRole('combobox', { name: /^A page/ });
      const active = () => page.getByRole('dialog').getByRole('option', { selected: true }).innerText();
      await page.getByRole('button', { name: 'Find' }).focus();
      await page.keyboard.press('ControlOrMeta+k');
      await field.waitFor();
      await page.locator('input[role=combobox]:focus').waitFor();
      await page.keyboard.press('Escape');
      await field.waitFor({ state: 'detached' });
      await page.locator('button:focus').filter({ hasText: 'Find' }).waitFor();
      await page.keyboard.press('ControlOrMeta+k');
      await field.fill('au');
      assert.match(await active(), /^Audit trail/);
      await page.keyboard.press('ArrowUp');
      assert.match(await active(), /^Runs named au/);
      await page.keyboard.press('ArrowDown');
      assert.equal(
        await field.getAttribute('aria-activedescendant'),
        await page.getByRole('dialog').getByRole('option', { selected: true }).getAttribute('id'),
      );
      await window.picture('palette');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/audit$/);
      assert.equal(await page.locator('main:focus').count(), 1);
    });

    test('opens a session by its id, and an exchange by its own', async () => {
      const { items } = await site().api<{ readonly items: readonly { readonly id: string }[] }>('auditor', '/api/v1/sessions?run=demo-1');
      const id = items[0]?.id ?? assert.fail('there is no session');
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/exchanges');
      await page.keyboard.press('/');
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox', { name: /^A page/ }).fill(`${id}/5`);
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(`/sessions/${id}\\?exchange=5$`));
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox', { name: /^A page/ }).fill(id);
      assert.equal(await page.getByRole('dialog').getByRole('option').count(), 3);
    });

    test('runs a saved query, and any other', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/exchanges?q=verdict:refused');
      await page.getByText('Saved (0)').click();
      await page.getByPlaceholder('Name of this query').fill('What was refused');
      await page.keyboard.press('Enter');
      await window.open('/sessions');
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox', { name: /^A page/ }).fill('refused');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/exchanges\?q=verdict%3Arefused$/);
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox', { name: /^A page/ }).fill('effect:write rows:>1');
      await page.keyboard.press('Enter');
      await page.waitForURL(/q=effect%3Awrite\+rows%3A%3E1$/);
    });

    test('shows nobody a page that would only refuse', async () => {
      await using window = await site().as('dana', { width: 380, height: 760 });
      const { page } = window;
      await window.open('/sessions');
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('dialog').getByRole('option').first().waitFor();
      const names = await page.getByRole('dialog').getByRole('option').allInnerTexts();
      assert.ok(names.length > 3 && names.every((name) => !/Audit|Masking|Policies/.test(name)), names.join());
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      assert.ok(overflow <= 0, `${overflow} px wider than a phone`);
    });

    for (const scheme of ['light', 'dark'] as const)
      test(`passes axe in ${scheme}`, async () => {
        await using window = await site().as('ada', { scheme });
        const { page } = window;
        await window.open('/health');
        await page.keyboard.press('ControlOrMeta+k');
        await page.getByRole('dialog').getByRole('option').first().waitFor();
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`),
          [],
        );
      });
  });
}
