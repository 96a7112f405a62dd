import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { describePages } from './pages-suite.ts';
import { openSite, type Site, suiteMs, whyNot } from './site.ts';

describe('the console’s pages in a browser', { skip: whyNot, timeout: suiteMs }, () => {
  let opened: Site | null = null;
  const site = () => {
    if (opened === null) throw new Error('the site is not open');
    return opened;
  };
  before(async () => {
    opened = await openSite();
  });
  after(() => opened?.close());
  describePages(site);
  // Runs last: all windows of all suites count.
  test('no page met a fault, or tried what its policy refuses', () => assert.deepEqual(site().faults, []));
});
