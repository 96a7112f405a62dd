import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { splitStatements } from './split.ts';

const cases: readonly (readonly [text: string, statements: readonly string[]])[] = [
  ['select 1', ['select 1']],
  ['select 1;', ['select 1;']],
  ['select 1; select 2', ['select 1', 'select 2']],
  ['select 1;; ; select 2;', ['select 1', 'select 2']],
  ["select ';'; select 2", ["select ';'", 'select 2']],
  ["select E'\\';'; select 2", ["select E'\\';'", 'select 2']],
  ['select $$;$$; select $a$;$$;$a$', ['select $$;$$', 'select $a$;$$;$a$']],
  ['select 1 /* ; /* ; */ */; select 2 -- ; x', ['select 1 /* ; /* ; */ */', 'select 2 -- ; x']],
  ['select "a;b" from t; select 2', ['select "a;b" from t', 'select 2']],
  ["select 'größe ✓ 😀'; select 'ä'", ["select 'größe ✓ 😀'", "select 'ä'"]],
  [
    'create function f() returns int begin atomic select 1; select 2; end; select 3',
    ['create function f() returns int begin atomic select 1; select 2; end', 'select 3'],
  ],
  ['selec 1; select 2', ['selec 1; select 2']],
  ["select 'open; select 2", ["select 'open; select 2"]],
  ['', ['']],
  [';', [';']],
  ['-- a; b\n', ['-- a; b\n']],
];

describe('a text of statements', () => {
  for (const [text, statements] of cases)
    test(JSON.stringify(text).slice(0, 60), async () => assert.deepEqual(await splitStatements(text), statements));

  test('a long one is cut elsewhere, in the same way', async () => {
    const long = Array.from({ length: 2_000 }, (_, index) => `select ${index}, 'ä;'`);
    const cut = splitStatements(long.join(';'));
    assert.ok(cut instanceof Promise);
    assert.deepEqual(await cut, long);
  });

  test('one that nests without end stays whole, and the next one is cut', async () => {
    const deep = `select ${'('.repeat(200_000)}1${')'.repeat(200_000)}; select 2`;
    assert.deepEqual(await splitStatements(deep), [deep]);
    const long = `select '${'x'.repeat(10_000)}'; select 2`;
    assert.equal((await splitStatements(long)).length, 2);
  });

  test('many long ones at once are answered each', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `select '${'x'.repeat(9_000)}${index}'; select ${index}`);
    const all = await Promise.all(texts.map(async (text) => splitStatements(text)));
    assert.deepEqual(
      all.map((statements) => statements[1]),
      texts.map((_, index) => `select ${index}`),
    );
  });
});
