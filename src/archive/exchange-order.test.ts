import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createId } from '../core/identifier.ts';
import { archiveJournal } from './archiver.ts';
import { openCatalog } from './catalog.ts';
import { ExchangeIds, highestId, lowestId } from './exchange-order.ts';
import { Ingester } from './ingest.ts';
import { catalogPath } from './layout.ts';
import { prepareCatalog, rebuildCatalog } from './rebuild.ts';
import { CatalogStore } from './store.ts';
import { exchange, linesDecoder, opening, TestJournal } from './test-journal.ts';

const decoders = () => linesDecoder();
const log = () => {};

/** Every listing of exchanges over all sessions, page by page. */
function listed(state: string, limit: number): string[][] {
  const catalog = openCatalog(state);
  const all = (filter: { q?: string }) => {
    const found: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: ReturnType<typeof catalog.exchanges> = catalog.exchanges(filter, 'all', { limit, cursor });
      found.push(...page.items.map(({ id }) => id));
      cursor = page.next;
      if (cursor === null) return found;
    }
  };
  try {
    return [all({}), all({ q: 'cell' }), all({ q: 'c' })];
  } finally {
    catalog.close();
  }
}

/** Exchanges of some sessions in turn, some at the very same time, and their ids in the order that the catalog owes. */
function interleaved(journal: TestJournal): string[] {
  const ids = [createId(), createId(), createId()];
  for (const id of ids) journal.put(id, 0, opening(id, 1_760_000_000_000));
  const opened: { at: number; id: string; ordinal: number }[] = [];
  for (let ordinal = 1; ordinal <= 12; ordinal += 1) {
    let at = 0;
    // The last session comes first where all open at the same time.
    for (const id of ids.toReversed()) {
      const entries = exchange(`select cell ${ordinal}`, [], ['c']).map((body) => journal.entry(id, ordinal, body));
      at = ordinal % 3 === 0 && at > 0 ? at : (entries[0]?.at ?? 0);
      journal.write(...entries.map((entry) => ({ ...entry, at: ordinal % 3 === 0 ? at : entry.at })));
      opened.push({ at, id, ordinal });
    }
  }
  opened.sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1) || other.ordinal - one.ordinal);
  return opened.map(({ id, ordinal }) => `${id}/${ordinal}`);
}

describe('the order of exchanges', () => {
  it('is that of their times and then of their sessions, whatever was read before a crash and what after', async () => {
    const journal = new TestJournal();
    const copies = mkdtempSync(join(tmpdir(), 'copies-'));
    try {
      const expected = interleaved(journal);
      prepareCatalog(journal.state, decoders, log);
      const store = new CatalogStore(catalogPath(journal.state));
      let count = 0;
      const step = (name: string) => {
        if (name === 'recorded') cpSync(journal.state, join(copies, String(count++)), { recursive: true });
      };
      const ingester = new Ingester({ state: journal.state, decoders, log, store, now: Date.now, step });
      while (ingester.batch(journal.position));
      store.close();
      assert.equal(count, 3, 'a copy holds one recording, or two, or all, and no rows');
      for (const at of [0, 1, 2]) {
        const state = join(copies, String(at));
        const running = archiveJournal({ state, decoders, audit: async () => {}, log });
        running.committed(journal.position);
        await running.close();
        for (const limit of [1, 5, 1000]) assert.deepEqual(listed(state, limit), [expected, expected, expected], `copy ${at}`);
        rebuildCatalog(state, decoders, log);
        for (const limit of [1, 5, 1000]) assert.deepEqual(listed(state, limit), [expected, expected, expected], `rebuilt ${at}`);
      }
    } finally {
      journal.remove();
      rmSync(copies, { recursive: true, force: true });
    }
  });
});

describe('ids of exchanges', () => {
  it('go on behind the highest that is taken in their span, and into the next where it is full', () => {
    const at = 1_760_000_000_000;
    const taken = [lowestId(at) + 6, highestId(at + 32)];
    const ids = new ExchangeIds((lowest, highest) => taken.findLast((id) => id >= lowest && id <= highest) ?? null);
    assert.equal(ids.next(at), lowestId(at) + 7);
    assert.equal(ids.next(at + 31), lowestId(at) + 8);
    assert.equal(ids.next(at + 32), lowestId(at + 64), 'a full span');
    assert.equal(ids.next(at + 33), lowestId(at + 64) + 1);
    assert.equal(ids.next(at + 64), lowestId(at + 64) + 2);
    ids.begin();
    assert.equal(ids.next(at), lowestId(at) + 7);
  });

  it('are safe integers at any time', () => {
    for (const at of [-1, 0, Date.now(), 2 ** 42 - 1, 8.64e15, Number.MAX_VALUE])
      assert.ok(Number.isSafeInteger(lowestId(at)) && Number.isSafeInteger(highestId(at)) && lowestId(at) >= 0, String(at));
  });
});
