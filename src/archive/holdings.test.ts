import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createId } from '../core/identifier.ts';
import { archiveUsage } from './disk-usage.ts';
import { recordingPath } from './layout.ts';
import type { Catalog } from './run-items.ts';
import { archiveWhole, opening, TestJournal } from './test-journal.ts';

const dayMs = 86_400_000;

describe('what is kept', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  const ids: { [name: string]: string } = {};
  before(async () => {
    ids['long'] = journal.session(['select 1'], { retentionDays: 90 });
    journal.pause(60_000);
    ids['short'] = journal.session(['select 2'], { retentionDays: 7 });
    journal.pause(60_000);
    const open = createId(Math.floor(journal.now));
    journal.put(open, 0, opening(open, journal.now, { connection: 'billing', retentionDays: 1 }));
    ids['open'] = open;
    const gap = createId(Math.floor(journal.now));
    journal.put(gap, 0, opening(gap, journal.now));
    journal.put(gap, 1, { kind: 'gap', direction: 'request', count: 12, reason: 'the disk was full' });
    journal.put(gap, 0, { kind: 'end', end: { status: 'interrupted', reason: 'The gateway died.' } });
    ids['gap'] = gap;
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  it('is counted by connection, with what goes next and what is whole', () => {
    const { complete, items } = catalog.holdings.holdings();
    assert.ok(complete);
    const orders = items.find(({ connection }) => connection === 'orders');
    assert.ok(orders);
    assert.deepEqual([orders.sessions, orders.active, orders.interrupted, orders.gaps], [3, 0, 1, 1]);
    assert.equal(orders.oldest.session, ids['long']);
    assert.equal(orders.lastWhole?.session, ids['short']);
    assert.equal(orders.next?.session, ids['short']);
    assert.equal(Date.parse(orders.next?.at ?? ''), Date.parse(orders.lastWhole?.at ?? '') + 7 * dayMs);
    assert.ok(orders.crossedBytes > 0);
  });

  it('goes on where it goes on: nothing of it is deleted next, or whole', () => {
    const billing = catalog.holdings.holdings().items.find(({ connection }) => connection === 'billing');
    assert.deepEqual([billing?.sessions, billing?.active, billing?.next, billing?.lastWhole], [1, 1, null, null]);
  });

  it('names the sessions that have a gap', () => {
    const { items, more } = catalog.holdings.gaps();
    assert.deepEqual([items.map(({ session, connection }) => [session, connection]), more], [[[ids['gap'], 'orders']], 0]);
    assert.deepEqual(catalog.holdings.missing(), { items: [], more: 0 });
  });

  it('is weighed on disk', async () => {
    const before = await archiveUsage(journal.state);
    assert.ok(before.complete && before.files >= 4 && before.bytes > 0);
    writeFileSync(recordingPath(journal.state, createId(Math.floor(journal.now))), Buffer.alloc(1000));
    const grown = await archiveUsage(journal.state);
    assert.deepEqual([grown.files - before.files, grown.bytes - before.bytes], [1, 1000]);
    assert.deepEqual(await archiveUsage('/no/such/folder'), { bytes: 0, files: 0, complete: true });
  });
});
