import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leavesEncoding } from './encoding-question.ts';
import { deallocated, takingsOf } from './takings.ts';
import type { StatementExchange } from './statement-exchange.ts';

const spaces = ' '.repeat(1_000_000);

describe('what a statement may take', () => {
  for (const [text, statement, portals] of [
    ['select 1', undefined, false],
    ['insert into t values (1)', undefined, false],
    ['begin', undefined, false],
    ['deallocate s', 's', false],
    ['  DEALLOCATE PREPARE S ; ', 's', false],
    ['deallocate "T""t"', 'T"t', false],
    [`deallocate ${'a'.repeat(70)}`, 'a'.repeat(63), false],
    ['deallocate all', null, false],
    ['deallocate s -- and no more', null, false],
    ['deallocate/**/s', null, false],
    ['deallocate U&"\\0073"', null, false],
    ['/* */ deallocate s', null, true],
    ['-- x\nexecute s', null, true],
    ['execute s', null, true],
    ['discard all', null, true],
    ["do $$ begin execute 'deallocate s'; end $$", null, true],
    ["insert into words values ('deallocate')", null, false],
    ['close c', undefined, true],
    ['Commit', undefined, true],
    ['end', undefined, true],
    ['rollback to a', undefined, true],
    ["prepare transaction 'x'", undefined, true],
    ['call p()', undefined, true],
    ['/* /* */ */ close c', undefined, true],
    ['select case when true then 1 end', undefined, false],
  ] as const)
    test(text, () => assert.deepEqual(takingsOf(text), { statement, portals }));

  test('hostile texts are read in time', () => {
    for (const text of [`deallocate s${spaces}x`, `${spaces}execut`, `/*${spaces}execut`, `deallocate "${'""'.repeat(500_000)}`]) {
      assert.equal(takingsOf(text).statement ?? null, null);
      assert.equal(deallocated(text), null);
    }
  });
});

describe('whether a statement leaves the encoding as it is', () => {
  for (const [text, leaves] of [
    ['begin', true],
    ['BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY;', true],
    ['start  transaction', true],
    ['savepoint a', true],
    ['commit', false],
    ['rollback', false],
    ['select 1', false],
    ["set client_encoding = 'UTF8'", false],
    ['begin; select f()', false],
    [`begin${spaces}!`, false],
    [`savepoint a${spaces}`, false],
  ] as const)
    test(text.slice(0, 60), () => {
      const exchange = { bound: true, executed: true, action: { text } } as StatementExchange;
      assert.equal(leavesEncoding(exchange), leaves);
    });
});
