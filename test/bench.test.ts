import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readOptions } from '../bench/options.ts';
import { median, quantile } from '../bench/quantile.ts';
import { addedLatencyRatio, ratio } from '../bench/report/comparison.ts';
import { documentOf } from '../bench/report/document.ts';
import { goalsOf, isReached } from '../bench/report/goals.ts';
import { pictureOf } from '../bench/report/picture.ts';
import { lastSaved } from '../bench/report/saved.ts';
import { markdownOf, tablesOf } from '../bench/report/tables.ts';
import type { PgbenchRun, Results } from '../bench/results.ts';
import { steadyOf } from '../bench/stages/pgbench.ts';
import { root } from './structure/tree.ts';

describe('docs/benchmarks.md', () => {
  const results = lastSaved();
  const read = (path: string) => readFileSync(root + path, 'utf8');

  test('has the tables of the saved results', () => {
    const tables = tablesOf(results);
    assert.equal(
      tables.length,
      6 +
        (results.processes === undefined ? 0 : 1) +
        (results.gate === undefined ? 0 : 2) +
        (results.masking === undefined ? 0 : 1) +
        (results.http === undefined ? 0 : 1) +
        (results.git === undefined ? 0 : 1),
    );
    for (const table of tables) assert.ok(read('docs/benchmarks.md').includes(markdownOf(table)), table.name);
  });
  test('is what the benchmark writes', () => assert.equal(read('docs/benchmarks.md'), documentOf(results)));
  test('has the picture that the benchmark draws', () => assert.equal(read('docs/benchmarks.svg'), pictureOf(results)));
  test('shows a run of everything', () => assert.ok(!results.options.quick && results.options.rounds > 0));
});

describe('what the benchmark makes of its runs', () => {
  const run = (variant: PgbenchRun['variant'], round: number, rate: number, p50Micros: number): PgbenchRun => {
    const load = { mode: 'prepared', clients: 1 } as const;
    return { ...load, round, variant, statementsPerSecond: rate, p50Micros, p99Micros: 9, cpuMicros: null, journal: null };
  };
  const direct = [run('direct', 0, 100, 50), run('direct', 1, 10, 500), run('direct', 2, 100, 50)];
  const bouncer = [run('pgbouncer', 0, 80, 90), run('pgbouncer', 1, 8, 900), run('pgbouncer', 2, 80, 90)];
  const write = [run('write', 0, 50, 100), run('write', 1, 6, 900), run('write', 2, 40, 110)];
  const { gate: _gate, masking: _masking, http: _http, git: _git, ...measured } = lastSaved();
  const results: Results = { ...measured, pgbench: [...direct, ...bouncer, ...write], copy: [], result: [], idle: [], connect: [] };

  test('compares within a round, then takes the middle', () =>
    assert.equal(
      ratio(write, direct, (one) => one.statementsPerSecond),
      0.5,
    ));
  test('counts from when every client is done with its first transaction, or half of the time is over', () => {
    const at = (client: string, second: number) => ({ client, at: second * 1e6, micros: second });
    const done = [at('0', 1), at('0', 2), at('1', 3), at('0', 4), at('1', 4), at('0', 7)];
    assert.deepEqual(steadyOf(done, 'direct'), { rate: 0.75, latencies: [4, 4, 7] });
    assert.deepEqual(steadyOf([at('0', 1), at('0', 5), at('1', 5)], 'direct'), { rate: 1, latencies: [5] });
    assert.throws(() => steadyOf(done.slice(0, 1), 'direct'), /had just begun/);
  });
  test('compares nothing with nothing', () =>
    assert.equal(
      ratio(write, [], (one) => one.statementsPerSecond),
      null,
    ));
  test('compares what is added to what pgbouncer adds', () =>
    assert.equal(addedLatencyRatio(results, { mode: 'prepared', clients: 1 }), 1.25));
  test('asks nothing of what was not measured', () => {
    const reached = goalsOf(results).map(isReached);
    assert.deepEqual(
      reached.filter((value) => value !== null),
      [true],
    );
  });
  test('has the quantiles', () => {
    assert.deepEqual([quantile([3, 1, 2, 4], 0.5), quantile([1, 2, 3, 4], 0.99), quantile([7], 0.5)], [2, 4, 7]);
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, Number.NaN]);
  });
});

describe('the arguments of the benchmark', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['tortoise', /no stage "tortoise"/],
    ['--rounds 0', /whole/],
    ['--seconds 1.5', /whole/],
    ['--save copy', /all stages/],
    ['--save --quick', /all stages/],
    ['--fast', /--fast/],
    ['--help', /^npm run bench/],
  ];
  for (const [text, says] of refused)
    test(`${text} is answered`, () => {
      const answer = readOptions(text.split(' '));
      assert.match(typeof answer === 'string' ? answer : '', says);
    });

  test('choose stages, rounds and seconds', () => {
    const options = readOptions(['copy', 'pgbench', '--rounds', '2', '--seconds', '7', '--quick']);
    assert.ok(typeof options === 'object');
    assert.deepEqual([options.stages, options.rounds, options.seconds, options.quick], [['pgbench', 'copy'], 2, 7, true]);
  });
});
