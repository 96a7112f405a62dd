import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openSite, type Site, suiteMs, whyNot } from './site.ts';

/** Suites over one demonstration and one browser. No page of theirs may meet a fault, or try what its policy refuses. */
export function describeInBrowser(name: string, ...suites: readonly ((site: () => Site) => void)[]): void {
  describe(name, { skip: whyNot, timeout: suiteMs }, () => {
    let opened: Site | null = null;
    const site = () => {
      if (opened === null) throw new Error('the site is not open');
      return opened;
    };
    before(async () => {
      opened = await openSite();
    });
    after(() => opened?.close());
    for (const suite of suites) suite(site);
    // Runs last: all windows of all suites count.
    test('no page met a fault, or tried what its policy refuses', () => assert.deepEqual(site().faults, []));
  });
}
