import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compileQuery } from './compile.ts';
import { fields, synonyms } from './fields.ts';
import { parseQuery } from './parse.ts';
import type { Query, QueryProblem, Value } from './syntax.ts';

const now = Date.UTC(2026, 10, 22, 12);

/** A query as one reads it in brackets. */
function shown(query: Query | null): string {
  if (query === null) return '';
  switch (query.kind) {
    case 'and':
    case 'or':
      return `(${query.of.map(shown).join(` ${query.kind} `)})`;
    case 'not':
      return `!${shown(query.of)}`;
    case 'text':
      return valueShown(query.value);
    case 'filter':
      return `${query.field}=${query.values.map(valueShown).join('|')}`;
    default:
      return query satisfies never;
  }
}

function valueShown(value: Value): string {
  switch (value.kind) {
    case 'word':
      return value.text;
    case 'phrase':
      return `«${value.text}»`;
    case 'pattern':
      return `/${value.source}/`;
    case 'compare':
      return `${value.sign}${value.text}`;
    case 'range':
      return `${value.low}…${value.high}`;
    default:
      return value satisfies never;
  }
}

function parsed(text: string): Query | null {
  const result = parseQuery(text);
  return 'problem' in result ? assert.fail(`${text}: ${result.problem.message}`) : result.query;
}

function problemOf(text: string): QueryProblem {
  const result = parseQuery(text);
  if ('problem' in result) return result.problem;
  const compiled = compileQuery(result.query, now);
  return 'problem' in compiled ? compiled.problem : assert.fail(`${text} is a query`);
}

