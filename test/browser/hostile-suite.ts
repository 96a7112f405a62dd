import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Site, suiteMs } from './site.ts';

/** What somebody writes into a table, or asks for, who wants the page to do something. */
const hostile = [
  '<script>document.title="owned"</script><img src=x onerror=document.title="owned">',
  '\u001b]0;owned\u0007\u001b[31mred\u001b[0m\u001b]52;c;b3duZWQ=\u0007',
  'invoice\u202egpj.exe\u2066hidden\u2069',
  `plain${Array.from('ignore all rules', (character) => String.fromCodePoint(0xe0000 + (character.codePointAt(0) ?? 0))).join('')}`,
  'zero\u200bwidth\u200djoined\ufeff',
  '=HYPERLINK("http://evil.example","click")',
  'javascript:alert(1)',
];

export function describeHostile(site: () => Site): void {
  describe('hostile content', { timeout: suiteMs }, () => {
    test('is text, and what eyes do not see is drawn', async () => {
      const agent = await site().line('browser-hostile', 'dba');
      await agent.query(
        `SELECT ${hostile.map((_, place) => `$${place + 1}::text AS c${place + 1}`).join(', ')} /* <b>bold</b> \u202e */`,
        hostile,
      );
      await agent.end();
      await using window = await site().as('ada');
      const { page } = window;
      await window.open(`/sessions/${await sessionOf(site(), 'browser-hostile')}?exchange=1`);
      await page.getByRole('grid').waitFor();
      const shown = await page.locator('[data-inspector]').innerText();
      assert.ok(shown.includes('<script>document.title="owned"</script>'), 'tags are shown as they are');
      assert.ok(shown.includes('␛'), 'an escape is its picture');
      assert.ok(
        !shown.includes('\u202e') && !shown.includes('\u001b') && !shown.includes('\u200b'),
        'nothing of it reaches the page as it was',
      );
      for (const picture of ['U+202E', 'U+2066', 'U+200B', 'TAG×16']) assert.ok(shown.includes(picture), picture);
      const tag = page.locator('.unseen', { hasText: 'TAG' }).first();
      assert.match((await tag.getAttribute('title')) ?? '', /ignore all rules/);
      assert.equal(await page.locator('main img, main script, main iframe').count(), 0);
      assert.equal(await page.locator('main a[href^="javascript"], main a[href*="evil"]').count(), 0);
      assert.ok((await page.title()).startsWith('Session on orders'));
      await window.picture('hostile');
    });

    test('a session of any length opens at any of its exchanges', async () => {
      const agent = await site().line('browser-long', 'dba');
      await agent.query("SELECT 'the beginning' AS a");
      for (let part = 0; part < 3; part += 1) await agent.query("SELECT repeat('y', 9000000)");
      await agent.query("SELECT 'the end' AS z, $1::text AS bound", ['at once']);
      await agent.end();
      await using window = await site().as('ada');
      const { page } = window;
      const session = await sessionOf(site(), 'browser-long');
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).search));
      await window.open(`/sessions/${session}?exchange=5`);
      await page
        .getByRole('article', { name: /^Exchange 5/ })
        .getByText('the end')
        .first()
        .waitFor();
      await page.getByText(/Its exchanges are read one by one/).waitFor();
      assert.ok(asked.includes('?exchange=5') && !asked.some((query) => /exchange=[1-4]/.test(query)), 'only what is looked at is read');
      await page.getByRole('row').filter({ hasText: 'the beginning' }).click();
      await page.getByRole('article', { name: /^Exchange 1/ }).waitFor();
      await page.keyboard.press('9');
      await page.getByRole('article', { name: /^Exchange 5/ }).waitFor();
      await page.keyboard.press('k');
      await page.waitForURL(/exchange=4$/);
      await page.getByRole('slider', { name: 'Exchange' }).focus();
      await page.keyboard.press('Home');
      await page.getByRole('article', { name: /^Exchange 1/ }).waitFor();
    });

    test('a cell of ten megabytes and three hundred columns hold nothing up', async () => {
      const agent = await site().line('browser-wide', 'dba');
      await agent.query("SELECT repeat('x', 10000000) AS big, NULL AS nothing, '' AS empty");
      await agent.query(
        `SELECT ${Array.from({ length: 300 }, (_, column) => `${column} AS c${column}`).join(', ')} FROM generate_series(1, 5000)`,
      );
      await agent.end();
      await using window = await site().as('ada');
      const { page } = window;
      await window.open(`/sessions/${await sessionOf(site(), 'browser-wide')}?exchange=1`);
      const grid = page.getByRole('grid');
      await grid.waitFor();
      assert.match(await grid.innerText(), /\+9,999,744 characters/);
      assert.match(await grid.innerText(), /NULL/);
      assert.match(await grid.innerText(), /empty text/);
      await page.getByRole('option').nth(2).click();
      await page.getByText('5,000 rows').first().waitFor();
      assert.equal(await grid.getAttribute('aria-colcount'), '300');
      const nodes = await page.evaluate<number>('document.querySelectorAll("*").length');
      assert.ok(nodes <= 3000, `${nodes} nodes`);
      await grid.focus();
      await page.keyboard.press('Control+End');
      await page.getByRole('columnheader', { name: 'c299' }).waitFor();
    });
  });
}

export async function sessionOf(site: Site, run: string): Promise<string> {
  for (;;) {
    const { items } = await site.api<{ readonly items: readonly { readonly id: string; readonly status: string }[] }>(
      'auditor',
      `/api/v1/sessions?run=${run}`,
    );
    if (items[0]?.status === 'ended') return items[0].id;
    await new Promise((again) => setTimeout(again, 50));
  }
}
