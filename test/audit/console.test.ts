import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Gauge, type Measured } from '../browser/gauge.ts';
import { keepMeasures, overSize, overTime } from '../browser/measure-budgets.ts';
import { type MeasuredSite, openMeasuredSite } from '../browser/measured-site.ts';
import { openSite, suiteMs, whyNot, type Window } from '../browser/site.ts';
import { UnloggedPage } from '../browser/unlogged-page.ts';
import { type Walk, walkApprovals, walkLarge, walkPathological, walkPlayer, walkRows, walkRun, walkTables } from '../browser/walk.ts';
import { writeLarge, writePathological, writePlayed, writeRows, writeRun } from '../rig/record-fixtures.ts';
import { writeApprovals } from '../rig/written-approvals.ts';

/** The long form walks every way so often, and judges what takes how long; `npm test` walks once, and judges sizes alone. */
const rounds = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 0);
const isLong = rounds > 0;
const sizes = isLong
  ? { runs: 20, rows: 1_000_000, megabytes: 1_000, down: 10_000, over: 2_000 }
  : { runs: 1, rows: 100_000, megabytes: 30, down: 3_000, over: 400 };
const open = 150;
const exchanges = 50_000;
const hourMs = 3_600_000;
const timeout = isLong ? hourMs : suiteMs;

