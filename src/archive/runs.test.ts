import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { ActionObject, Effect } from '../core/action.ts';
import type { Decision, EntryBody, SessionFacts } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import type { Page, PageRequest } from './items.ts';
import { catalogPath } from './layout.ts';
import type { Catalog, RunDetail, RunItem } from './run-items.ts';
import { archiveWhole, opening, TestJournal } from './test-journal.ts';

const first: PageRequest = { limit: 1000, cursor: null };
const minute = 60_000;

interface Act {
  readonly text: string;
  readonly effect?: Effect;
  readonly object?: string;
  readonly verdict?: Decision['verdict'];
  readonly fails?: true;
  readonly masked?: true;
}

function actOf({ text, effect = 'read', object = 'orders', verdict = 'permitted', fails, masked }: Act): EntryBody[] {
  const objects: ActionObject[] = [{ type: 'Table', name: object }];
  const decision: Decision = {
    verdict,
    code: null,
    reason: null,
    detail: null,
    grounds: { policies: ['p'], version: 'v1' },
    approval: null,
  };
  const passed = verdict === 'permitted' || verdict === 'approved';
  const outcome = { status: passed ? (fails ? 'error' : 'ok') : 'refused', rows: null, tag: null, error: null } as const;
  return [
    { kind: 'exchange', action: { name: `lines:${effect}`, effect, demands: [], objects, text, facts: {} } },
    { kind: 'decision', decision },
    ...(masked ? [{ kind: 'masked', masked: [{ rule: 'columns[0]', column: 'email', detector: null, count: 2 }] } as const] : []),
    { kind: 'outcome', outcome },
  ];
}

/** A session whose acts take a second each. */
function play(journal: TestJournal, facts: Partial<SessionFacts>, acts: readonly Act[], ended = true): string {
  const at = journal.now;
  const id = createId(Math.floor(at));
  journal.put(id, 0, opening(id, at, facts));
  acts.forEach((act, index) => {
    journal.pause(1000);
    journal.put(id, index + 1, ...actOf(act));
  });
  if (ended) journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
  return id;
}

function by(subject: string, agent: string | null): Pick<SessionFacts, 'principal'> {
  const issuer = 'https://login.example.com';
  const token = { issuer, subject, jti: null, sha256: '00', expiresAt: 0 };
  return { principal: { issuer, subject, email: null, groups: [], agent, actors: [], token } };
}

