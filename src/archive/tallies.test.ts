import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Decision, EntryBody } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import { type Archiver, archiveJournal } from './archiver.ts';
import { openCatalog } from './catalog.ts';
import { catalogPath } from './layout.ts';
import { linesDecoder, opening, TestJournal } from './test-journal.ts';

const hour = 3_600_000;
const issuer = 'https://login.example.com';
const verdicts = ['permitted', 'refused', 'denied', 'approved', 'expired', 'permitted'] as const;

/** Entries of which each may be the last that is archived for now. */
function bodies(at: number): EntryBody[] {
  const verdict = verdicts[at % verdicts.length] ?? 'permitted';
  const policies = at % 4 === 0 ? ['one', 'two', 'one'] : [`rule-${at % 3}`];
  const decision: Decision = { verdict, code: null, reason: null, detail: null, grounds: { policies, version: 'v1' }, approval: null };
  const barred = verdict === 'refused' || verdict === 'denied' || verdict === 'expired';
  const status = barred ? 'refused' : at % 5 === 0 ? 'error' : 'ok';
  return [
    { kind: 'exchange', action: { name: 'lines:ask', effect: 'read', demands: [], objects: [], text: `t${at}`, facts: {} } },
    { kind: 'decision', decision },
    { kind: 'outcome', outcome: { status, rows: 0, tag: null, error: null } },
  ];
}

function principal(subject: string) {
  const token = { issuer, subject, jti: null, sha256: '1', expiresAt: 0 };
  return { subject, issuer, email: null, groups: [], agent: null, actors: [], token };
}

/** What the tallies should be, by the rows themselves. */
function recounted(state: string): { kept: unknown[]; counted: unknown[] } {
  const database = new DatabaseSync(catalogPath(state), { readOnly: true });
  const order = 'ORDER BY 1, 2, 3, 4, 5, 6, 7, 8';
  const columns = (width: number, ruled: number, policy: string) =>
    `${width} AS width, ${ruled} AS ruled, CAST(started_at / ${width} AS INTEGER) AS slot, ${policy} AS policy, coalesce(issuer, '') AS issuer,
     coalesce(subject, '') AS subject, coalesce(x.verdict, 'undecided') AS verdict, x.status = 'error' AS failed, count(*) AS n`;
  const all = 'FROM (SELECT x.*, s.issuer, s.subject FROM exchanges AS x JOIN sessions AS s ON s.key = x.session_key) AS x';
  const selects = [300_000, hour].flatMap((width) => [
    `SELECT ${columns(width, 0, "''")} ${all} GROUP BY 3, 5, 6, 7, 8`,
    `SELECT ${columns(width, 1, 'p.value')} ${all} JOIN (SELECT DISTINCT e.id, j.value FROM exchanges AS e, json_each(e.policies) AS j) AS p
     ON p.id = x.id WHERE x.verdict IS NOT NULL AND x.verdict <> 'permitted' GROUP BY 3, 4, 5, 6, 7, 8`,
  ]);
  try {
    const rows = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => ({ ...row }));
    return { kept: rows(`SELECT * FROM tallies ${order}`), counted: rows(`${selects.join(' UNION ALL ')} ${order}`) };
  } finally {
    database.close();
  }
}

function begin(journal: TestJournal): Archiver {
  const now = () => journal.now + 30 * 24 * hour;
  return archiveJournal({ state: journal.state, decoders: linesDecoder, audit: async () => {}, log: () => {}, now });
}

test('the tallies are what the rows say, whenever an exchange was archived, and after its session is gone', async () => {
  const journal = new TestJournal();
  try {
    const sessions = ['ada', 'bob', 'ada', null].map((subject, at) => {
      const id = createId(Math.floor(journal.now) + at);
      const who = subject === null ? null : principal(subject);
      journal.put(id, 0, opening(id, journal.now, { principal: who, retentionDays: at === 1 ? 1 : 300 }));
      return id;
    });
    for (let at = 0; at < 60; at += 1) {
      journal.pause(hour / 7);
      for (const body of bodies(at)) {
        journal.put(sessions[at % sessions.length] ?? '', Math.floor(at / sessions.length) + 1, body);
        if (at % 6 > 3) continue;
        const running = begin(journal);
        running.committed(journal.position);
        await running.close();
      }
    }
    for (const id of sessions) journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
    const running = begin(journal);
    running.committed(journal.position);
    while (running.status().lagBytes > 0) await new Promise((done) => setTimeout(done, 5));
    const whole = recounted(journal.state);
    assert.ok(whole.kept.length > 50);
    assert.deepEqual(whole.kept, whole.counted);
    assert.equal(await running.sweep(), 1);
    await running.close();
    const rest = recounted(journal.state);
    assert.ok(rest.kept.length < whole.kept.length);
    assert.deepEqual(rest.kept, rest.counted);
    for (const suffix of ['', '-wal', '-shm']) rmSync(catalogPath(journal.state) + suffix, { force: true });
    await begin(journal).close();
    assert.deepEqual(recounted(journal.state).kept, rest.kept);
  } finally {
    journal.remove();
  }
});

test('an overview of hours is complete, and the same as one that looks at each exchange', async () => {
  const journal = new TestJournal();
  try {
    const id = createId(Math.floor(journal.now));
    journal.put(id, 0, opening(id, journal.now, { principal: principal('ada') }));
    const since = journal.now;
    for (let at = 0; at < 200; at += 1) {
      journal.pause(60_000);
      journal.put(id, at + 1, ...bodies(at));
    }
    const running = begin(journal);
    running.committed(journal.position);
    await running.close();
    const catalog = openCatalog(journal.state);
    const told = (length: number, subject: string) => {
      const { complete, spans, rules } = catalog.overviews.overview(since, since + length, { issuer, subject });
      const sums = new Map<string, number>();
      for (const { at: _at, barredBefore: _before, ...counts } of spans)
        for (const [verdict, count] of Object.entries(counts)) sums.set(verdict, (sums.get(verdict) ?? 0) + count);
      const byRule = rules.map(({ policy, refused, denied, expired, approved }) => [policy, refused, denied, expired, approved].join(' '));
      return { complete, sums: Object.fromEntries(sums), byRule: byRule.toSorted() };
    };
    const each = told(5 * hour, 'ada');
    assert.equal(Object.values(each.sums).reduce((one, other) => one + other, 0) - (each.sums['failed'] ?? 0), 200);
    for (const length of [10 * hour, 24 * hour, 30 * 24 * hour]) assert.deepEqual(told(length, 'ada'), each);
    assert.deepEqual(told(24 * hour, 'bob').byRule, []);
    catalog.close();
  } finally {
    journal.remove();
  }
});
