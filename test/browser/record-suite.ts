import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sessionOf } from './hostile-suite.ts';
import { row, type Site, suiteMs } from './site.ts';

interface Found {
  readonly items: readonly { readonly session: string; readonly ordinal: number; readonly text: string }[];
}

/** More exchanges than a page takes in as a whole. */
const endless = 6_000;

export function describeRecord(site: () => Site): void {
  describe('the record', { timeout: suiteMs }, () => {
    test('is searched, and what is found is opened where it was asked', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/exchanges');
      await page.locator('[data-query-editor]').waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('birth_date');
      await page.keyboard.press('Enter');
      await page.waitForURL(/q=birth_date/);
      await row(page, 'birth_date').click();
      await page.waitForURL(/\/sessions\/.*exchange=5/);
      const shown = page.getByRole('article', { name: /^Exchange 5/ });
      await shown.waitFor();
      assert.match(await shown.innerText(), /WHERE id = 4711/, 'the bound value stands in its place');
      assert.match(await shown.innerText(), /Leon Hartmann/);
    });

    test('says where a query is wrong, what may have been meant, and what it stands on', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/exchanges?q=verdit:permitted');
      await page.getByRole('button', { name: 'Did you mean verdict' }).click();
      await page.waitForURL(/q=verdict%3Apermitted|q=verdict:permitted/);
      await page.getByText(/exchanges · .* · no gaps · all looked through/).waitFor();
      const before = await page.getByRole('grid').getAttribute('aria-rowcount');
      await page.getByText(/^action \d/).click();
      await page.getByRole('button', { name: /^postgres:copy-out/ }).click();
      await page.waitForURL(/copy-out/);
      await page.getByText(/^1 exchange · /).waitFor();
      assert.notEqual(await page.getByRole('grid').getAttribute('aria-rowcount'), before);
      await page.getByText(/^Saved/).click();
      await page.getByRole('textbox', { name: 'Name of this query' }).fill('copies');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await window.open('/exchanges');
      await page.getByText('Saved (1)').click();
      await page.getByRole('button', { name: /^copies/ }).click();
      await page.waitForURL(/copy-out/);
    });

    test('is played by keys, in folded time, and its addresses lead to an instant', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      const session = await sessionOf(site(), 'demo-1');
      await window.open(`/sessions/${session}`);
      const slider = page.getByRole('slider', { name: 'Instant' });
      assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /5 of 5$/);
      await page.keyboard.press('0');
      assert.equal(await slider.inputValue(), '0');
      await page.keyboard.press(' ');
      await page.getByRole('button', { name: 'Pause' }).waitFor();
      await page.getByRole('button', { name: 'Play' }).waitFor();
      assert.equal(await slider.inputValue(), await slider.getAttribute('max'), 'it stops at the end');
      await page.goto(`/sessions/${session}?sequence=20`);
      await page.getByRole('article').waitFor();
      assert.notEqual(await slider.inputValue(), await slider.getAttribute('max'));
    });

    test('is shown by its shape: a document as a tree, a change set as lines that came and went, headers as a table', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      const { items } = await site().api<Found>('auditor', '/api/v1/exchanges?q=run:demo-5');
      const at = (text: RegExp) => {
        const { session, ordinal } = items.find((item) => text.test(item.text)) ?? assert.fail(`the demonstration has no ${text.source}`);
        return `/sessions/${session}?exchange=${ordinal}`;
      };
      await window.open(at(/^create refs\/heads/));
      const change = page.getByRole('figure').filter({ hasText: /lines added/ });
      await change.first().waitFor();
      assert.match(await change.first().innerText(), /2 files, 7 lines added, 1 deleted[^]*euros\.format/);
      await window.open(at(/^GET \/invoices/));
      await page.getByRole('figure').filter({ hasText: 'application/json' }).getByText('items:').waitFor();
      await page
        .getByText(/^headers \(\d+\)/)
        .last()
        .click();
      await page.getByText('content-type', { exact: true }).last().waitFor();
    });

    test('shows what is masked, what is NULL and what is empty apart', async () => {
      const agent = await site().line('browser-masked');
      await agent.query("SELECT id, iban, NULL AS nothing, '' AS blank, 'NULL' AS word FROM customers LIMIT 3");
      await agent.end();
      await using window = await site().as('ada');
      const { page } = window;
      await window.open(`/sessions/${await sessionOf(site(), 'browser-masked')}?exchange=1`);
      const grid = page.getByRole('grid');
      await grid.waitFor();
      assert.match(await page.getByRole('columnheader', { name: /^iban/ }).innerText(), /masked/);
      const cells = grid.getByRole('row').nth(1).getByRole('gridcell');
      assert.equal(await cells.nth(1).locator('.hatch').count(), 1);
      assert.deepEqual(await cells.nth(2).locator('code').count(), 0, 'NULL is no text');
      assert.equal(await cells.nth(3).innerText(), 'empty text');
      assert.equal(await cells.nth(4).locator('code').innerText(), 'NULL');
      await window.picture('masked');
    });

    test('goes on while it is watched, and stops by one press with a receipt', async () => {
      const agent = await site().line('browser-live');
      await agent.query('SELECT 1 AS before_the_page');
      await using window = await site().as('dana');
      const { page } = window;
      await window.open('/sessions?run=browser-live');
      await row(page, 'browser-live').click();
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByRole('option', { name: /before_the_page/ }).waitFor();
      await agent.query('SELECT 2 AS while_it_is_watched');
      await page.getByRole('option', { name: /while_it_is_watched/ }).waitFor();
      const sleeping = agent.query('SELECT pg_sleep(60)').catch((fault: Error) => fault);
      await page.getByRole('option', { name: /pg_sleep/ }).waitFor();
      await page.keyboard.press('!');
      await page.getByRole('button', { name: 'Stop it' }).click();
      const receipt = page.getByRole('dialog');
      await receipt.getByText('Nothing more crossed after').waitFor();
      assert.match(await receipt.innerText(), /1 exchange in flight[^]*had been sent[^]*pg_sleep/);
      assert.ok((await sleeping) instanceof Error);
      await receipt.getByRole('button', { name: 'Close' }).click();
      await page.getByText('Ended', { exact: true }).waitFor();
      await agent.end().catch(() => {});
    });

    test('a session of any length that goes on opens at its end, is looked at in its middle, and is brought in nowhere as a whole', async () => {
      const agent = await site().line('browser-endless');
      for (let asked = 1; asked <= endless; asked += 1) await agent.query(`SELECT ${asked} AS n`);
      const session = await goingOn(site(), 'browser-endless', endless);
      await using window = await site().as('dana');
      const { page } = window;
      const read: string[] = [];
      page.on('request', (request) => void read.push(request.url()));
      const exchange = (ordinal: number) => page.getByRole('article', { name: new RegExp(`^Exchange ${ordinal}\\b`) });
      await window.open(`/sessions/${session}`);
      await page.getByText('Live', { exact: true }).waitFor();
      await exchange(endless).waitFor();
      await agent.query('SELECT 1 AS while_it_is_watched');
      await row(page, 'while_it_is_watched').click();
      await exchange(endless + 1).waitFor();
      const late = agent.query("SELECT 'comes_' || 'later' AS word FROM pg_sleep(3)");
      await row(page, 'comes_').click();
      await exchange(endless + 2)
        .getByText('comes_later')
        .waitFor();
      await late;
      const middle = endless / 2 + 2;
      const place = (last: number) => `${middle.toLocaleString('en')} of ${last.toLocaleString('en')}`;
      await page.keyboard.press('5');
      await exchange(middle).waitFor();
      await page.locator(`input[aria-valuetext="${place(endless + 2)}"]`).waitFor();
      await agent.query('SELECT 2 AS behind_the_page');
      await page.locator(`input[aria-valuetext="${place(endless + 3)}"]`).waitFor();
      assert.equal(await exchange(middle).count(), 1, 'it stays where it is looked at');
      await page.getByRole('button', { name: /before these$/ }).click();
      await row(page, `SELECT ${middle - 104} AS n`).waitFor();
      await page.keyboard.press('l');
      await exchange(endless + 3).waitFor();
      assert.ok((await page.getByRole('row').count()) < 100, 'no more rows are in the page than are in sight');
      assert.ok(read.some((address) => address.endsWith('/live?from=end')));
      assert.ok(!read.some((address) => /\/(recording|live)$/.test(address)), 'nothing was read from its beginning');
      await agent.end();
      await page.getByText('Ended', { exact: true }).waitFor();
    });

    test('a run is one page: its sentence, its exceptions, its story, and each exchange at an address', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/runs');
      await row(page, 'demo-2').click();
      await page.getByRole('heading', { level: 1, name: 'Run demo-2' }).waitFor();
      assert.match(await page.locator('[data-summary]').innerText(), /^8 exchanges on 1 connection in 2 sessions: 8 permitted/);
      await page
        .getByRole('region', { name: /^Exceptions/ })
        .getByRole('link')
        .first()
        .click();
      await page.waitForURL(/\/runs\/.+\/exchanges\/.+\/\d+$/);
      await page.getByRole('complementary', { name: 'Inspector' }).getByRole('article').waitFor();
      await window.picture('run');
      await page.reload();
      await page.getByRole('complementary', { name: 'Inspector' }).getByRole('article').waitFor();
    });

    test('a draft of the policies is checked as it is written, and put into force by nobody', async () => {
      await using window = await site().as('omar');
      const { page } = window;
      await window.open('/policies?view=draft');
      await page.locator('[data-findings=sound]').waitFor();
      await page.getByRole('textbox', { name: 'Text of the policies' }).click();
      await page.keyboard.press('Control+Home');
      await page.keyboard.type('forbid (principl, action, resource);');
      await page.locator('[data-findings=unsound]').waitFor();
      assert.match(await page.locator('[data-findings]').innerText(), /quickstart\.cedar:1/);
      await page.keyboard.press('Shift+Home');
      await page.keyboard.type('@id("nothing-is-read") @reason("No.") forbid (principal, action in Action::"read", resource);');
      await page.locator('[data-findings=sound]').waitFor();
      await page.getByRole('button', { name: 'Judge what is on record by it' }).click();
      const changes = page.getByRole('region', { name: 'Judge what is on record by it' });
      await changes
        .getByText(/would be/)
        .first()
        .waitFor();
      assert.match(await changes.innerText(), /was\s+permitted\s+would be\s+refused/);
      await page.getByRole('link', { name: 'In force' }).click();
      await page.getByText('no-truncate').waitFor();
      assert.equal(await page.getByText('nothing-is-read').count(), 0);
    });

    test('is walked by the keyboard alone, and every key is on the map', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/health');
      await page.keyboard.press('?');
      const map = await page.getByRole('dialog', { name: 'Keys' }).innerText();
      for (const key of ['g s', 'g a', 'u', 'y']) assert.ok(map.includes(key), key);
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      await page.waitForURL(/\/sessions$/);
      await page.getByRole('row').nth(1).waitFor();
      for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
      await page.waitForURL(/\/sessions\/[0-9a-f-]{36}/);
      const local = await page.locator('time').first().innerText();
      await page.keyboard.press('u');
      assert.notEqual(await page.locator('time').first().innerText(), local);
    });

    test('a gateway that does not answer is said, and what it says afterwards is shown', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/sessions');
      await page.route('**/api/**', (route) => route.abort());
      await page.route('**/healthz', (route) => route.abort());
      await page.getByRole('link', { name: 'Exchanges' }).click();
      await page.getByText('The gateway does not answer. What is shown').waitFor();
      await page.unroute('**/api/**');
      await page.unroute('**/healthz');
      await page.getByRole('grid', { name: 'Exchanges' }).waitFor();
      await page.getByText('The gateway does not answer. What is shown').waitFor({ state: 'detached' });
    });
  });
}

/** The session of a run once the catalog has so many exchanges of it. */
async function goingOn(site: Site, run: string, exchanges: number): Promise<string> {
  for (;;) {
    const { items } = await site.api<{ readonly items: readonly { readonly id: string; readonly exchanges: number }[] }>(
      'auditor',
      `/api/v1/sessions?run=${run}`,
    );
    const [session] = items;
    if (session !== undefined && session.exchanges >= exchanges) return session.id;
    await pause(100);
  }
}
