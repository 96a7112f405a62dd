import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needsReadBack as needsItForSlack } from '../src/stages/approvals/tier.ts';
import { needsReadBack, readBackChoices } from '../web/src/approvals/tier.ts';
import { readRow, sourceOf } from '../web/src/masking/sample.ts';
import { choicesFor } from '../web/src/palette/choices.ts';
import type { Fields } from '../web/src/connections/shape.ts';
import { merged } from '../web/src/connections/three-ways.ts';
import { momentOf } from '../web/src/parts/moment-text.ts';
import { beginningOf, piecesOf } from '../web/src/parts/visible-text.ts';
import { fieldBefore, withFilter } from '../web/src/query/fields.ts';
import { lineText } from '../src/api/line-text.ts';
import { withValues } from '../web/src/recording/bound-text.ts';
import { csvOf } from '../web/src/recording/csv.ts';
import { readLine, readLongLine } from '../web/src/recording/lines.ts';
import { Recording } from '../web/src/recording/recording.ts';
import { RowSet } from '../web/src/recording/row-set.ts';

describe('text that others wrote', () => {
  const cases: readonly { readonly name: string; readonly text: string; readonly drawn: readonly string[] }[] = [
    { name: 'plain', text: 'a é 日本 👍🏽 ❤️', drawn: ['a é 日本 👍🏽 ❤️'] },
    { name: 'lines and tabs are plain', text: 'a\n\tb', drawn: ['a\n\tb'] },
    { name: 'a carriage return hides what is before it', text: 'safe\rDROP', drawn: ['safe', '[␍]', 'DROP'] },
    { name: 'an escape sequence', text: '\u001b[31mred', drawn: ['[␛]', '[31mred'] },
    { name: 'C1 controls', text: 'a\u009b31m', drawn: ['a', '[U+009B]', '31m'] },
    { name: 'text in another order', text: 'a\u202eb\u2066c\u2069', drawn: ['a', '[U+202E]', 'b', '[U+2066]', 'c', '[U+2069]'] },
    { name: 'a hidden sentence is one piece', text: 'a\u{e0068}\u{e0069}', drawn: ['a', '[TAG×2]'] },
    { name: 'what fills no cell', text: 'a\u200b\u200bb\u115f', drawn: ['a', '[U+200B×2]', 'b', '[U+115F]'] },
    { name: 'what was not valid', text: 'a\ufffd', drawn: ['a', '[\ufffd]'] },
    { name: 'half of a character', text: 'a\ud800', drawn: ['a', '[U+D800]'] },
    { name: 'a line separator', text: 'a\u2028b', drawn: ['a', '[U+2028]', 'b'] },
    { name: 'right-to-left letters are letters', text: 'שלום مرحبا', drawn: ['שלום مرحبا'] },
  ];
  for (const { name, text, drawn } of cases)
    test(name, () =>
      assert.deepEqual(
        piecesOf(text).map((piece) => (piece.kind === 'text' ? piece.text : `[${piece.picture}]`)),
        drawn,
      ),
    );

  test('hidden words are told', () => {
    const [, hidden] = piecesOf('a\u{e0068}\u{e0069}');
    assert.match(hidden?.kind === 'unseen' ? hidden.name : '', /spell “hi”/);
  });

  test('is few pieces, however much of it is unseen, and nothing of that is left out', () => {
    for (const text of ['\u202e\u2066'.repeat(20_000), 'a\u001b[0m'.repeat(20_000)]) {
      const pieces = piecesOf(text);
      assert.ok(pieces.length <= 1100, `${pieces.length} pieces`);
      const told = (drawn: string) => [...drawn.matchAll(/⟦(?:[^×⟧]+|×(\d+))⟧/g)].reduce((sum, [, count = '1']) => sum + Number(count), 0);
      const unseen = pieces.reduce((sum, piece) => sum + (piece.kind === 'unseen' ? piece.count : told(piece.text)), 0);
      assert.equal(unseen, (text.match(/[\u202e\u2066\u001b]/g) ?? []).length);
      assert.ok(!pieces.some((piece) => piece.kind === 'text' && /[\u202e\u2066\u001b]/.test(piece.text)));
    }
  });

  test('is cut between characters, and what is left out is counted', () => {
    assert.deepEqual(beginningOf('ab👍', 3), { text: 'ab', more: 2 });
    assert.deepEqual(beginningOf('ab', 3), { text: 'ab', more: 0 });
  });
});