describe('runs', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  let named = '';
  before(async () => {
    play(journal, { run: 'fix-1842' }, [
      { text: 'select 1' },
      { text: 'select 2', masked: true },
      { text: 'drop table refunds', effect: 'schema', object: 'refunds', verdict: 'refused' },
      { text: 'select from refunds', object: 'refunds' },
      { text: 'update refunds', effect: 'write', object: 'refunds', verdict: 'denied' },
      { text: 'update refunds', effect: 'write', object: 'refunds', verdict: 'approved' },
      { text: 'delete from carts', effect: 'write', object: 'carts', verdict: 'refused' },
      { text: 'select nonsense', fails: true },
    ]);
    play(journal, { run: 'fix-1842', connection: 'billing' }, [
      { text: 'update carts', effect: 'write', object: 'carts' },
      { text: 'select 3' },
    ]);
    // The same name by somebody else is another run.
    play(journal, { run: 'fix-1842', ...by('bob', 'cursor') }, [{ text: 'select 4' }]);
    // No name: one run while the pauses are short, by person and agent.
    play(journal, { run: null, ...by('eve', 'cursor') }, [{ text: 'a' }]);
    journal.pause(14 * minute);
    play(journal, { run: null, ...by('eve', 'cursor') }, [{ text: 'b' }]);
    play(journal, { run: null, ...by('eve', 'claude') }, [{ text: 'c' }]);
    play(journal, { run: null, ...by('eve', null) }, [{ text: 'd' }]);
    journal.pause(16 * minute);
    play(journal, { run: null, ...by('eve', 'cursor') }, [{ text: 'e' }]);
    const open = play(journal, { run: null, ...by('max', 'cursor') }, [{ text: 'f' }], false);
    journal.pause(40 * minute);
    play(journal, { run: null, ...by('max', 'cursor') }, [{ text: 'g' }]);
    journal.put(open, 2, ...actOf({ text: 'h' }).slice(0, 1));
    // A stranger is nobody's.
    play(journal, { run: 'fix-1842', principal: null }, []);
    catalog = await archiveWhole(journal);
    named = runsOf({ name: 'fix-1842', user: 'ada' })[0]?.id ?? '';
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  const runsOf = (filter: Parameters<Catalog['runs']['runs']>[0]): readonly RunItem[] => catalog.runs.runs(filter, 'all', first).items;
  const detail = (): RunDetail => catalog.runs.run(named) ?? assert.fail('there is no such run');

  it('are one for each name of one principal', () => {
    const found = runsOf({ name: 'fix-1842' });
    assert.deepEqual(
      found.map(({ principal, sessions, connections }) => [principal.subject, sessions, connections]),
      [
        ['bob', 1, ['orders']],
        ['ada', 2, ['billing', 'orders']],
      ],
    );
  });

  it('without a name are the sessions of one principal and agent with short pauses between', () => {
    assert.deepEqual(
      runsOf({ user: 'eve' }).map(({ agents, sessions }) => [agents, sessions]),
      [
        [['cursor'], 1],
        [[], 1],
        [['claude'], 1],
        [['cursor'], 2],
      ],
    );
    const [going, ...others] = runsOf({ user: 'max' });
    assert.deepEqual(
      [going?.sessions, going?.activeSessions, going?.endedAt, others],
      [2, 1, null, []],
      'one goes on, so the pause is none',
    );
    assert.equal(going?.counts.undecided, 1);
  });

  it('are filtered, paged, and seen by whose they are', () => {
    assert.deepEqual(
      runsOf({ connection: 'billing' }).map(({ id }) => id),
      [named],
    );
    assert.deepEqual(
      runsOf({ exceptional: true }).map(({ id }) => id),
      [named],
    );
    assert.equal(runsOf({ exceptional: false }).length, 6);
    assert.deepEqual(
      runsOf({ status: 'active' }).map(({ principal }) => principal.subject),
      ['max'],
    );
    assert.equal(runsOf({ agent: 'claude' }).length, 1);
    const paged: RunItem[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: Page<RunItem> = catalog.runs.runs({}, 'all', { limit: 2, cursor });
      paged.push(...page.items);
      cursor = page.next;
      if (cursor === null) break;
    }
    assert.deepEqual(paged, runsOf({}));
    const own = catalog.runs.runs({}, { issuer: 'https://login.example.com', subject: 'bob' }, first).items;
    assert.deepEqual(
      own.map(({ principal }) => principal.subject),
      ['bob'],
    );
    assert.deepEqual(catalog.runs.runOwner(named), { issuer: 'https://login.example.com', subject: 'ada' });
    assert.equal(catalog.runs.runOwner('none'), null);
    assert.equal(catalog.runs.run('none'), null);
  });

  it('are counted in one sentence', () => {
    const { summary, counts } = detail();
    assert.equal(
      summary,
      '10 exchanges on 2 connections in 2 sessions: 6 permitted, 1 approved, 2 refused, 1 denied by a person. 1 failed at the target. 1 answer had masked data.',
    );
    assert.equal(counts.exchanges, counts.permitted + counts.approved + counts.refused + counts.denied + counts.expired + counts.undecided);
  });

  it('tell what did not simply pass, and what the agent did then', () => {
    const told = detail().exceptions.map(({ kind, exchange, aftermath, workedAround }) => [
      kind,
      exchange.text,
      aftermath?.kind,
      aftermath?.next?.text ?? null,
      aftermath?.count,
      workedAround,
    ]);
    assert.deepEqual(told, [
      // What followed was no more than a look at the table.
      ['refused', 'drop table refunds', 'same', 'select from refunds', 3, false],
      // People let the same pass: nothing was worked around.
      ['denied', 'update refunds', 'again', 'update refunds', 1, false],
      ['approved', 'update refunds', 'nothing', null, 0, false],
      ['refused', 'delete from carts', 'same', 'update carts', 1, true],
      ['failed', 'select nonsense', 'same', 'select 3', 1, false],
    ]);
    assert.equal(detail().moreExceptions, 0);
  });

  it('have a lane for each connection, in the order in which they were reached', () => {
    const { lanes, spans } = detail();
    assert.deepEqual(
      lanes.map(({ connection, exchanges, exceptions }) => [connection, exchanges, exceptions.map(({ kind }) => kind)]),
      [
        ['orders', 8, ['refused', 'denied', 'approved', 'refused', 'failed']],
        ['billing', 2, []],
      ],
    );
    for (const { counts, exchanges } of lanes) {
      assert.equal(counts.length, spans.count);
      assert.equal(
        counts.reduce((sum, each) => sum + each, 0),
        exchanges,
      );
    }
  });

  it('have one order over all connections, page by page', () => {
    const all = catalog.runs.runExchanges(named, null, first).items;
    assert.equal(all.length, 10);
    const paged: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const { items, next } = catalog.runs.runExchanges(named, null, { limit: 3, cursor });
      paged.push(...items.map(({ id }) => id));
      cursor = next;
      if (cursor === null) break;
    }
    assert.deepEqual(
      paged,
      all.map(({ id }) => id),
    );
    assert.deepEqual(
      all.map(({ startedAt }) => startedAt),
      all.map(({ startedAt }) => startedAt).toSorted(),
    );
  });

  it('are read as a story in which like acts that passed are one line', () => {
    const lines = (limit: number) => {
      const told: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const { items, next } = catalog.runs.story(named, null, { limit, cursor });
        told.push(...items.map(({ kind, connection, action, count, text }) => `${connection} ${kind} ${count} × ${action}: ${text}`));
        cursor = next;
        if (cursor === null) return told;
      }
    };
    const expected = [
      'orders passed 2 × lines:read: select 1',
      'orders refused 1 × lines:schema: drop table refunds',
      'orders passed 1 × lines:read: select from refunds',
      'orders denied 1 × lines:write: update refunds',
      'orders approved 1 × lines:write: update refunds',
      'orders refused 1 × lines:write: delete from carts',
      'orders failed 1 × lines:read: select nonsense',
      'billing passed 1 × lines:write: update carts',
      'billing passed 1 × lines:read: select 3',
    ];
    assert.deepEqual(lines(1000), expected);
    assert.deepEqual(lines(2), expected);
  });

  it('are read from a time on', () => {
    const all = catalog.runs.runExchanges(named, null, first).items;
    const since = all[6]?.startedAt ?? '';
    assert.deepEqual(catalog.runs.runExchanges(named, since, first).items, all.slice(6));
    const { items, next } = catalog.runs.runExchanges(named, since, { limit: 1, cursor: null });
    assert.deepEqual(catalog.runs.runExchanges(named, since, { limit: 1, cursor: next }).items, all.slice(7, 8));
    assert.deepEqual(items, all.slice(6, 7));
    assert.equal(catalog.runs.story(named, since, first).items[0]?.text, 'delete from carts');
    assert.throws(() => catalog.runs.story(named, 'yesterday', first), { code: 'REQUEST_INVALID' });
  });

  it('are the same once the catalog has been made anew', async () => {
    const before = runsOf({});
    const told = detail();
    catalog.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(catalogPath(journal.state) + suffix, { force: true });
    catalog = await archiveWhole(journal);
    assert.deepEqual(runsOf({}), before);
    assert.deepEqual(detail(), told);
  });
});

