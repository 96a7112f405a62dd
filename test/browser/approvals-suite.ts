import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { settled, type Site, suiteMs } from './site.ts';

interface Question {
  readonly id: string;
  readonly text: string;
  readonly status: string;
}

const statement = (customer: number) => `DELETE FROM orders WHERE customer_id = ${customer} AND status = 'cancelled'`;

/** An agent that asks for something that needs a person, and the question that came of it. */
async function ask(site: Site, text: string) {
  const agent = await site.line('browser-approvals');
  const outcome = agent.query(text).then(
    ({ rowCount }) => ({ rowCount, refused: null }),
    (fault: Error) => ({ rowCount: null, refused: fault.message }),
  );
  for (;;) {
    const { items } = await site.api<{ readonly items: readonly Question[] }>('dba', '/api/v1/approvals?status=open');
    const found = items.find((item) => item.text === text);
    if (found !== undefined) return { id: found.id, outcome, leave: () => agent.end().catch(() => {}) };
    await new Promise((again) => setTimeout(again, 50));
  }
}

const button = (page: Page, name: string | RegExp) => page.getByRole('region', { name: 'Decide' }).getByRole('button', { name });

/** Nothing can be pressed for a moment after it appeared. */
async function armed(page: Page, name: string): Promise<void> {
  await page.locator(`button[aria-disabled=false]`, { hasText: name }).waitFor();
}

