import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStatementEnd } from './statement-end.ts';
import { boundValues, tableLines } from './table.ts';
import { jsonLine, shorten, visibleLine, visibleLines, widthOf } from './visible.ts';

describe('hostile text is shown, not sent', () => {
  const cases = [
    ['clear screen', '\x1b[2Jgone', '␛[2Jgone'],
    ['clipboard (OSC 52)', '\x1b]52;c;ZXZpbA==\x07', '␛]52;c;ZXZpbA==␇'],
    ['title, ended by ST', '\x1b]0;root\x1b\\', '␛]0;root␛\\'],
    ['C1 CSI', '\u009b31m', '\\u{9b}31m'],
    ['bidi override', 'a\u202Eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['zero width', 'pass\u200bword\ufeff', 'pass\\u{200b}word\\u{feff}'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['carriage return', 'safe\rEVIL', 'safe␍EVIL'],
    ['backspace, NUL, DEL', 'a\b\0\x7f', 'a␈␀␡'],
    ['line feed and tab', 'a\nb\tc', 'a↵b␉c'],
    ['lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['what is harmless', 'Zoë 東京 👍 ❤️ e\u0301', 'Zoë 東京 👍 ❤️ e\u0301'],
  ] as const;
  for (const [what, text, shown] of cases) it(what, () => assert.equal(visibleLine(text), shown));

  it('lines stay lines, tabs become spaces', () => {
    assert.deepEqual(visibleLines('select\r\n\t1;\n\x1b[A'), ['select', '    1;', '␛[A']);
  });
});

describe('JSON for a terminal', () => {
  for (const text of ['\x1b[2J', '\u009b31m', 'a\u202Eb', '\x7f', 'a\u{e0041}b', 'Zoë 東京 👍 ❤️', 'a\nb', '\ud800'])
    it(`${JSON.stringify(text)} parses to the same and holds no control`, () => {
      const line = jsonLine({ text });
      assert.deepEqual(JSON.parse(line), { text });
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}]/u);
    });
});

describe('width and shortening', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['東京', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['', 0],
  ] as const)
    it(`${text} takes ${width}`, () => assert.equal(widthOf(text), width));

  for (const [text, limit, shown] of [
    ['short', 10, 'short'],
    ['x'.repeat(100), 30, `${'x'.repeat(17)}…(+83 chars)`],
    ['x'.repeat(100), 5, 'x…(+99 chars)'],
    ['東'.repeat(50), 30, `${'東'.repeat(9)}…(+41 chars)`],
  ] as const)
    it(`${text.slice(0, 8)} in ${limit}`, () => assert.equal(shorten(text, limit), shown));
});

describe('tables', () => {
  it('align numbers to the right, tell NULL from its text, and never let a cell break a line', () => {
    const rows = [
      ['1', 'Ada', null],
      ['20', '東京', 'NULL'],
      ['3', 'a\n\x1b[31mb', '∅'],
    ];
    assert.deepEqual(tableLines(['id', 'name', 'note'], rows, { cell: 20, ruled: true }), [
      'id │ name     │ note',
      '───┼──────────┼─────',
      ' 1 │ Ada      │ ∅',
      '20 │ 東京     │ NULL',
      ' 3 │ a↵␛[31mb │ "∅"',
    ]);
  });
  it('show what is ragged or empty', () => {
    assert.deepEqual(tableLines(['a', 'b'], [], { cell: 20, ruled: false }), ['a  b']);
    assert.deepEqual(tableLines(['a'], [['1', 'x']], { cell: 20, ruled: false }), ['a', '1  x']);
  });
  it('bind values', () => assert.equal(boundValues(['7', null, 'a\x1b[m'], 40), "$1 = '7', $2 = ∅, $3 = 'a␛[m'"));
});

describe('a typed statement ends', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['select 1;', true],
    ['select 1; ', true],
    ['select 1; -- done', true],
    ['select 1; /* done */', true],
    ['select 1', false],
    ["select ';", false],
    ["select ';';", true],
    ["select 'it''s;", false],
    ["select e'\\';", false],
    ["select e'\\'';", true],
    ["select '\\';", true],
    ['select ";', false],
    ['select $$;', false],
    ['select $$;$$;', true],
    ['select $a$;$$;', false],
    ['select $a$;$b$;$a$;', true],
    ['select a$1;', true],
    ['-- select 1;', false],
    ['/* /* */ ;', false],
    ['/* /* */ */ select 1;', true],
    ['', false],
    [';', true],
  ];
  for (const [text, ended] of cases) it(`${JSON.stringify(text)}: ${ended}`, () => assert.equal(isStatementEnd(text), ended));
});