describe('bound values', () => {
  const drawn = (text: string, values: readonly (string | null)[]) =>
    withValues(text, values)
      .map((piece) => (piece.kind === 'text' ? piece.text : `«${piece.value ?? 'NULL'}»`))
      .join('');
  test('stand in their places', () => assert.equal(drawn('a = $1 and b = $2 or $1', ['x', null]), 'a = «x» and b = «NULL» or «x»'));
  test('but not within what is quoted or said aside', () =>
    assert.equal(drawn(`'$1' "$1" $$ $1 $$ $a$ $1 $a$ -- $1\n/* $1 */ $1`, ['x']), `'$1' "$1" $$ $1 $$ $a$ $1 $a$ -- $1\n/* $1 */ «x»`));
  test('and not where there is none', () => assert.equal(drawn('$3', ['x']), '$3'));
});

describe('a line of a recording', () => {
  const line = (body: object) => readLine(JSON.stringify({ sequence: 1, at: '2026-01-01T00:00:00.000Z', exchange: 1, ...body }));
  test('of a kind that is not known is shown as it came', () => assert.equal(line({ kind: 'hologram' }).kind, 'strange'));
  test('without a time is shown as it came', () => assert.equal(readLine('{"sequence":1,"kind":"session"}').kind, 'strange'));
  test('with a verdict that is not known bars', () => {
    const read = line({ kind: 'decision', decision: { verdict: 'sure' } });
    assert.equal(read.kind === 'decision' && read.decision.verdict, 'refused');
  });
  test('with a part that is not known is text', () => {
    const read = line({
      kind: 'bytes',
      direction: 'reply',
      parts: [{ shape: 'smell' }, { shape: 'rows', columns: ['a'], rows: [[1, null]] }],
    });
    assert.deepEqual(read.kind === 'bytes' && read.parts, [
      { shape: 'text', text: '{"shape":"smell"}' },
      { shape: 'rows', columns: ['a'], rows: [['1', null]] },
    ]);
  });
});

describe('a long line of a recording', () => {
  const text = { shape: 'text', text: 'a\tb "rows":[\t' };
  const rows = (count: number, columns = 10) => ({
    shape: 'rows',
    columns: Array.from({ length: columns }, (_, at) => `c${at}`),
    rows: Array.from({ length: count }, (_, row) => Array.from({ length: columns }, (_none, at) => (at === 3 ? null : `${row}\t],[${at}`))),
  });
  const cases: readonly { readonly name: string; readonly parts: readonly object[]; readonly inTurns: boolean }[] = [
    { name: 'an answer', parts: [rows(20_000)], inTurns: true },
    { name: 'answers among others', parts: [text, rows(5_000), rows(3), text, rows(2_000), rows(0)], inTurns: true },
    { name: 'rows that are long each', parts: [rows(3, 20_000)], inTurns: true },
    { name: 'a short answer', parts: [rows(3), text], inTurns: false },
    { name: 'no rows', parts: [text], inTurns: false },
    {
      name: 'rows that a protocol gave as they are not',
      parts: [{ ...rows(20_000), columns: ['a'], rows: [...rows(20_000).rows, 7] }],
      inTurns: true,
    },
  ];
  for (const { name, parts, inTurns } of cases)
    test(`says the same read in turns: ${name}`, async () => {
      const line = { sequence: 1, at: '2026-01-01T00:00:00.000Z', exchange: 1, kind: 'bytes', direction: 'reply', count: 9, parts };
      const written = lineText(line);
      assert.deepEqual(JSON.parse(written), line);
      assert.equal(written.includes('\t'), inTurns);
      assert.deepEqual(await readLongLine(written), readLine(JSON.stringify(line)));
    });
});

describe('a recording', () => {
  const at = (sequence: number, seconds: number, exchange = 1) =>
    readLine(
      JSON.stringify({
        sequence,
        at: new Date(seconds * 1000).toISOString(),
        exchange,
        kind: 'outcome',
        outcome: { status: 'ok', rows: 1, tag: null, error: null },
      }),
    );
  test('folds silences, and finds what had come at an instant', () => {
    const recording = new Recording();
    for (const line of [at(0, 0), at(1, 1), at(2, 3601), at(3, 3601.5)]) recording.add(line);
    assert.deepEqual(recording.moments, [0, 1000, 3000, 3500]);
    assert.equal(recording.foldedBefore(2), 3_600_000);
    assert.equal(recording.foldedBefore(1), null);
    assert.deepEqual(
      [-1, 0, 999, 1000, 3499, 9999].map((moment) => recording.shownAt(moment)),
      [0, 1, 1, 2, 3, 4],
    );
    assert.equal(recording.placeOf(2), 2);
  });
  test('takes no line twice when its stream is taken up again', () => {
    const recording = new Recording();
    for (const line of [at(0, 0), at(1, 1), at(1, 1), at(0, 0), at(2, 2)]) recording.add(line);
    assert.deepEqual(
      recording.lines.map(({ sequence }) => sequence),
      [0, 1, 2],
    );
    assert.deepEqual(recording.exchange(1)?.places, [0, 1, 2]);
  });
  test('counts clocks that were set back as no time', () => {
    const recording = new Recording();
    for (const line of [at(0, 10), at(1, 5), at(2, 6)]) recording.add(line);
    assert.deepEqual(recording.moments, [0, 0, 1000]);
  });
});

