import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { type Site, suiteMs } from './site.ts';

const pages = [
  '/overview',
  '/runs',
  '/sessions',
  '/exchanges',
  '/exchanges?q=verdict:permitted',
  '/approvals',
  '/connections',
  '/masking',
  '/retention',
  '/proof',
  '/policies',
  '/policies?view=versions',
  '/policies?view=draft',
  '/audit',
  '/health',
  '/nowhere',
];

export function describePages(site: () => Site): void {
  describe('every page', { timeout: suiteMs }, () => {
    for (const scheme of ['light', 'dark'] as const)
      test(`passes axe in ${scheme}, and fits a phone`, { timeout: 240_000 }, async () => {
        await using window = await site().as('omar', { scheme });
        const { page } = window;
        const [session, approval] = await Promise.all([
          firstOf(site(), '/api/v1/sessions?run=demo-1'),
          firstOf(site(), '/api/v1/approvals'),
        ]);
        const run = await firstOf(site(), '/api/v1/runs?name=demo-1');
        const own = [`/sessions/${session}?exchange=5`, `/approvals/${approval}`, `/runs/${run}`, `/runs/${run}/exchanges/${session}/5`];
        for (const path of [...pages, ...own]) {
          await window.open(path);
          const { violations } = await axe(page, scheme).analyze();
          assert.deepEqual(
            violations.map(({ id, nodes }) => `${path}: ${id}: ${nodes[0]?.html ?? ''} ${nodes[0]?.failureSummary ?? ''}`),
            [],
          );
          await window.picture(`${nameOf(path)}-${scheme}`);
          await page.setViewportSize({ width: 380, height: 760 });
          const overflow = await page.evaluate<number>(
            'Math.max(...["html", "main"].map((part) => document.querySelector(part)).map((part) => part.scrollWidth - part.clientWidth))',
          );
          assert.ok(overflow <= 0, `${path} is ${overflow} px wider than a phone`);
          await page.setViewportSize({ width: 1280, height: 800 });
        }
      });

    test('has few nodes, whatever it lists', async () => {
      await using window = await site().as('ada');
      for (const path of ['/exchanges', '/audit', '/sessions']) {
        await window.open(path);
        const nodes = await window.page.evaluate<number>('document.querySelectorAll("*").length');
        assert.ok(nodes <= 3000, `${path} has ${nodes}`);
      }
    });
  });
}

/** A picture's name, the same in every run: the address without ids, `runs-ID-exchanges-ID-5`. */
function nameOf(path: string): string {
  const named = path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g, 'ID').replaceAll(/[^\w]+/g, '-');
  return named.replaceAll(/^-|-$/g, '');
}

/** In the dark only the colours are others. */
function axe(page: Page, scheme: 'light' | 'dark') {
  const builder = new AxeBuilder({ page });
  return scheme === 'dark'
    ? builder.withRules(['color-contrast'])
    : builder.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
}

async function firstOf(site: Site, path: string): Promise<string> {
  const { items } = await site.api<{ readonly items: readonly { readonly id: string }[] }>('auditor', path);
  return items[0]?.id ?? assert.fail(`${path} is empty`);
}