export function describeApprovals(site: () => Site): void {
  describe('an approval', { timeout: suiteMs }, () => {
    test('is drawn from the bytes, read, and given: slower than it is refused', async () => {
      const asked = await ask(site(), statement(17));
      await using window = await site().as('omar', { width: 380, height: 760 });
      const { page } = window;
      await page.goto(`/approvals/${asked.id}`);
      await settled(page);
      assert.equal(await button(page, 'Approve').getAttribute('aria-disabled'), 'true', 'a press at once counts for nothing');
      assert.equal(await page.evaluate<string>('document.activeElement.tagName'), 'BODY', 'nothing has the focus');
      await button(page, 'Approve').dispatchEvent('click');
      assert.match(await page.locator('[data-effect]').innerText(), /public\.orders on orders \(delete\)/);
      assert.equal(await page.locator('[data-statement]').innerText(), statement(17));
      assert.match(await page.locator('main').innerText(), /dana@example\.test › cursor/);
      await armed(page, 'Approve');
      await button(page, 'Approve').click();
      const readBack = page.getByRole('group', { name: /cannot be taken back/ });
      if (await readBack.isVisible())
        await readBack
          .getByRole('button', { name: /^Change/ })
          .first()
          .click();
      await page.getByRole('button', { name: 'Undo' }).click();
      await armed(page, 'Approve');
      await button(page, 'Approve').click();
      if (await readBack.isVisible())
        await readBack
          .getByRole('button', { name: /^Change/ })
          .first()
          .click();
      await page.locator('[data-approval=used]').waitFor();
      assert.equal((await asked.outcome).refused, null);
      await asked.leave();
    });

    test('is refused by one press, with the reason told to whoever asked', async () => {
      const asked = await ask(site(), statement(18));
      await using window = await site().as('omar');
      const { page } = window;
      await page.goto(`/approvals/${asked.id}`);
      await page.getByRole('button', { name: 'Too broad' }).click();
      await armed(page, 'Refuse');
      await button(page, 'Refuse').click();
      await page.locator('[data-approval=denied]').waitFor();
      // The form has gone from below: what became of it is at the top, and must be seen and heard.
      await page.locator('[data-ended]:focus').waitFor();
      assert.match((await asked.outcome).refused ?? '', /Too broad/);
      await asked.leave();
      // The overview counts it against the rule that asked, and not against the one that would have let it pass.
      const barring = async () => {
        const { rules } = await site().api<{ readonly rules: readonly { readonly policy: string }[] }>('auditor', '/api/v1/overview');
        return rules.map(({ policy }) => policy);
      };
      for (const deadline = Date.now() + 60_000; !(await barring()).includes('deletes-and-schema-need-dba'); await page.waitForTimeout(200))
        assert.ok(Date.now() < deadline, 'the refusal is not in the overview');
      assert.equal((await barring()).includes('engineering-works'), false);
    });

    for (const size of [
      { width: 1280, height: 900 },
      { width: 380, height: 760 },
    ])
      test(`quotes why the agent asks, unverified, at ${size.width} pixels`, async () => {
        const said = '<b onclick=alert(1)>paid twice</b> \u202etxet <!channel> [a](https://evil.example)';
        const asked = await ask(site(), `-- reason: ${said}\n${statement(100 + size.width)}`);
        await using window = await site().as('omar', size);
        const { page } = window;
        await page.goto(`/approvals/${asked.id}`);
        const stated = page.locator('[data-stated]');
        await stated.waitFor();
        const shown = await stated.innerText();
        assert.match(shown, /The agent says, unverified:\s+“<b onclick=alert\(1\)>paid twice<\/b> U\+202Etxet <!channel>/);
        assert.equal(await stated.locator('a, b, img, button').count(), 0, 'nothing in it is more than text');
        assert.equal(
          await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
          true,
          'nothing runs over the edge',
        );
        await window.picture(`stated-${size.width}`);
        await asked.leave();
      });

    test('a wrong reading back locks it', async () => {
      const asked = await ask(site(), 'CREATE TABLE browser_read_back (id int)');
      await using window = await site().as('omar');
      const { page } = window;
      await page.goto(`/approvals/${asked.id}`);
      await armed(page, 'Approve');
      await button(page, 'Approve').click();
      await page
        .getByRole('group', { name: /cannot be taken back/ })
        .getByRole('button', { name: /^Read/ })
        .click();
      await page.getByText('That is not what it does.').waitFor();
      assert.equal(await button(page, 'Approve').getAttribute('aria-disabled'), 'true');
      await asked.leave();
      await page.locator('[data-approval=withdrawn]').waitFor();
      assert.match(await page.locator('[data-ended]').innerText(), /Nothing was sent/);
    });

    test('two at once: the second is told that their press changed nothing', async () => {
      const asked = await ask(site(), statement(19));
      await using one = await site().as('omar');
      await using other = await site().as('omar');
      for (const { page } of [one, other]) {
        await page.goto(`/approvals/${asked.id}`);
        await armed(page, 'Refuse');
      }
      // The second page does not hear of the first one's answer, however long that takes.
      const { page } = other;
      const before = await page.evaluate<unknown>(`fetch('/api/v1/approvals/${asked.id}').then((answer) => answer.json())`);
      await page.route('**/api/v1/approvals/*', (route) =>
        route.request().method() === 'GET' ? route.fulfill({ json: before }) : route.continue(),
      );
      await button(one.page, 'Refuse').click();
      await one.page.locator('[data-approval=denied]').waitFor();
      await button(page, 'Refuse').click();
      await page.getByText('Your press changed nothing.').waitFor();
      await asked.leave();
    });

    test('is for others to answer: whoever asked, and who is not of the group, are told so', async () => {
      const asked = await ask(site(), statement(20));
      for (const [person, told] of [
        ['dana', /asked for this yourself/],
        ['ada', /Only a member of dba/],
      ] as const) {
        await using window = await site().as(person);
        await window.open(`/approvals/${asked.id}`);
        assert.match(await window.page.locator('main').innerText(), told);
        assert.equal(await window.page.getByRole('button', { name: 'Approve' }).count(), 0);
      }
      await using window = await site().as('sam');
      await window.page.goto(`/approvals/${asked.id}`);
      await window.page.getByRole('alert').waitFor();
      await asked.leave();
    });

    test('is found, read and given by the keyboard alone', async () => {
      const asked = await ask(site(), "DELETE FROM orders WHERE id = 23 AND status = 'never'");
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/health');
      for (const key of ['g', 'a']) await page.keyboard.press(key);
      await page.waitForURL(/\/approvals$/);
      await page.getByRole('row').nth(1).waitFor();
      for (let rows = await page.getByRole('row').count(); rows > 1; rows -= 1) await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(asked.id));
      await armed(page, 'Approve');
      await page.keyboard.press('a');
      await page.keyboard.press('Enter');
      const readBack = page.getByRole('group', { name: /cannot be taken back/ });
      if (await readBack.isVisible()) {
        await readBack.getByRole('button', { name: /^Change/ }).focus();
        await page.keyboard.press('Enter');
      }
      await page.locator('[data-approval=used]').waitFor();
      assert.equal((await asked.outcome).refused, null);
      await asked.leave();
    });

    test('comes into the inbox by itself, and leaves it in its place', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await page.clock.install();
      await window.open('/approvals');
      const before = await page.getByRole('row').count();
      const asked = await ask(site(), statement(21));
      await page.clock.runFor(16_000);
      await page.getByRole('row').nth(before).waitFor();
      await asked.leave();
    });
  });
}
