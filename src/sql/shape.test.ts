import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../test/rig/random.ts';
import { type ParsedStatement, parseStatements } from './parse.ts';
import { literalsOf, shapeOf } from './shape.ts';
import { withOtherLiterals } from './testing/other-literals.ts';
import { linesOf } from './testing/sample.ts';
import { isFields } from './tree.ts';
import { watchLiterals } from './watched-literals.ts';

const corpus = [...linesOf('harmless.txt'), ...['hiding.txt', 'lineage.txt'].flatMap(linesOf).map((line) => line.replace(/^.*? :: /, ''))];

async function parsed(text: string): Promise<readonly ParsedStatement[] | null> {
  const read = await parseStatements(text);
  return 'unreadable' in read ? null : read.statements;
}

/** A tree as text, but for where its nodes stand and the values of its constants. */
function bare(tree: unknown): string {
  return JSON.stringify(tree, (key, value: unknown) => {
    if (key === 'location' || key.endsWith('_start') || key.endsWith('_end')) return undefined;
    return key === 'A_Const' && isFields(value) ? Object.keys(value) : value;
  });
}

/** Whether the text has a shape that can be shared; then one with other literals must be the same to the parser. */
async function holds(text: string, random: Random): Promise<boolean> {
  const other = withOtherLiterals(text, random);
  if (other === null) return false;
  assert.equal(shapeOf(other), shapeOf(text));
  const [one, two] = [await parsed(text), await parsed(other)];
  const [statement, second] = one ?? [];
  if (statement === undefined || second !== undefined) return false;
  if (watchLiterals(statement, text, literalsOf(text)) === null) return false;
  assert.equal(two?.length, 1, `${text}\n${other}`);
  assert.equal(bare(two[0]?.tree), bare(statement.tree), `${text}\n${other}`);
  return true;
}

describe('the shape of a text', () => {
  test('leaves out the values of literals and nothing else', () => {
    assert.equal(
      shapeOf(`select 'it''s', 1, 2.5 from "a'1" t1 where x=$1 and y=-7`),
      `select \u0001, \u0002, \u0003 from "a'1" t1 where x=$1 and y=-\u0002`,
    );
    assert.equal(shapeOf('select 1234567890, 1'), 'select 1234567890, \u0002');
    assert.notEqual(shapeOf("select '1'"), shapeOf('select 1'));
    assert.notEqual(shapeOf('select 1.0'), shapeOf('select 1'));
    assert.deepEqual(literalsOf("select 'it''s'"), [{ at: 7, kind: 'text', value: "it's" }]);
  });

  const without = [
    ['no literal', 'select a from b'],
    ['a comment', 'select 1 -- 2'],
    ['a comment in a comment', 'select 1 /* 2 */'],
    ['a backslash', "select 'a\\'"],
    ['an escape string', "select e'a'"],
    ['a bit string', "select B'1'"],
    ['a Unicode string', "select U&'a'"],
    ['a Unicode name', 'select U&"a", 1'],
    ['dollar quotes', 'select $$a$$, 1'],
    ['named dollar quotes', 'select $a$1$a$, 1'],
    ['a hexadecimal number', 'select 0x1F'],
    ['a number with an exponent', 'select 1e5'],
    ['a number with an underscore', 'select 1_000'],
    ['a number that ends in a dot', 'select 1.'],
    ['a number that begins with a dot', 'select .5'],
    ['a number with a name behind it', 'select 1a'],
    ['a parameter with a name behind it', 'select $1a, 1'],
    ['an open string', "select 'a"],
    ['an open name', 'select 1 as "a'],
    ['a character beyond ASCII', "select 'é'"],
    ['a NUL', "select 'a', '\0'"],
    ['a mark of its own', "select '\u0001'"],
    ['a vertical tab', 'select\u000b1'],
  ] as const;
  for (const [what, text] of without) test(`there is none with ${what}`, () => assert.equal(shapeOf(text), null));

  test('is the same tree, whatever its literals say, in all statements that are known', async () => {
    const random = new Random(1);
    let shared = 0;
    for (const text of corpus) for (let round = 0; round < 4; round += 1) if (await holds(text, random)) shared += 1;
    assert.ok(shared > 500, `${shared}`);
  });

  test('is the same tree in texts that are put together from what is hard to scan', async () => {
    const random = new Random(2);
    const pieces = `select |a|t1.x|"q''1"|"Q"| 1| 23|'a'|'it''s'|''|1.5|-|- 1|--|/*|*/|+|*|/|,|, |(|)|[1]|::int|::text|::varchar(3)| as x|
 |\n|'|"|$1|$| from t| where x=1| and |in (1,2)| interval '1' day| interval(2) '1'| float(24)| numeric(10,2)|e'|b'1'|x'1F'|U&'a'|&|.|..|.5|5.|1e5|0x1|1_0| limit 1| order by 1| group by 1|
 date '2020-01-01'|;|; select 1|'a'\n'b'|case when 1 then 'a' end|array[1,2]|position('a' in 'b')|extract('year' from x)|like 'a' escape 'b'|values (1,'a')`
      .split('|')
      .map((piece) => piece.replace(/^\n /, ''));
    let shared = 0;
    for (let index = 0; index < 6_000; index += 1) {
      const text = `select ${Array.from({ length: 1 + random.below(7) }, () => random.pick(pieces)).join(random.pick(['', ' ']))}`;
      if (await holds(text, random)) shared += 1;
    }
    assert.ok(shared > 100, `${shared}`);
  });

  test('cannot be shared where a literal is more than a constant', async () => {
    const one = async (text: string) => {
      const [statement] = (await parsed(text)) ?? [];
      assert.ok(statement, text);
      return watchLiterals(statement, text, literalsOf(text));
    };
    for (const text of [
      "select float(24) '1'",
      "copy t from '/tmp/x'",
      "do 'begin end'",
      "comment on table t is 'x'",
      "notify c, 'x'",
      "create function f() returns int language sql as 'select 1'",
      "select 'a'\n'b'",
      'alter table t alter a set statistics 100',
    ])
      assert.equal(await one(text), null, text);
    for (const text of ["insert into t values (1, 'x', -1.50, - 2)", "select 'x'::varchar(10)", "select interval '1' day"])
      assert.notEqual(await one(text), null, text);
  });
});
