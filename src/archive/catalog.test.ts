import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createId } from '../core/identifier.ts';
import type { Decoder } from '../core/protocol.ts';
import { archiveJournal } from './archiver.ts';
import { afterOrdinal } from './cursor.ts';
import { openCatalog } from './catalog.ts';
import type { AuditFilter, CatalogReader, ExchangeFilter, ExchangeItem, Page, PageRequest, SessionFilter } from './items.ts';
import { decodeRecording } from './decoded.ts';
import { readEntries } from './read.ts';
import { exchange, linesDecoder, opening, TestJournal } from './test-journal.ts';

const first: PageRequest = { limit: 1000, cursor: null };

async function archive(journal: TestJournal, decoders: () => Decoder | null = linesDecoder): Promise<CatalogReader> {
  const running = archiveJournal({ state: journal.state, decoders, audit: async () => {}, log: () => {} });
  running.committed(journal.position);
  await running.close();
  return openCatalog(journal.state);
}

function everyPage<Item>(limit: number, next: (page: PageRequest) => Page<Item>): Item[] {
  const found: Item[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<Item> = next({ limit, cursor });
    found.push(...page.items);
    cursor = page.next;
    if (cursor === null) return found;
  }
}

describe('the catalog', () => {
  const journal = new TestJournal();
  let catalog: CatalogReader;
  let mine = '';
  let theirs = '';

  before(async () => {
    mine = journal.session(['SELECT name FROM Users', "insert 'a\"b' AND NOT x*", 'per%cent _under', 'nul\0inside']);
    const principal = { subject: 'bob', email: null, agent: null, actors: [], groups: [], issuer: 'https://login.example.com' };
    const token = { issuer: principal.issuer, subject: 'bob', jti: null, sha256: '11', expiresAt: 0 };
    theirs = journal.session(['select users of bob'], { principal: { ...principal, token }, connection: 'billing', run: null }, false);
    const refused = createId();
    const decision = { verdict: 'refused', code: 'TOKEN_EXPIRED', reason: 'Too old.', detail: 'by 3 s', approval: null } as const;
    journal.put(
      refused,
      0,
      opening(refused, Date.now(), { principal: null, decision: { ...decision, grounds: { policies: [], version: '' } } }),
    );
    journal.put(refused, 0, { kind: 'end', end: { status: 'refused', reason: 'Too old.' } });
    const ledger = createId();
    for (let at = 0; at < 25; at += 1)
      journal.put(ledger, 0, {
        kind: 'audit',
        audit: {
          event: at % 5 === 4 ? 'login.ended' : 'recording.read',
          actor: at % 2 ? 'Eve (issuer)' : 'max (issuer)',
          detail: { at, session: `s${at % 3}` },
        },
      });
    catalog = await archive(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  it('shows sessions and exchanges whole', () => {
    const session = catalog.session(mine);
    assert.equal(session?.principal?.email, 'ada@example.com');
    assert.deepEqual([session?.exchanges, session?.refused, session?.status, session?.recording], [4, 0, 'ended', 'complete']);
    assert.deepEqual([session?.bytesToTarget, session?.bytesToClient], [4 * 7, 114]);
    const [one] = catalog.exchanges({ session: mine }, 'all', first).items;
    assert.deepEqual(one, {
      id: `${mine}/1`,
      session: mine,
      connection: 'orders',
      ordinal: 1,
      startedAt: one?.startedAt ?? '',
      durationMs: 1,
      action: 'lines:ask',
      effect: 'read',
      objects: [{ type: 'Table', name: 'accounts' }],
      text: 'SELECT name FROM Users',
      parameters: ['bind-0'],
      verdict: 'permitted',
      reason: null,
      policies: ['engineering'],
      approval: null,
      rows: 1,
      bytes: 7 + 33,
      withheld: null,
      masked: null,
      status: 'ok',
      tag: 'ASK 1',
      error: null,
      cut: [],
    } satisfies ExchangeItem);
    assert.equal(catalog.session(createId()), null);
  });

  it('finds by every filter', () => {
    const sessions = (filter: SessionFilter) => catalog.sessions(filter, 'all', first).items.length;
    const cases: [SessionFilter, number][] = [
      [{}, 3],
      [{ user: 'ada' }, 1],
      [{ user: 'ada@example.com' }, 1],
      [{ agent: 'cursor' }, 1],
      [{ run: 'run-1' }, 2],
      [{ connection: 'billing' }, 1],
      [{ protocol: 'lines' }, 3],
      [{ status: 'active' }, 1],
      [{ status: 'refused' }, 1],
      [{ since: '2000-01-01T00:00:00Z', until: '2001-01-01T00:00:00Z' }, 0],
    ];
    for (const [filter, count] of cases) assert.equal(sessions(filter), count, JSON.stringify(filter));
    const exchanges = (filter: ExchangeFilter) => catalog.exchanges(filter, 'all', first).items.length;
    const more: [ExchangeFilter, number][] = [
      [{}, 5],
      [{ session: theirs }, 1],
      [{ connection: 'orders' }, 4],
      [{ verdict: 'refused' }, 0],
      [{ effect: 'read' }, 5],
      [{ action: 'lines:ask' }, 5],
      [{ object: 'accounts' }, 5],
      [{ object: 'account%' }, 0],
      [{ status: 'ok' }, 5],
      [{ since: '2100-01-01T00:00:00Z' }, 0],
    ];
    for (const [filter, count] of more) assert.equal(exchanges(filter), count, JSON.stringify(filter));
  });

  it('finds what was asked, bound and answered, whatever is typed', () => {
    const cases: [string, number][] = [
      ['users', 2],
      ['USERS name', 1],
      ['bind-2', 1],
      ['cell-1', 1],
      ['cell-0 of select', 2],
      ['"', 1],
      ['a"b', 1],
      ["'a\"b' AND", 1],
      ['AND NOT', 1],
      ['x*', 1],
      ['user*', 0],
      ['users OR name', 0],
      ['NEAR(users name)', 0],
      ['asked:users', 0],
      ['%', 1],
      ['r%c', 1],
      ['%%%', 0],
      ['_u', 1],
      ['nul\0inside', 1],
      ['\0', 1],
      ['of', 5],
      ['3', 1],
      ['-', 5],
      ['ünï', 0],
      ['\ud800\ud800\ud800', 0],
      ['', 5],
      ['   ', 5],
      ["'; DROP TABLE exchanges; --", 0],
      ['){[^"', 0],
    ];
    for (const [q, count] of cases) assert.equal(catalog.exchanges({ q }, 'all', first).items.length, count, JSON.stringify(q));
  });

  it('keeps others out of sight', () => {
    const own = { issuer: 'https://login.example.com', subject: 'bob' };
    assert.deepEqual(
      catalog.sessions({}, own, first).items.map((item) => item.id),
      [theirs],
    );
    assert.deepEqual(
      catalog.exchanges({}, own, first).items.map((item) => item.session),
      [theirs],
    );
    assert.deepEqual(
      catalog.exchanges({ q: 'users' }, own, first).items.map((item) => item.session),
      [theirs],
    );
    assert.deepEqual(catalog.exchanges({ session: mine }, own, first).items, []);
    assert.deepEqual(catalog.sessions({}, { ...own, issuer: 'https://other.example.com' }, first).items, []);
  });

  it('pages through the ledger, newest first', () => {
    const items = everyPage(4, (page) => catalog.audit({}, page));
    assert.deepEqual(
      items.map((item) => item.detail['at']),
      Array.from({ length: 25 }, (_, at) => 24 - at),
    );
  });

  it('narrows the ledger by what was done, by whom, to what and when', () => {
    const count = (filter: AuditFilter) => everyPage(4, (page) => catalog.audit(filter, page)).length;
    assert.equal(count({ event: 'login.ended' }), 5);
    assert.equal(count({ event: 'recording.' }), 20);
    assert.equal(count({ event: 'recording' }), 0);
    assert.equal(count({ actor: 'eve' }), 12);
    assert.equal(count({ actor: 'EVE', session: 's1' }), 4);
    assert.equal(count({ since: '2020-01-01T00:00:00Z' }), 25);
    assert.equal(count({ until: '2020-01-01T00:00:00Z' }), 0);
  });

  it('refuses what cannot be', () => {
    const foreign = catalog.sessions({}, 'all', { limit: 1, cursor: null }).next;
    const bad = [foreign, 'x', '', Buffer.from('["x","1"]').toString('base64url'), Buffer.from('["x",1.5]').toString('base64url')];
    for (const cursor of bad)
      assert.throws(() => catalog.exchanges({}, 'all', { limit: 10, cursor }), { code: 'REQUEST_INVALID' }, String(cursor));
    for (const limit of [0, -1, 1.5, 1001, Number.NaN])
      assert.throws(() => catalog.sessions({}, 'all', { limit, cursor: null }), { code: 'REQUEST_INVALID' });
    for (const since of ['yesterday', '1', '2026-99-99T00:00:00Z'])
      assert.throws(() => catalog.sessions({ since }, 'all', first), { code: 'REQUEST_INVALID' });
    assert.throws(() => catalog.exchanges({ q: 'a '.repeat(20) }, 'all', first), { code: 'REQUEST_INVALID' });
    assert.throws(() => readEntries(journal.state, '../../etc/passwd'), { code: 'NOT_FOUND' });
  });

  it('is empty while there is none', () => {
    const empty = openCatalog('/nowhere/at/all');
    assert.deepEqual([empty.sessions({}, 'all', first).items, empty.session(mine)], [[], null]);
  });

  it('decodes a recording line by line', async () => {
    const lines = [];
    for await (const line of decodeRecording(readEntries(journal.state, mine), linesDecoder())) lines.push(line);
    assert.equal(lines.length, 22);
    assert.deepEqual(Object.keys(lines[0] ?? {}).sort(), ['at', 'exchange', 'facts', 'kind', 'sequence']);
    const { at, ...reply } = lines[4] ?? {};
    assert.match(String(at), /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    const parts = [{ shape: 'rows', columns: ['cell'], rows: [['cell-0 of SELECT name FROM Users']] }];
    assert.deepEqual(reply, { sequence: 4, exchange: 1, kind: 'bytes', direction: 'reply', count: 33, parts });
  });
});

describe('listings of a thousand rows', () => {
  it('are complete and without duplicates, whatever the page', async () => {
    const journal = new TestJournal();
    try {
      const texts = Array.from({ length: 1050 }, (_, at) => `select needle ${at}`);
      const id = journal.session(texts);
      for (let at = 0; at < 120; at += 1) journal.session([]);
      const catalog = await archive(journal);
      for (const limit of [7, 100, 1000]) {
        const forwards = everyPage(limit, (page) => catalog.exchanges({ session: id }, 'all', page));
        assert.deepEqual(
          forwards.map((item) => item.text),
          texts,
        );
        const later = catalog.exchanges({ session: id }, 'all', { limit, cursor: afterOrdinal(1040) }).items;
        assert.deepEqual(
          later.map((item) => item.text),
          texts.slice(1040, 1040 + limit),
        );
        for (const filter of [{ q: 'needle' }, { q: 'ne' }, {}]) {
          const items = everyPage(limit, (page) => catalog.exchanges(filter, 'all', page));
          assert.deepEqual(
            items.map((item) => item.text),
            texts.toReversed(),
          );
        }
      }
      const ids = everyPage(7, (page) => catalog.sessions({}, 'all', page)).map((item) => item.id);
      assert.deepEqual(ids, [...new Set(ids)].sort().reverse());
      assert.equal(ids.length, 121);
      catalog.close();
    } finally {
      journal.remove();
    }
  });
});

describe('hostile decoder output', () => {
  const deep = () => {
    let value: object = {};
    for (let at = 0; at < 100_000; at += 1) value = { value };
    return value;
  };
  // What no Decoder may give but a hostile peer may bring one to.
  const cases: { [name: string]: () => unknown } = {
    'a throw': () => {
      throw new Error('boom');
    },
    'no parts': () => null,
    'unknown shape': () => [{ shape: 'other' }],
    'a document without end': () => [{ shape: 'document', mediaType: 'a', value: deep() }],
    'parameters that are none': () => [{ shape: 'mark', name: 'parameters', detail: { values: 'x' } }],
    'parameters of all kinds': () => [{ shape: 'mark', name: 'parameters', detail: { values: [null, 1, { a: [] }, '\0\ud800'] } }],
    'too many parameters': () => [
      { shape: 'mark', name: 'parameters', detail: { values: Array.from({ length: 40_000 }, () => 'v'.repeat(40)) } },
    ],
    'huge cells': () => [{ shape: 'rows', columns: [], rows: [['first'], ['x'.repeat(1_000_000)], ['last']] }],
    'huge text': () => [{ shape: 'text', text: 'first'.repeat(100_000) }],
  };
  const cutOf: { [name: string]: string[] } = {
    'a throw': ['search'],
    'no parts': ['search'],
    'a document without end': ['search'],
    'too many parameters': ['parameters'],
    'huge cells': ['search'],
    'huge text': ['search'],
  };
  for (const [name, parts] of Object.entries(cases))
    it(`harms nothing: ${name}`, async () => {
      const journal = new TestJournal();
      try {
        const id = createId();
        journal.put(id, 0, opening(id, Date.now()));
        const huge = { status: 'error', rows: 2 ** 60, tag: 't'.repeat(100_000), error: { code: '1', message: 'm' } } as const;
        journal.put(id, 1, ...exchange('select 1', ['a'], ['b']).slice(0, 4), { kind: 'outcome', outcome: huge });
        const catalog = await archive(journal, () => ({ bytes: parts, withheld: () => {} }) as Decoder);
        const [item] = catalog.exchanges({ q: 'select' }, 'all', first).items;
        assert.deepEqual([item?.rows, item?.status, item?.tag?.length], [null, 'error', 65_536]);
        assert.deepEqual(item?.cut, [...(cutOf[name] ?? []), 'text']);
        assert.equal(catalog.session(id)?.recording, 'complete');
        catalog.close();
      } finally {
        journal.remove();
      }
    });

  it('caps the text of one exchange and says so', async () => {
    const journal = new TestJournal();
    try {
      const id = journal.session([`select ${'x'.repeat(2 * 1024 * 1024)}`]);
      const catalog = await archive(journal, () => null);
      const [item] = catalog.exchanges({ session: id }, 'all', first).items;
      assert.deepEqual([item?.text.length, item?.cut], [1024 * 1024, ['text']]);
      catalog.close();
    } finally {
      journal.remove();
    }
  });
});
