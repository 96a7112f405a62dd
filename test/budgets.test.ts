import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readModule } from './structure/module.ts';
import { isTest, sourceTree } from './structure/tree.ts';

const modules = [...sourceTree().values()];
const product = modules.filter(({ path }) => !isTest(path));
const functions = product.flatMap(({ path, functions: inside }) => inside.map((size) => ({ ...size, path })));

describe('the budgets of the source tree', () => {
  test('are measured on all of it', () => assert.ok(product.length > 30 && functions.length > 100));

  test('no file over 400 lines', () => {
    assert.deepEqual(
      modules.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines}`),
      [],
    );
  });

  test('half of the files at 100 lines or less', () => {
    const median = quantile(
      product.map(({ lines }) => lines),
      0.5,
    );
    assert.ok(median <= 100, `the median is ${median}`);
  });

  test('no function over 60 lines', () => {
    assert.deepEqual(
      functions.filter(({ lines }) => lines > 60).map(({ path, line, what, lines }) => `${path}:${line} ${what}: ${lines}`),
      [],
    );
  });

  test('95 of 100 functions at 30 lines or less', () => {
    const measured = quantile(
      functions.map(({ lines }) => lines),
      0.95,
    );
    const longest = functions.toSorted((a, b) => b.lines - a.lines).slice(0, 10);
    const names = longest.map(({ path, line, what, lines }) => `${path}:${line} ${what}: ${lines}`);
    assert.ok(measured <= 30, `95 of 100 are at ${measured} lines or less; the longest:\n${names.join('\n')}`);
  });

  test('no any, enum or default export', () => {
    assert.deepEqual(
      modules.flatMap(({ path, unwanted }) => unwanted.map(({ what, line }) => `${path}:${line} ${what}`)),
      [],
    );
  });
});

describe('the measure', () => {
  const text = [
    'export default function outer() {',
    '  const inner = () => {',
    '    return 1 as any;',
    '  };',
    '  return inner;',
    '}',
    'enum Size { Large }',
    'export const short = () => Size.Large;',
    'class Box { method(): void {',
    '} }',
    'export { short as default };',
    '',
  ].join('\n');
  const measured = readModule('src/core/a.ts', text);

  test('counts lines', () => assert.equal(measured.lines, 11));
  test('counts functions with a body, nested ones and methods too', () =>
    assert.deepEqual(
      measured.functions.map(({ line, lines }) => [line, lines]),
      [
        [1, 6],
        [2, 3],
        [9, 2],
      ],
    ));
  test('finds what is unwanted', () =>
    assert.deepEqual(
      measured.unwanted.map(({ what, line }) => `${what} ${line}`),
      ['default export 1', 'any 3', 'enum 7', 'default export 11'],
    ));
});

/** The least value that this share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}