test('rows are found in the batches in which they came', () => {
  const rows = new RowSet(['a']);
  for (const batch of [[['0'], ['1']], [], [['2']]]) rows.add(batch);
  assert.equal(rows.count, 3);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => rows.row(row)?.[0] ?? null),
    ['0', '1', '2', null],
  );
});

test('what is copied for a spreadsheet is text there', () => {
  const rows = new RowSet(['a', '=b']);
  rows.add([
    ['=1+1', null],
    ['-5', ''],
    ['say "x"', '@SUM(1)'],
    ['two\nlines', '+3.5e-7'],
  ]);
  assert.equal(csvOf(rows, 4), `a,'=b\r\n'=1+1,\r\n-5,""\r\n"say ""x""",'@SUM(1)\r\n"two\nlines",+3.5e-7\r\n`);
});

describe('what approving needs', () => {
  const cases = [
    ['read', null, false],
    ['read', 1001, true],
    ['write', 1000, false],
    ['write', 1001, true],
    ['write', null, true],
    ['schema', 0, true],
    ['admin', null, true],
    ['unknown', null, true],
  ] as const;
  for (const [effect, estimate, wanted] of cases)
    test(`${effect} of ${estimate ?? 'nobody knows how many'} rows: ${wanted ? 'reading back' : 'a press'}`, () =>
      assert.deepEqual([needsReadBack({ effect, estimate }), needsItForSlack({ effect, estimate })], [wanted, wanted]));

  test('three choices, one of them true, in an order that hangs on the act', () => {
    const approval = (digest: string) =>
      ({ effect: 'write', action: 'x:delete', connection: 'orders', estimate: 5, demands: [], digest }) as unknown as Parameters<
        typeof readBackChoices
      >[0];
    const orders = ['000000', '000001', '000002'].map((digest) => readBackChoices(approval(digest)).map(({ isTrue }) => isTrue));
    for (const order of orders) assert.equal(order.filter(Boolean).length, 1);
    assert.equal(new Set(orders.map((order) => order.indexOf(true))).size, 3);
  });
});

describe('a query', () => {
  test('takes a filter as text, quoted where it is more than a word', () => {
    assert.equal(withFilter('', 'verdict', 'refused'), 'verdict:refused');
    assert.equal(withFilter('iban', 'action', 'postgres:delete'), 'iban action:"postgres:delete"');
    assert.equal(withFilter('', 'object', 'a "b"'), 'object:"a \\"b\\""');
  });
  test('knows which field is being written', () => {
    assert.deepEqual(fieldBefore('iban verdict:ref'), { name: 'verdict', from: 13 });
    assert.deepEqual(fieldBefore('-verdict:[refused, de'), { name: 'verdict', from: 19 });
    assert.equal(fieldBefore('verdict'), null);
  });
});

test('a time that is typed is a day or a minute, or how long ago; anything else is left for the API to judge', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  for (const [typed, meant] of [
    ['2026-11-28', '2026-11-28T00:00:00Z'],
    ['2026-11-28 08:30', '2026-11-28T08:30:00Z'],
    ['2026-11-28T08:30:15.250', '2026-11-28T08:30:15.250Z'],
    ['-24h', '2026-11-27T12:00:00Z'],
    ['-2W', '2026-11-14T12:00:00Z'],
    ['2026-11-28T08:30:00+05:30', '2026-11-28T08:30:00+05:30'],
    ['2026-13-45', '2026-13-45'],
    ['yesterday', 'yesterday'],
  ] as const)
    assert.equal(momentOf(typed, 'utc', now), meant);
});

