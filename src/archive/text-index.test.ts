import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { createId } from '../core/identifier.ts';
import { archiveJournal } from './archiver.ts';
import { catalogPath } from './layout.ts';
import type { Catalog } from './run-items.ts';
import { archiveWhole, dumpCatalog, exchange, linesDecoder, opening, TestJournal } from './test-journal.ts';

const words = ['alpha', 'bravo', 'Charlie', 'ÄPFEL', 'Straße', 'ΣΊΣΥΦΟΣ', 'İstanbul', 'nul\0inside', 'quo"te', 'per%cent'];
const word = (at: number) => words[at % words.length] ?? '';
const queries = ['alpha', 'CHARLIE', 'äpfel', 'straße', 'σίσυφος', 'inside', 'o"te', 'r%cent', 'bind-17', 'row-3', 'select', 'nowhere'];

interface Told {
  readonly text: string;
  readonly bind: string;
  readonly cell: string;
}

function play(journal: TestJournal, told: readonly Told[], retentionDays = 30): string {
  const id = createId(Math.floor(journal.now));
  journal.put(id, 0, opening(id, journal.now, { retentionDays }));
  told.forEach(({ text, bind, cell }, at) => journal.put(id, at + 1, ...exchange(text, [bind], [cell])));
  journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
  return id;
}

const many = Array.from({ length: 700 }, (_, at) => ({
  text: `select ${word(Math.floor(at / 3))} from t`,
  bind: `bind-${at % 50} ${word(at * 7)}`,
  cell: `row-${at % 9}`,
}));

function countRows(state: string): number {
  const database = new DatabaseSync(catalogPath(state), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM exchange_text_docsize').get()?.['n']);
  } finally {
    database.close();
  }
}

describe('the full-text index', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  before(async () => {
    play(journal, many);
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  const found = (q: string, limit = 1000, of = catalog): number[] => {
    const ordinals: number[] = [];
    for (let cursor: string | null = null; ; ) {
      const page = of.searching.search({ q, filter: {}, visibility: 'all' }, { limit, cursor });
      assert.ok(!('problem' in page));
      ordinals.push(...page.items.map(({ ordinal }) => ordinal));
      cursor = page.next;
      if (cursor === null) return ordinals;
    }
  };
  const expected = (...needs: readonly { readonly text: string; readonly where?: 'asked' | 'found' }[]): number[] =>
    many
      .flatMap(({ text, bind, cell }, at) => {
        const fits = needs.every((need) => {
          const places = need.where === 'asked' ? [text, bind] : need.where === 'found' ? [cell] : [text, bind, cell];
          return places.some((place) => place.toLowerCase().includes(need.text.toLowerCase()));
        });
        return fits ? [at + 1] : [];
      })
      .reverse();

  it('has one row for many exchanges', () => {
    const rows = countRows(journal.state);
    assert.ok(rows > 1 && rows < many.length / 20, `${rows} rows`);
  });

  for (const q of queries)
    it(`finds ${q} where it is, newest first, in pages of any size`, () => {
      const whole = expected({ text: q });
      assert.deepEqual(found(`"${q.replaceAll('"', '\\"')}"`), whole);
      assert.deepEqual(found(`"${q.replaceAll('"', '\\"')}"`, 13), whole);
      const page = catalog.exchanges({ q }, 'all', { limit: 1000, cursor: null });
      assert.deepEqual(
        page.items.map(({ ordinal }) => ordinal),
        whole,
      );
    });

  it('takes nothing for found that stands in another exchange of the same row', () => {
    assert.deepEqual(found('bind-17 row-3'), expected({ text: 'bind-17' }, { text: 'row-3' }));
    assert.deepEqual(found('found:"bind-17"'), []);
    assert.deepEqual(found('text:"row-3"'), []);
    assert.deepEqual(found('found:"row-3" text:alpha'), expected({ text: 'row-3', where: 'found' }, { text: 'alpha', where: 'asked' }));
    assert.deepEqual(found('bind-17 or row-3').length, new Set([...expected({ text: 'bind-17' }), ...expected({ text: 'row-3' })]).size);
    assert.deepEqual(found('-alpha row-3 bind-17').length, found('row-3 bind-17').length - found('alpha row-3 bind-17').length);
  });

  it('counts what it finds and not what its rows stand for', () => {
    const facets = catalog.searching.facets({ q: 'bind-17 row-3', filter: {}, visibility: 'all' });
    assert.ok(!('problem' in facets));
    assert.deepEqual([facets.count, facets.complete], [expected({ text: 'bind-17' }, { text: 'row-3' }).length, true]);
  });

  it('is the same after the catalog was made anew', async () => {
    const before = queries.map((q) => found(`"${q.replaceAll('"', '\\"')}"`));
    const rows = countRows(journal.state);
    catalog.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(catalogPath(journal.state) + suffix, { force: true });
    catalog = await archiveWhole(journal);
    assert.deepEqual(
      queries.map((q) => found(`"${q.replaceAll('"', '\\"')}"`)),
      before,
    );
    assert.ok(countRows(journal.state) <= rows);
  });
});

describe('the rows of the full-text index', () => {
  it('go with their session, and leave those that said the same', async () => {
    const journal = new TestJournal();
    try {
      const telling = many.slice(0, 100);
      play(journal, telling, 0);
      play(journal, telling, 30);
      const options = {
        state: journal.state,
        decoders: linesDecoder,
        audit: async () => {},
        log: () => {},
        now: () => journal.now + 3600_000,
      };
      const archiver = archiveJournal(options);
      archiver.committed(journal.position);
      while (archiver.status().lagBytes > 0) await new Promise((done) => setTimeout(done, 5));
      const before = countRows(journal.state);
      assert.equal(await archiver.sweep(), 1);
      assert.equal(countRows(journal.state), before / 2);
      await archiver.close();
      assert.deepEqual(dumpCatalog(journal.state)['orphans'], []);
    } finally {
      journal.remove();
    }
  });

  it('hold what came of an exchange that went on when its row was first written', async () => {
    const journal = new TestJournal();
    try {
      const id = createId(journal.now);
      const [asked, decided, bound, replied, ended] = exchange('select late', ['bind-1'], ['the answer']);
      assert.ok(asked && decided && bound && replied && ended);
      journal.put(id, 0, opening(id, journal.now));
      journal.put(id, 1, ...exchange('select early', ['bind-0'], ['at once']));
      journal.put(id, 2, asked, decided, bound);
      (await archiveWhole(journal)).close();
      journal.put(id, 3, ...exchange('select meanwhile', ['bind-2'], ['at once']));
      journal.put(id, 2, replied, ended);
      const catalog = await archiveWhole(journal);
      const ordinals = (q: string) => catalog.exchanges({ q }, 'all', { limit: 10, cursor: null }).items.map(({ ordinal }) => ordinal);
      assert.deepEqual([ordinals('answer'), ordinals('bind-1'), ordinals('once'), ordinals('select')], [[2], [2], [3, 1], [3, 2, 1]]);
      assert.deepEqual(dumpCatalog(journal.state)['orphans'], []);
      catalog.close();
    } finally {
      journal.remove();
    }
  });
});