describe('a run of 50,000 exchanges', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  before(async () => {
    for (let session = 0; session < 50; session += 1)
      play(
        journal,
        { run: 'long', connection: `c${session % 4}` },
        Array.from({ length: 1000 }, (_, at) => ({
          text: `select ${at} from orders where note = '${'x'.repeat(200)}'`,
          object: `t${at % 40}`,
          verdict: at % 250 === 7 ? 'refused' : 'permitted',
        })),
      );
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  it('is told whole, by its counts and not by its rows', () => {
    const [run] = catalog.runs.runs({ name: 'long' }, 'all', first).items;
    const told = catalog.runs.run(run?.id ?? '') ?? assert.fail('there is no such run');
    assert.deepEqual([told.counts.exchanges, told.counts.refused, told.exceptions.length, told.moreExceptions], [50_000, 200, 200, 0]);
    assert.equal(
      told.lanes.reduce((sum, { exchanges }) => sum + exchanges, 0),
      50_000,
    );
    assert.ok(JSON.stringify({ ...told, exceptions: [], newestSessions: [] }).length < 30_000);
    const glance = catalog.runs.run(run?.id ?? '', 12) ?? assert.fail('there is no such run');
    assert.deepEqual(glance, { ...told, exceptions: told.exceptions.slice(0, 12), moreExceptions: 188 });
    const { items, next } = catalog.runs.story(run?.id ?? '', null, { limit: 1000, cursor: null });
    assert.equal(items.reduce((sum, { count }) => sum + count, 0) + (next === null ? 0 : 1), 50_000);
    assert.ok(items.length <= 500);
  });
});
