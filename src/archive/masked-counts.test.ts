import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EntryBody } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import type { MaskedCount } from '../core/masking.ts';
import type { Catalog } from './run-items.ts';
import { archiveWhole, opening, TestJournal } from './test-journal.ts';

function act(...masked: MaskedCount[]): EntryBody[] {
  return [
    { kind: 'exchange', action: { name: 'lines:read', effect: 'read', demands: [], objects: [], text: 'x', facts: {} } },
    ...(masked.length === 0 ? [] : [{ kind: 'masked', masked } as const]),
    { kind: 'outcome', outcome: { status: 'ok', rows: 1, tag: null, error: null } },
  ];
}

const email = (count: number, column = 'email'): MaskedCount => ({ rule: 'columns[0]', column, detector: null, count });
const found = (detector: string, count: number): MaskedCount => ({ rule: 'detectors[0]', column: null, detector, count });

describe('what was masked lately', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  let since = 0;
  before(async () => {
    const id = createId(Math.floor(journal.now));
    journal.put(id, 0, opening(id, journal.now));
    journal.put(id, 1, ...act(email(100)));
    journal.pause(3_600_000);
    since = Math.floor(journal.now);
    const acts = [act(email(2), email(3, 'mail'), found('iban', 1)), act(), act(email(1), found('phone', 7)), act(found('iban', 4))];
    acts.forEach((bodies, at) => {
      journal.pause(60_000);
      journal.put(id, at + 2, ...bodies);
    });
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  it('is counted by rule and detector, each exchange once', () => {
    const { complete, rules } = catalog.masked.masked(since);
    assert.ok(complete);
    const told = rules.map(({ rule, detector, exchanges, values }) => [rule, detector, exchanges, values].join(' '));
    assert.deepEqual(told.toSorted(), ['columns[0]  2 6', 'detectors[0] iban 2 5', 'detectors[0] phone 1 7']);
    assert.equal(rules.at(-1)?.detector, 'phone');
    assert.ok(rules.every(({ lastAt }) => Date.parse(lastAt) > since));
  });

  it('goes back as far as it is asked to', () => {
    assert.equal(catalog.masked.masked(0).rules.find(({ detector }) => detector === null)?.values, 106);
    assert.deepEqual(catalog.masked.masked(Math.floor(journal.now) + 1).rules, []);
  });
});
