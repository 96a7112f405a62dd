import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { courtesy, type MainThreadTime } from './priority.ts';

const second = 1e9;
const cases: readonly [name: string, after: Omit<MainThreadTime, 'atNs'> | null, lagBytes: number, rests: number][] = [
  ['a main thread that waits for a processor is let pass', { ranNs: 0.6 * second, waitedNs: 0.2 * second }, 0, 450],
  ['one that has its processor is not', { ranNs: 0.9 * second, waitedNs: 0.01 * second }, 0, 0],
  ['one that has nothing to do is not, whoever else is busy', { ranNs: 0.01 * second, waitedNs: 0.02 * second }, 0, 0],
  ['what is far behind is caught up with all the same', { ranNs: 0.6 * second, waitedNs: 0.2 * second }, 2 ** 31, 0],
  ['where the kernel tells nothing there is no rest', null, 0, 0],
];

describe('the courtesy of the archive', () => {
  for (const [name, after, lagBytes, rests] of cases)
    test(name, () => {
      const times: (MainThreadTime | null)[] = [{ atNs: 0, ranNs: 0, waitedNs: 0 }, after && { atNs: second, ...after }];
      const rest = courtesy(() => times.shift() ?? null);
      assert.equal(rest(30, lagBytes), rests);
    });

  test('no rest is longer than is bearable to whoever looks for what happened just now', () => {
    const times: MainThreadTime[] = [
      { atNs: 0, ranNs: 0, waitedNs: 0 },
      { atNs: second, ranNs: 0.5 * second, waitedNs: 0.5 * second },
    ];
    assert.equal(courtesy(() => times.shift() ?? null)(60_000, 0), 2_000);
  });
});
