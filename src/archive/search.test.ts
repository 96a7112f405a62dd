import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Effect } from '../core/action.ts';
import type { Decision, EntryBody, SessionFacts } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import { catalogPath } from './layout.ts';
import type { Catalog } from './run-items.ts';
import { openReadOnly } from './schema.ts';
import type { FoundPage, SearchReader } from './search-items.ts';
import { readSearches } from './search-reader.ts';
import { timedReads } from './timed-reads.ts';
import { archiveWhole, opening, TestJournal } from './test-journal.ts';

interface Act {
  readonly text: string;
  readonly effect?: Effect;
  readonly objects?: readonly string[];
  readonly verdict?: Decision['verdict'];
  readonly approval?: string | null;
  readonly error?: { readonly code: string; readonly message: string };
  readonly rows?: number;
  readonly reply?: string;
  readonly masked?: string;
  readonly policy?: string;
}

function entries({ text, effect = 'read', objects = ['orders'], verdict = 'permitted', approval = null, ...more }: Act): EntryBody[] {
  const { error = null, rows = null, reply, masked, policy = 'engineering' } = more;
  const grounds = { policies: [policy], version: 'v1' };
  const passed = verdict === 'permitted' || verdict === 'approved';
  const decision: Decision = { verdict, code: null, reason: passed ? null : `No ${effect} here.`, detail: null, grounds, approval };
  const status = passed ? (error === null ? 'ok' : 'error') : 'refused';
  const action = {
    name: `lines:${effect}`,
    effect,
    demands: [],
    objects: objects.map((name) => ({ type: 'Table', name })),
    text,
    facts: {},
  };
  return [
    { kind: 'exchange', action },
    { kind: 'decision', decision },
    ...(reply === undefined ? [] : [{ kind: 'bytes', direction: 'reply', bytes: Buffer.from(`${reply}\n`) } as const]),
    ...(masked === undefined
      ? []
      : [{ kind: 'masked', masked: [{ rule: 'detectors[0]', column: 'mail', detector: masked, count: 1 }] } as const]),
    { kind: 'outcome', outcome: { status, rows, tag: null, error } },
  ];
}

function play(journal: TestJournal, facts: Partial<SessionFacts>, acts: readonly Act[], gap = false): string {
  const id = createId(Math.floor(journal.now));
  journal.put(id, 0, opening(id, journal.now, facts));
  acts.forEach((act, index) => {
    journal.pause(1000);
    journal.put(id, index + 1, ...entries(act));
  });
  if (gap) journal.put(id, 0, { kind: 'gap', direction: 'reply', count: 10, reason: 'the disk was full' });
  journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
  return id;
}

const issuer = 'https://login.example.com';
const bob = { subject: 'bob', issuer, email: 'Bob@example.com', groups: ['sales', 'dba'], agent: null, actors: [] };

