import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Person, settled, type Site, suiteMs } from './site.ts';

const everywhere = ['Sessions', 'Exchanges', 'Approvals', 'Health'];
const auditorsToo = ['Overview', 'Connections', 'Masking', 'Policies', 'Retention', 'Proof', 'Audit trail'];

/** What each of the demonstration's people may see, once more through the browser. */
const rights: readonly {
  readonly person: Person;
  readonly is: string;
  readonly home: string;
  readonly all: boolean;
  readonly decides: boolean;
}[] = [
  { person: 'dana', is: 'the owner', home: '/sessions', all: false, decides: false },
  { person: 'omar', is: 'reviewer and admin', home: '/overview', all: true, decides: true },
  { person: 'ada', is: 'the auditor', home: '/proof', all: true, decides: false },
  { person: 'sam', is: 'somebody else', home: '/sessions', all: false, decides: false },
];

export function describeRoles(site: () => Site): void {
  describe('who sees what', { timeout: suiteMs }, () => {
    for (const { person, is, home, all, decides } of rights)
      test(`${person}, ${is}`, async () => {
        await using window = await site().as(person);
        const { page } = window;
        assert.equal(new URL(page.url()).pathname, home);
        const places = await page.getByRole('navigation').getByRole('link').allTextContents();
        for (const place of everywhere)
          assert.ok(
            places.some((text) => text.startsWith(place)),
            place,
          );
        for (const place of auditorsToo) assert.equal(places.includes(place), all, place);
        await window.open('/sessions');
        const rows = await page.getByRole('row').count();
        if (person === 'sam') assert.match(await page.locator('main').innerText(), /sam@example\.test/);
        else assert.ok(rows > 4);
        assert.equal((await page.getByText('omar@example.test').count()) > 0 && person !== 'omar', all && person !== 'omar');
        await window.open('/approvals');
        assert.equal((await page.getByText('1 waiting for you.').count()) > 0, decides);
      });

    test('nobody is led to the sign-in page, and back to where they wanted to go', async () => {
      await using window = await site().window();
      const { page } = window;
      await page.goto('/approvals?status=all');
      await page.waitForURL(/\/sign-in/);
      assert.equal(await page.getByRole('navigation').count(), 0);
      await page.getByRole('link', { name: /^Sign in with/ }).click();
      await page.getByRole('button', { name: /^ada\b/ }).click();
      await page.waitForURL(/\/approvals\?status=all$/);
      await settled(page);
    });

    test('signing out ends it', async () => {
      await using window = await site().window();
      const { page } = window;
      await page.goto('/sign-in');
      await page.getByRole('link', { name: /^Sign in with/ }).click();
      await page.getByRole('button', { name: /^sam\b/ }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(/\/sign-in/);
      await page.goto('/exchanges');
      await page.waitForURL(/\/sign-in/);
    });

    test('signing out leads on to the issuer where the gateway says so', async () => {
      await using window = await site().as('sam');
      const { page } = window;
      const location = `${new URL(page.url()).origin}/sign-in?code=LEFT`;
      await page.route('**/api/v1/logout', (route) => route.fulfill({ json: { location } }));
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(/code=LEFT$/);
    });

    test('what is not theirs says that there is no such thing', async () => {
      const { items } = await site().api<{
        readonly items: readonly { readonly id: string; readonly principal: { readonly subject: string } | null }[];
      }>('auditor', '/api/v1/sessions');
      const danas = items.find(({ principal }) => principal?.subject === 'dana')?.id ?? assert.fail('dana has no session');
      await using window = await site().as('sam');
      await window.page.goto(`/sessions/${danas}`);
      await window.page.getByRole('alert').waitFor();
      assert.match(await window.page.getByRole('alert').innerText(), /NOT_FOUND/);
    });
  });
}