describe(`the console before ${(sizes.runs * exchanges).toLocaleString('en')} exchanges`, { skip: whyNot, timeout }, () => {
  let site: MeasuredSite;
  let window: Window;
  let walk: Walk;
  let played = '';

  before(
    async () => {
      site = await openMeasuredSite((record) => {
        writeRun(record, 'short', 200);
        for (let run = 1; run <= sizes.runs; run += 1) {
          writeRun(record, run === sizes.runs ? 'long' : `many-${run}`, exchanges);
          record.pause(hourMs);
        }
        played = writePlayed(record, 'played', 4_900);
        writeRows(record, 'rows', sizes.rows);
        writeLarge(record, 'large', sizes.megabytes);
        writePathological(record, 'strange');
      });
      window = await site.as('ada');
      walk = { page: window.page, gauge: await Gauge.of(site.browser, window.page) };
    },
    { timeout },
  );
  after(async () => {
    await keepMeasures(isLong ? 'long' : 'short', middles(walk.gauge.all));
    await window[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  const walks: readonly { readonly name: string; readonly go: (walk: Walk) => Promise<void> }[] = [
    { name: 'a run of 200 exchanges', go: (on) => walkRun(on, 'short') },
    { name: 'a run of 50,000', go: (on) => walkRun(on, 'long') },
    { name: 'the tables', go: (on) => walkTables(on, sizes.down) },
    { name: 'the player', go: (on) => walkPlayer(on, 'played') },
    { name: `an answer of ${sizes.rows.toLocaleString('en')} rows`, go: (on) => walkRows(on, 'rows', sizes.rows) },
    { name: `a recording of ${sizes.megabytes} MB`, go: (on) => walkLarge(on, 'large', sizes.megabytes * 10) },
  ];
  for (const { name, go } of walks)
    test(name, { timeout }, async () => {
      const from = walk.gauge.all.length;
      for (let round = 0; round < Math.max(1, rounds); round += 1) await go(walk);
      judge(walk.gauge.all.slice(from));
    });

  test('content that is hard to show', { timeout }, async () => {
    const { page } = window;
    await page.goto('/sessions?run=strange');
    await page.locator('[data-index="0"]', { hasText: 'strange' }).click();
    await page.locator('[role=option]').nth(1).waitFor();
    const address = page.url().replace(/\?.*/, '');
    await using unlogged = await UnloggedPage.open(site.browser, window.context);
    const gauge = Gauge.ofUnlogged(site.browser, unlogged);
    for (let round = 0; round < Math.max(1, rounds); round += 1) await walkPathological(gauge, unlogged, address);
    walk.gauge.all.push(...gauge.all);
    judge(gauge.all);
  });

  test(`${open} questions, and ${sizes.over} that are over`, { timeout }, async () => {
    writeApprovals({ ...site, session: played, open, over: sizes.over });
    await using watcher = await site.as('omar');
    await watcher.page.goto('/approvals');
    await watcher.page.locator('main [role=status]', { hasText: `${open} waiting for you.` }).waitFor();
    await using approver = await site.as('omar');
    const gauge = await Gauge.of(site.browser, approver.page);
    for (let round = 0; round < Math.max(1, rounds); round += 1)
      await walkApprovals({ page: approver.page, gauge }, open - round, open + sizes.over);
    // What was refused elsewhere stays where it stood, however much was asked since.
    await watcher.page.locator('[data-index="0"]').focus();
    await watcher.page.keyboard.press('End');
    await watcher.page.locator(`[data-index="${open - 1}"]`).waitFor();
    await watcher.page.locator('[data-index]', { hasText: 'refused' }).first().waitFor({ timeout: 60_000 });
    walk.gauge.all.push(...gauge.all);
    judge(gauge.all);
  });

  test('no page met a fault', () => assert.deepEqual(site.faults, []));
});

const statements = 20;

describe('the console before a session that goes on', { skip: whyNot, timeout: suiteMs }, () => {
  test('shows what an agent asks as it asks it', { timeout: suiteMs }, async () => {
    const site = await openSite();
    try {
      const agent = await site.line('live');
      await agent.query('SELECT 0 AS statement_0');
      await using window = await site.as('ada');
      const { page } = window;
      const gauge = await Gauge.of(site.browser, page);
      await page.goto('/sessions?run=live');
      await page.locator('[data-index="0"]', { hasText: 'live' }).click();
      const shows = (at: number) => page.locator('[role=option]', { hasText: `statement_${at}` }).waitFor();
      await shows(0);
      for (let at = 1; at <= statements; at += 1) {
        await agent.query(`SELECT ${at} AS statement_${at}`);
        await gauge.step('what an agent asks shows', () => shows(at));
      }
      await gauge.step('500 statements at once show', async () => {
        for (let at = 1; at <= 500; at += 1) await agent.query(`SELECT ${at} AS burst`);
        await agent.query('SELECT 1 AS statement_last');
        await page.locator(`input[type=range][aria-valuetext$=" of ${statements + 502}"]`).waitFor();
      });
      await agent.end();
      // One in twenty may be later.
      const [late, ...others] = gauge.all.slice(0, statements).toSorted((one, other) => other.took - one.took);
      await keepMeasures(isLong ? 'live-long' : 'live', [...others.slice(0, 1), ...gauge.all.slice(statements)]);
      assert.ok(late);
      assert.deepEqual([...gauge.all.flatMap(overSize), ...(isLong ? others.flatMap(overTime) : [])], []);
      assert.deepEqual(site.faults, []);
    } finally {
      await site.close();
    }
  });
});

function judge(all: readonly Measured[]): void {
  const steps = middles(all);
  assert.ok(steps.length > 1);
  assert.deepEqual([...steps.flatMap(overSize), ...(isLong ? steps.flatMap(overTime) : [])], []);
}

/** Each step once. */
function middles(all: readonly Measured[]): Measured[] {
  return [...new Set(all.map(({ step }) => step))].map((step) => middleOf(all.filter((each) => each.step === step)));
}

/** The medians of one step over the rounds; sizes are the largest. */
function middleOf(same: readonly Measured[]): Measured {
  const [first] = same;
  assert.ok(first);
  const middle = (of: (each: Measured) => number) => same.map(of).toSorted((one, other) => one - other)[Math.floor(same.length / 2)] ?? 0;
  const largest = (of: (each: Measured) => number) => Math.max(...same.map(of));
  return {
    step: first.step,
    took: middle(({ took }) => took),
    longestTask: middle(({ longestTask }) => longestTask),
    longestTaskCpu: middle(({ longestTaskCpu }) => longestTaskCpu),
    pressP95: middle(({ pressP95 }) => pressP95),
    presses: largest(({ presses }) => presses),
    nodes: largest(({ nodes }) => nodes),
    rowsInPage: largest(({ rowsInPage }) => rowsInPage),
    requests: largest(({ requests }) => requests),
    heap: largest(({ heap }) => heap),
  };
}
