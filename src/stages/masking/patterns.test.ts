import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PatternSet } from './patterns.ts';

describe('patterns of users', () => {
  function found(sources: readonly string[], text: string): string[] {
    const result: string[] = [];
    const set = new PatternSet(sources.map((source) => ({ name: 'x', source })));
    set.find(text, (index, start, end) => result.push(`${index}:${text.slice(start, end)}`));
    return result.toSorted();
  }

  const cases: readonly (readonly [patterns: readonly string[], text: string, found: readonly string[]])[] = [
    [[], 'E123456', []],
    [['E[0-9]{6}'], 'E123456 and E654321, not E12345', ['0:E123456', '0:E654321']],
    [['E[0-9]{6}', '(?i)badge \\w+'], 'Badge x7 of E123456', ['0:E123456', '1:Badge x7']],
    [['\\bK\\d\\b', 'b|$'], 'aK1 K2', ['0:K2']],
    [['[가-힣]+'], '이름 🙂 홍길동', ['0:이름', '0:홍길동']],
    [['.+'], 'line\nline', ['0:line', '0:line']],
  ];
  for (const [patterns, text, expected] of cases)
    test(`${patterns.join(' ')} in ${JSON.stringify(text)}`, () => assert.deepEqual(found(patterns, text), expected));

  // A backtracking engine needs 2^100,000 steps for the first three: that the test ends at all is the proof.
  for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*a){12}b', '(\\w+\\s?)+!'])
    test(`${pattern} takes linear time`, () => assert.deepEqual(found([pattern, 'never'], `${'a'.repeat(100_000)}c`), []));
});