describe('a row that is pasted', () => {
  const cases: readonly (readonly [says: string, text: string, columns: readonly (readonly [string, string | null, string])[] | null])[] = [
    [
      'two lines with tabs',
      'id\temail\n7\tada@example.com\n',
      [
        ['id', '7', 'text'],
        ['email', 'ada@example.com', 'text'],
      ],
    ],
    [
      'an object',
      '{"id":7,"n":1.5,"on":true,"at":null,"tags":["a"]}',
      [
        ['id', '7', 'integer'],
        ['n', '1.5', 'numeric'],
        ['on', 't', 'boolean'],
        ['at', null, 'text'],
        ['tags', '["a"]', 'json'],
      ],
    ],
    ['one line', 'id\temail', null],
    ['lines that do not fit', 'id\temail\n7', null],
    ['three lines', 'a\n1\n2', null],
    ['half an object', '{"id":', null],
    ['nothing', '', null],
    ['more columns than may be tried', JSON.stringify(Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`c${at}`, 1]))), null],
  ];
  for (const [says, text, columns] of cases)
    test(says, () => assert.deepEqual(readRow(text)?.map(({ name, value, kind }) => [name, value, kind]) ?? null, columns));

  test('names a column as SQL does', () => {
    const column = { key: 1, name: 'E-Mail', value: '', kind: 'text', origin: 'column', source: '' } as const;
    assert.equal(sourceOf(column, 'public.users'), 'public.users."E-Mail"');
    assert.equal(sourceOf({ ...column, source: 'a.b.c' }, 'public.users'), 'a.b.c');
    assert.equal(sourceOf({ ...column, origin: 'none' }, 'public.users'), '');
  });
});

describe('what a text in the palette can mean', () => {
  const id = '0193a5c4-0000-7000-8000-0123456789ab';
  const places = [
    { to: '/audit', key: 't', name: 'Audit trail', group: 'evidence' },
    { to: '/runs', key: 'r', name: 'Runs', group: 'record' },
    { to: '/approvals', key: 'a', name: 'Approvals', group: 'decide' },
  ] as const;
  const views = [{ name: 'Large reads', query: 'rows:>1k' }];
  const cases: readonly (readonly [text: string, goals: readonly string[]])[] = [
    ['', ['/audit', '/runs', '/approvals', '/exchanges rows:>1k']],
    ['a', ['/audit', '/approvals', '/exchanges rows:>1k', '/exchanges a', '/runs a']],
    ['trail', ['/audit', '/exchanges trail', '/runs trail']],
    ['reads', ['/exchanges rows:>1k', '/exchanges reads', '/runs reads']],
    ['verdict:refused at:-1h', ['/exchanges verdict:refused at:-1h']],
    [id, [`/sessions/$id ${id}`, `/runs/$run ${id}`, `/approvals/$id ${id}`]],
    [id.toUpperCase(), [`/sessions/$id ${id}`, `/runs/$run ${id}`, `/approvals/$id ${id}`]],
    [`${id}/12`, [`/sessions/$id ${id} 12`]],
    [` https://gate.example.com/sessions/${id}?exchange=7 `, [`/sessions/$id ${id} 7`]],
    ['x'.repeat(2_001), []],
  ];
  for (const [text, goals] of cases)
    test(text.slice(0, 40) || 'nothing', () =>
      assert.deepEqual(
        choicesFor(text, places, views).map(({ goal }) => {
          const params = 'params' in goal ? Object.values(goal.params) : [];
          const search = 'search' in goal ? Object.values(goal.search) : [];
          return [goal.to, ...params, ...search].join(' ');
        }),
        goals,
      ),
    );
});

describe('what two people make of one connection', () => {
  const base = { protocol: 'a', target: { host: 'db', port: 1 }, retention: '90d', credentials: { user: 'app', password: { keep: true } } };
  const cases: readonly (readonly [name: string, mine: Fields, theirs: Fields, both: Fields])[] = [
    ['nothing of mine', base, { ...base, retention: '7d' }, { ...base, retention: '7d' }],
    ['nothing of theirs', { ...base, retention: '7d' }, base, { ...base, retention: '7d' }],
    [
      'settings beside each other',
      { ...base, target: { host: 'db', port: 2 } },
      { ...base, target: { host: 'db2', port: 1 } },
      { ...base, target: { host: 'db2', port: 2 } },
    ],
    ['the same setting', { ...base, retention: '7d' }, { ...base, retention: '8d' }, { ...base, retention: '7d' }],
    [
      'a secret of mine, a user of theirs',
      { ...base, credentials: { user: 'app', password: 'typed' } },
      { ...base, credentials: { user: 'other', password: { keep: true } } },
      { ...base, credentials: { user: 'other', password: 'typed' } },
    ],
    [
      'what one took out and one put in',
      { protocol: 'a', target: base.target, credentials: base.credentials },
      { ...base, session: { idle: '1h' } },
      { protocol: 'a', target: base.target, credentials: base.credentials, session: { idle: '1h' } },
    ],
    ['a word for nothing said', { ...base, retention: 'undefined' }, base, { ...base, retention: 'undefined' }],
    ['another protocol', { ...base, retention: '7d' }, { protocol: 'b', target: { url: 'x' } }, { ...base, retention: '7d' }],
  ];
  for (const [name, mine, theirs, both] of cases) test(name, () => assert.deepEqual(merged(base, mine, theirs), both));
});