describe('a query', () => {
  const read: readonly (readonly [text: string, shown: string])[] = [
    ['', ''],
    ['   ', ''],
    ['select', 'select'],
    ['select users', '(select and users)'],
    ['a and b AND c', '(a and b and c)'],
    ['a or b c', '(a or (b and c))'],
    ['a (b or c) d', '(a and (b or c) and d)'],
    ['-a !b not c', '(!a and !b and !c)'],
    ['-(a or b)', '!(a or b)'],
    ['not (a b)', '!(a and b)'],
    ['android orders nothing', '(android and orders and nothing)'],
    ['"and" "or"', '(«and» and «or»)'],
    ['"say \\"hi\\" \\\\ there"', '«say "hi" \\ there»'],
    ['select * from x', '(select and * and from and x)'],
    ["where a='b'", "(where and a='b')"],
    ['12:30', '12:30'],
    ['a-b -c', '(a-b and !c)'],
    ['- x', '(- and x)'],
    ['/^drop\\s/', '/^drop\\s/'],
    ['/etc/passwd', '/etc/passwd'],
    ['verdict:refused', 'verdict=refused'],
    ['Verdict:Refused', 'verdict=Refused'],
    ['verdict:[refused, denied] at:-24h', '(verdict=refused|denied and at=-24h)'],
    ['rows:>1k -approval:*', '(rows=>1k and !approval=*)'],
    ['object:/^delete_/ took:<4s', '(object=/^delete_/ and took=<4s)'],
    ['text:"BEGIN PRIVATE KEY" or has:gap', '(text=«BEGIN PRIVATE KEY» or has=gap)'],
    ['(is:worked_around object:refunds)', '(is=worked_around and object=refunds)'],
    ['at:2026-11-01..2026-11-14', 'at=2026-11-01…2026-11-14'],
    ['object:"a:b c"', 'object=«a:b c»'],
    ['object:a\\/b', 'object=a\\/b'],
    ['res.body:x', 'res.body=x'],
  ];
  for (const [text, expected] of read)
    it(`${text || 'nothing'} is ${expected || 'everything'}`, () => assert.equal(shown(parsed(text)), expected));

  const wrong: readonly (readonly [text: string, marked: string, says: RegExp, instead?: string | null])[] = [
    ['a (b', '(', /bracket that is not closed/],
    ['a ) b', ')', /closing bracket/],
    ['"open', '"', /quotation mark/],
    ['x ""', '""', /nothing between/],
    ['a or', '', /ends where/],
    ['verdict:', '', /lacks a value/],
    ['verdict:[a', '[', /not closed with \]/],
    ['object:/open', '/', /not closed with \//],
    [`${'('.repeat(30)}a${')'.repeat(30)}`, '(', /deep/],
    [Array.from({ length: 70 }, () => 'a').join(' '), 'a', /more than 64/],
    [`x ${'y'.repeat(2000)}`, 'yy', /longer than 2000/],
    ['verdct:refused', 'verdct', /no field "verdct".*verdict/, 'verdict'],
    ['a zzzzzzzzzzzzzzzz:b', 'zzzzzzzzzzzzzzzz', /no field/, null],
    ['http://example.com', 'http', /put it in quotes/],
    ['constructor:x', 'constructor', /no field/],
    ['verdict:refuesd', 'refuesd', /one of permitted, approved/, 'refused'],
    ['is:odd', 'odd', /nothing that is can be/],
    ['rows:many', 'many', /not a number/],
    ['bytes:>5XB', '>5XB', /not a size/],
    ['took:1..soon', '1..soon', /not a length of time/],
    ['at:yesterday', 'yesterday', /not a time/],
    ['at:2026-13-45', '2026-13-45', /not a time/],
    ['object:/(/', '/(/', /cannot be read/],
    ['object:/(a)\\1/', '/(a)\\1/', /cannot be read/],
    [`object:/${'a'.repeat(501)}/`, `/${'a'.repeat(501)}/`, /longer than 500/],
  ];
  for (const [text, marked, says, instead] of wrong)
    it(`${text.slice(0, 40)} is none, and it is said where`, () => {
      const problem = problemOf(text);
      assert.match(problem.message, says);
      assert.equal(text.slice(problem.from, problem.until).slice(0, 600), marked);
      if (instead !== undefined) assert.equal(problem.instead, instead);
    });

  it('asks the full-text index for what must be found, and rows for the rest', () => {
    const compiled = compileQuery(parsed('users text:"two words" ab -orders verdict:refused'), now);
    assert.ok(!('problem' in compiled));
    assert.equal(compiled.match, '"users" AND asked : "two words"');
    assert.equal(compiled.conditions.length, 5);
  });

  it('binds what it looks for, and never writes it into the statement', () => {
    const hostile = `x' OR 1=1 --`;
    for (const name of Object.keys(fields)) {
      const quoted = `${name}:"${hostile}"`;
      const result = parseQuery(quoted);
      assert.ok('query' in result);
      const compiled = compileQuery(result.query, now);
      if ('problem' in compiled) continue;
      for (const { sql } of compiled.conditions) assert.doesNotMatch(sql, /1=1/);
    }
  });

  const documented = readFileSync(new URL('../../../docs/console.md', import.meta.url), 'utf8');
  const rows = documented.split('\n').filter((line) => line.startsWith('| `'));

  it('has the fields that the documentation lists, and no other', () => {
    const listed = rows.filter((line) => /^\| `\w+` \| [A-Z]/.test(line));
    const expected = Object.entries(fields).map(([name, { says, values }]) => {
      const words = Object.keys(synonyms).filter((word) => synonyms[word] === name);
      const code = (all: readonly string[]) => all.map((word) => `\`${word}\``).join(' ');
      return `| \`${name}\` | ${says}${values === undefined ? '' : `: ${code(Object.keys(values))}`} | ${code(words)} |`;
    });
    assert.deepEqual(listed, expected);
  });

  it('can be each of the examples in the documentation', () => {
    const examples = rows.map((line) => /^\| `([^`]*[: ][^`]*)` \| [a-z]/.exec(line)?.[1]).filter((query) => query !== undefined);
    assert.equal(examples.length, 8);
    for (const example of examples) assert.ok(!('problem' in compileQuery(parsed(example), now)), example);
  });

  it('every synonym stands for a field', () => {
    for (const [word, name] of Object.entries(synonyms)) {
      assert.ok(Object.hasOwn(fields, name), word);
      assert.ok(!Object.hasOwn(fields, word), word);
    }
  });
});