describe('a search', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  before(async () => {
    play(journal, {}, [
      { text: 'select a', rows: 3, reply: 'ada@example.com', masked: 'email' },
      { text: 'drop table refunds', effect: 'schema', objects: ['public.refunds'], verdict: 'refused', policy: 'no-ddl' },
      { text: 'select from refunds', objects: ['public.refunds'], rows: 20_000 },
      { text: 'delete b', effect: 'write', objects: ['carts', 'orders'], verdict: 'denied' },
      { text: 'update carts', effect: 'write', objects: ['carts'] },
      { text: 'delete c', effect: 'write', verdict: 'approved', approval: 'a-1' },
      { text: 'select nonsense', error: { code: '42703', message: 'column does not exist' } },
      { text: 'delete d', effect: 'write', verdict: 'expired' },
    ]);
    const token = { issuer, subject: 'bob', jti: null, sha256: '1', expiresAt: 0 };
    play(journal, { connection: 'billing', run: 'job-7', principal: { ...bob, token } }, [{ text: 'select z -- http://x.example' }], true);
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  const found = (q: string, more: Partial<Parameters<SearchReader['search']>[0]> = {}): FoundPage => {
    const page = catalog.searching.search({ q, filter: {}, visibility: 'all', ...more }, { limit: 100, cursor: null });
    return 'problem' in page ? assert.fail(page.problem.message) : page;
  };
  const texts = (q: string) =>
    found(q)
      .items.map(({ text }) => text.replace('select z -- http://x.example', 'z'))
      .reverse();

  const queries: readonly (readonly [q: string, ...texts: string[]])[] = [
    ['verdict:refused', 'drop table refunds'],
    ['verdict:[refused,denied]', 'drop table refunds', 'delete b'],
    ['verdict:[approved,permitted] effect:write', 'update carts', 'delete c'],
    ['-verdict:permitted', 'drop table refunds', 'delete b', 'delete c', 'delete d'],
    ['is:barred', 'drop table refunds', 'delete b', 'delete d'],
    ['is:exceptional', 'drop table refunds', 'delete b', 'delete c', 'select nonsense', 'delete d'],
    ['is:failed', 'select nonsense'],
    ['is:worked_around', 'delete b'],
    ['is:worked_around object:carts', 'delete b'],
    ['is:live'],
    ['object:public.refunds', 'drop table refunds', 'select from refunds'],
    ['object:*REFUNDS', 'drop table refunds', 'select from refunds'],
    ['object:/^public\\./ -effect:schema', 'select from refunds'],
    ['object:carts object:orders', 'delete b'],
    ['rows:>1k', 'select from refunds'],
    ['rows:1..10', 'select a'],
    ['rows:*', 'select a', 'select from refunds'],
    ['-rows:*', 'drop table refunds', 'delete b', 'update carts', 'delete c', 'select nonsense', 'delete d', 'z'],
    ['policy:no-ddl', 'drop table refunds'],
    ['rule:no-ddl', 'drop table refunds'],
    ['approval:a-1', 'delete c'],
    ['has:approval', 'delete c'],
    ['error:42703', 'select nonsense'],
    ['error:*exist', 'select nonsense'],
    ['reason:"No write here."', 'delete b', 'delete d'],
    ['masked:email', 'select a'],
    ['masked:mail', 'select a'],
    ['has:masked', 'select a'],
    ['user:bob', 'z'],
    ['who:BOB@example.com', 'z'],
    ['group:dba', 'z'],
    ['-user:bob verdict:permitted error:*', 'select nonsense'],
    ['has:gap', 'z'],
    ['connection:billing', 'z'],
    ['run:job-*', 'z'],
    ['-has:agent', 'z'],
    ['agent:cursor rows:3', 'select a'],
    ['"http://x.example"', 'z'],
    ['select refunds', 'select from refunds'],
    ['refunds -select', 'drop table refunds'],
    ['refunds or carts', 'drop table refunds', 'select from refunds', 'update carts'],
    ['found:ada@example.com', 'select a'],
    ['text:ada@example.com'],
    ['ada@example', 'select a'],
    ['found:ad', 'select a'],
    ['/sel.*a$/', 'select a'],
    ['text:/^delete [bc]$/', 'delete b', 'delete c'],
    ['not (select or delete)', 'drop table refunds', 'update carts'],
    ['at:2025-10-09 verdict:refused', 'drop table refunds'],
    ['at:2025-10-09T08:53:22 ', 'drop table refunds'],
    ['at:<2025-10-09'],
    ['at:-24h'],
    ['protocol:lines effect:schema', 'drop table refunds'],
    ['bytes:>0', 'select a'],
    ['took:<1s verdict:expired', 'delete d'],
    ['action:lines:schema', 'drop table refunds'],
  ];
  for (const [q, ...expected] of queries) it(`${q} finds ${expected.length}`, () => assert.deepEqual(texts(q), expected));

  it('shows everybody their own', () => {
    const own = found('is:exceptional or verdict:permitted', { visibility: { issuer, subject: 'bob' } });
    assert.deepEqual(
      own.items.map(({ connection }) => connection),
      ['billing'],
    );
  });

  it('of one session comes in its order', () => {
    const session = found('verdict:refused').items[0]?.session ?? '';
    assert.deepEqual(
      found('refunds', { filter: { session } }).items.map(({ ordinal }) => ordinal),
      [2, 3],
    );
  });

  it('is counted by field and over time, with what it stands on', () => {
    const facets = catalog.searching.facets({ q: '', filter: {}, visibility: 'all' });
    assert.ok(!('problem' in facets));
    assert.deepEqual([facets.count, facets.complete, facets.gaps], [9, true, 1]);
    assert.equal(
      facets.histogram.reduce((sum, { count }) => sum + count, 0),
      9,
    );
    assert.equal(
      facets.histogram.reduce((sum, { exceptional }) => sum + exceptional, 0),
      5,
    );
    const values = (field: string) => facets.facets.find((facet) => facet.field === field)?.values;
    assert.deepEqual(values('verdict')?.[0], { value: 'permitted', count: 5 });
    assert.deepEqual(values('connection'), [
      { value: 'orders', count: 8 },
      { value: 'billing', count: 1 },
    ]);
    assert.deepEqual(values('agent'), [
      { value: 'cursor', count: 8 },
      { value: null, count: 1 },
    ]);
    assert.deepEqual(values('object')?.[0], { value: 'orders', count: 6 });
    const refused = catalog.searching.facets({ q: 'verdict:refused', filter: {}, visibility: 'all' });
    assert.equal('problem' in refused ? null : refused.count, 1);
  });

  it('knows up to when it has everything', () => assert.equal(catalog.searching.newest(), new Date(Math.floor(journal.now)).toISOString()));

  it('says what is wrong with a query instead of finding anything', () => {
    const page = catalog.searching.search({ q: 'verdct:refused', filter: {}, visibility: 'all' }, { limit: 1, cursor: null });
    assert.ok('problem' in page);
    assert.equal(page.problem.instead, 'verdict');
    assert.ok('problem' in catalog.searching.facets({ q: '(', filter: {}, visibility: 'all' }));
  });
});

const verdicts: { readonly [at: number]: Decision['verdict'] } = { 3: 'refused', 7: 'denied', 60: 'expired' };

describe('a search that takes long', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  before(async () => {
    for (let session = 0; session < 4; session += 1)
      play(
        journal,
        { connection: `c${session}` },
        Array.from({ length: 500 }, (_, at) => ({ text: `select ${at}`, rows: at, verdict: verdicts[at % 100] ?? 'permitted' })),
      );
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  it('ends its page in time, says how far back it looked, and finds the same in the end', () => {
    const database = openReadOnly(catalogPath(journal.state));
    const hasty = readSearches(
      timedReads(() => database),
      { pageMs: 0, countMs: 0 },
    );
    for (const q of [
      'rows:499',
      'select -rows:<480',
      '/9$/',
      'verdict:[denied,refused]',
      'user:ada rows:>450',
      'connection:[c0,c2] is:barred',
      '',
    ]) {
      const search = { q, filter: {}, visibility: 'all' } as const;
      const whole = catalog.searching.search(search, { limit: 1000, cursor: null });
      assert.ok(!('problem' in whole));
      assert.equal(whole.lookedBackTo, null, q);
      const pieces: FoundPage[] = [];
      for (let cursor: string | null = null; ; ) {
        const page = hasty.search(search, { limit: 50, cursor });
        assert.ok(!('problem' in page));
        pieces.push(page);
        cursor = page.next;
        if (cursor === null) break;
        assert.ok(
          pieces.length < 100,
          `${q} comes to an end: ${JSON.stringify(pieces.slice(-3).map(({ items, next, lookedBackTo }) => [items.length, next, lookedBackTo]))}`,
        );
      }
      const all = pieces.flatMap(({ items }) => items);
      assert.deepEqual(all.slice(0, 1000), whole.items, q);
      assert.equal(new Set(all.map(({ id }) => id)).size, all.length, 'each once');
      assert.ok(
        pieces.some(({ lookedBackTo }) => lookedBackTo !== null),
        q,
      );
    }
    const facets = hasty.facets({ q: '', filter: {}, visibility: 'all' });
    assert.ok(!('problem' in facets));
    assert.ok(!facets.complete && facets.count > 0 && facets.count < 2000);
    database.close();
  });
});
