import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Site, suiteMs } from './site.ts';

const at = '2026-11-22T10:00:00.000Z';
const session = '0193a5c4-0000-7000-8000-0123456789ab';

/** A record with everything wrong that can be. */
const broken = {
  complete: false,
  evidence: { checksum: 'crc32', chained: false, signed: false },
  recorder: { ready: 'no space is left', lagBytes: 2_000_000, segments: 3, standsStill: true, gapsSinceStart: 2 },
  connections: [{ connection: 'orders', sessions: 9, active: 1, interrupted: 2, gaps: 1, lastWhole: null }],
  gaps: { items: [{ session, connection: 'orders\u202e', at, detail: null }], more: 4 },
  missing: { items: [{ id: 'm', at, kind: 'segment-missing', session: null, detail: 'Segment 3 is missing.' }], more: 0 },
  starts: [{ id: 's', at, recovered: 2, tornBytes: 17, version: '0.1.0' }],
  damages: [{ id: 'd', at, event: 'journal.torn', detail: '{"segment":4}' }],
};
const empty = { complete: true, items: [], disk: { bytes: 0, files: 0, complete: true } };

export function describeEvidence(site: () => Site): void {
  describe('retention and proof', { timeout: suiteMs }, () => {
    test('an auditor reads by keys alone what is kept and what goes next', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/health');
      await page.keyboard.press('g');
      await page.keyboard.press('n');
      await page.waitForURL(/\/retention$/);
      const orders = page.getByRole('row').filter({ hasText: 'orders' });
      assert.match(await orders.innerText(), /\d+ days/);
      await page.getByText('Nothing has been deleted.').waitFor();
      await page.getByText(/^All recordings take [\d.]+ k?M?B on disk/).waitFor();
      await orders.getByRole('link').last().press('Enter');
      await page.waitForURL(/\/sessions\/[0-9a-f-]{36}$/);
    });

    test('the state of the record is told, and what does not prove it', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await window.open('/health');
      await page.keyboard.press('g');
      await page.keyboard.press('v');
      await page.waitForURL(/\/proof$/);
      await page.getByText('New sessions are admitted and recorded.').waitFor();
      await page.getByText(/^No segment of the journal is missing/).waitFor();
      await page.getByText('Found everything ended and whole.').waitFor();
      await page.getByText(/^Not signed:/).waitFor();
      await page.getByText(/^Not chained:/).waitFor();
      const row = page.getByRole('row').filter({ hasText: 'orders' });
      assert.equal((await row.getByRole('link').count()) > 0, true);
    });

    test('what is missing stands there with its reason', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await page.route('**/api/v1/proof', (route) => route.fulfill({ json: broken }));
      await window.open('/proof');
      const text = await page.locator('main').innerText();
      for (const said of [
        /No new session is admitted: no space is left/,
        /2\.0 MB are committed to the journal and not yet in the archive/,
        /The archive stands still/,
        /2 gaps since the gateway started/,
        /a segment of the journal is missing[\s\S]*Segment 3 is missing/,
        /5 sessions with a gap/,
        /and 4 more/,
        /left open, and marked them as cut off\. Cut 17 bytes/,
        /journal\.torn/,
        /Not all sessions were looked through/,
      ])
        assert.match(text, said);
      assert.doesNotMatch(text, /No segment of the journal is missing/);
      assert.equal(await page.locator('main .unseen').count(), 1);
      await window.picture('proof-broken');
    });

    test('nothing kept, and no answer, are said', async () => {
      await using window = await site().as('ada');
      const { page } = window;
      await page.route('**/api/v1/retention', (route) => route.fulfill({ json: empty }));
      await window.open('/retention');
      await page.getByText('Nothing is kept yet, and no connection is configured.').waitFor();
      await page.route('**/api/v1/proof', (route) => route.abort());
      await page.getByRole('link', { name: 'Proof' }).click();
      await page.getByRole('alert').filter({ hasText: 'The gateway does not answer.' }).waitFor();
      await page.unroute('**/api/v1/proof');
      await page.getByText('New sessions are admitted and recorded.').waitFor();
    });
  });
}
