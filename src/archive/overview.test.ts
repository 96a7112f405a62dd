import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Effect } from '../core/action.ts';
import type { Decision, EntryBody, SessionFacts } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import { archiveJournal } from './archiver.ts';
import { openCatalog } from './catalog.ts';
import type { Overview } from './overview-items.ts';
import type { Catalog } from './run-items.ts';
import { linesDecoder, opening, TestJournal } from './test-journal.ts';

const day = 86_400_000;

function act(object: string, verdict: Decision['verdict'], effect: Effect = 'write', rows = 0): EntryBody[] {
  const decision = {
    verdict,
    code: null,
    reason: null,
    detail: null,
    grounds: { policies: [`on-${object}`], version: 'v1' },
    approval: null,
  };
  const status = verdict === 'permitted' || verdict === 'approved' ? 'ok' : 'refused';
  return [
    {
      kind: 'exchange',
      action: { name: `lines:${effect}`, effect, demands: [], objects: [{ type: 'Table', name: object }], text: 'x', facts: {} },
    },
    { kind: 'decision', decision },
    { kind: 'outcome', outcome: { status, rows, tag: null, error: null } },
  ];
}

describe('the overview', () => {
  const journal = new TestJournal();
  let catalog: Catalog;
  let since = 0;
  const play = (facts: Partial<SessionFacts>, acts: readonly EntryBody[][], end: EntryBody | null) => {
    const id = createId(Math.floor(journal.now));
    journal.put(id, 0, opening(id, journal.now, facts));
    acts.forEach((bodies, at) => {
      journal.pause(60_000);
      journal.put(id, at + 1, ...bodies);
    });
    if (end !== null) journal.put(id, 0, end);
  };
  const left: EntryBody = { kind: 'end', end: { status: 'ended', reason: 'The client left.' } };

  before(async () => {
    since = Math.floor(journal.now);
    for (let week = 4; week >= 1; week -= 1) {
      play({}, [act('a', 'permitted'), ...Array.from({ length: week }, () => act('a', 'refused'))], left);
      journal.pause(7 * day - (week + 1) * 60_000);
    }
    since = Math.floor(journal.now) - 1000;
    play(
      {},
      [act('a', 'permitted', 'read', 5), act('a', 'refused'), act('a', 'permitted'), act('b', 'denied'), act('b', 'approved')],
      left,
    );
    play({ connection: 'billing', run: null }, [act('a', 'expired')], null);
    play({ connection: 'billing' }, [act('c', 'permitted')], { kind: 'end', end: { status: 'interrupted', reason: 'A crash.' } });
    const running = archiveJournal({ state: journal.state, decoders: linesDecoder, audit: async () => {}, log: () => {} });
    running.committed(journal.position);
    await running.close();
    catalog = openCatalog(journal.state);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  const told = (visibility: Parameters<Catalog['overviews']['overview']>[2] = 'all'): Overview =>
    catalog.overviews.overview(since, since + day, visibility);
  const sum = (pick: (span: Overview['spans'][number]) => number) => told().spans.reduce((total, span) => total + pick(span), 0);

  it('counts what went on, beside the same time of the weeks before', () => {
    assert.ok(told().complete);
    assert.deepEqual(
      [sum((span) => span.permitted), sum((span) => span.refused), sum((span) => span.denied), sum((span) => span.approved)],
      [3, 1, 1, 1],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((week) => sum((span) => span.barredBefore[week] ?? 0)),
      [1, 2, 3, 4],
    );
  });

  it('says which rules work, and which were worked around', () => {
    const rules = told().rules.map(({ policy, refused, denied, approved, expired, workedAround, lookedInto }) => [
      policy,
      refused,
      denied,
      approved,
      expired,
      workedAround,
      lookedInto,
    ]);
    assert.deepEqual(
      new Set(rules),
      new Set([
        ['on-a', 1, 0, 0, 1, 1, 2],
        ['on-b', 0, 1, 1, 0, 0, 1],
      ]),
    );
  });

  it('says what is new', () => {
    assert.deepEqual(
      told().firstSeen.map(({ agent, connection, object }) => [agent, connection, object]),
      [
        ['cursor', 'billing', 'c'],
        ['cursor', 'billing', 'a'],
        ['cursor', 'orders', 'b'],
      ],
    );
    const found = catalog.searching.search(
      { q: 'is:first_seen connection:billing', filter: {}, visibility: 'all' },
      { limit: 10, cursor: null },
    );
    assert.equal('problem' in found ? null : found.items.length, 2);
  });

  it('says where data goes and how the record of each connection is', () => {
    assert.deepEqual(
      new Set(told().flows.map(({ agent, connection, sessions, rows }) => [agent, connection, sessions, rows])),
      new Set([
        ['cursor', 'billing', 2, 0],
        ['cursor', 'orders', 1, 5],
      ]),
    );
    assert.deepEqual(
      told().connections.map(({ connection, active, interrupted, gaps }) => [connection, active, interrupted, gaps]),
      [
        ['billing', 1, 1, 0],
        ['orders', 0, 0, 0],
      ],
    );
  });

  it('shows everybody what is theirs', () => {
    const others = told({ issuer: 'https://login.example.com', subject: 'bob' });
    assert.deepEqual([others.rules, others.firstSeen, others.flows, others.connections], [[], [], [], []]);
    assert.ok(
      others.spans.every(({ permitted, refused, barredBefore }) => permitted + refused + barredBefore.reduce((a, b) => a + b, 0) === 0),
    );
    assert.equal(told({ issuer: 'https://login.example.com', subject: 'ada' }).rules.length, 2);
  });
});
