import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { people, sessionItem } from '../api/trial.test-support.ts';
import { plainAction } from '../core/action.ts';
import type { Streams } from './output.ts';
import { type ReplayOptions, replaySession } from './player.ts';
import type { RecordSource } from './record-source.ts';
import { defaultLimits, noLimits } from './result.ts';
import { keptOutput } from './trial.test-support.ts';

const session = sessionItem(people['ada'] ?? null);
const start = Date.UTC(2026, 10, 22, 10);

/** Lines as the archive gives them, from the time in milliseconds since the session began. */
const at = (milliseconds: number, exchange: number, body: object) => ({
  sequence: 0,
  at: new Date(start + milliseconds).toISOString(),
  exchange,
  ...body,
});
const asked = (milliseconds: number, exchange: number, text: string) =>
  at(milliseconds, exchange, { kind: 'exchange', action: plainAction('sql:query', 'read', text) });
const decided = (milliseconds: number, exchange: number, verdict: string, code: string | null = null, reason: string | null = null) =>
  at(milliseconds, exchange, {
    kind: 'decision',
    decision: { verdict, code, reason, detail: null, grounds: { policies: ['p1'], version: 'v' }, approval: null },
  });
const sent = (milliseconds: number, exchange: number, direction: string, ...parts: object[]) =>
  at(milliseconds, exchange, { kind: 'bytes', direction, count: 1, parts });
const ended = (milliseconds: number, exchange: number, outcome: object) =>
  at(milliseconds, exchange, { kind: 'outcome', outcome: { status: 'ok', rows: null, tag: null, error: null, ...outcome } });
const rows = (columns: string[], ...values: (string | null)[][]) => ({ shape: 'rows', columns, rows: values });
const mark = (name: string, detail: object) => ({ shape: 'mark', name, detail });
const over = (milliseconds: number) => at(milliseconds, 0, { kind: 'end', end: { status: 'ended', reason: 'the client left' } });

async function played(
  lines: readonly object[],
  more: Partial<ReplayOptions> = {},
): Promise<{ body: string; whole: string; waits: number[] }> {
  const waits: number[] = [];
  const out = keptOutput();
  const streams: Streams = { out, err: keptOutput() };
  const source: Pick<RecordSource, 'session' | 'recording'> = {
    session: async (id) => (id === session.id ? session : null),
    recording: async function* () {
      yield* lines;
    },
  };
  const options = {
    speed: null,
    exchange: null,
    limits: defaultLimits,
    json: false,
    auditor: null,
    wait: async (ms: number) => void waits.push(ms),
    ...more,
  };
  // The player asks nothing else of a source.
  await replaySession(source as RecordSource, session.id, options, streams);
  const whole = out.text();
  return { whole, body: whole.slice(whole.indexOf('\n\n') + 2), waits };
}

const simple = [
  asked(0, 1, 'select id, name\nfrom users where id = $1'),
  decided(0, 1, 'permitted'),
  sent(0, 1, 'request', { shape: 'text', text: 'select id, name\nfrom users where id = $1' }, mark('parameters', { values: ['7', null] })),
  sent(4, 1, 'reply', rows(['id', 'name'], ['7', 'Ada'])),
  sent(5, 1, 'reply', rows(['id', 'name'], ['8', null]), mark('complete', { tag: 'SELECT 2' })),
  ended(5, 1, { rows: 2, tag: 'SELECT 2' }),
  over(6),
];

describe('a replay', () => {
  it('shows what a terminal wrote and what was typed line by line, and obeys none of it', async () => {
    const terminal = (event: string, text: string) => ({ shape: 'terminal', event, text });
    const { body } = await played([
      asked(0, 1, 'GET /exec $ sh'),
      decided(0, 1, 'permitted'),
      sent(1, 1, 'request', { shape: 'terminal', event: 'resize', columns: 100, rows: 30 }),
      sent(2, 1, 'reply', terminal('output', '$ ')),
      sent(3, 1, 'request', terminal('input', 'l'), terminal('input', 's\r')),
      sent(4, 1, 'reply', terminal('output', 'l'), terminal('output', 's\r\n\u001b]52;c;eA==\u0007\u001b[2Jone\r\n')),
      sent(5, 1, 'reply', terminal('output', '$ ')),
      ended(6, 1, { tag: '101' }),
    ]);
    assert.deepEqual(body.split('\n').slice(1, 7), [
      '  (the terminal is 100 columns by 30 rows)',
      '  typed: ls␍',
      '  $ ls',
      '  ␛]52;c;eA==␇␛[2Jone',
      '  $ ',
      '101 · 6.0 ms',
    ]);
  });

  it('shows a text in its own lines, wherever its pieces end', async () => {
    const text = (said: string) => ({ shape: 'text', text: said });
    const { body } = await played([
      asked(0, 1, 'POST /notes'),
      decided(0, 1, 'permitted'),
      sent(1, 1, 'request', text('one no'), text('te\nand an')),
      sent(2, 1, 'request', text('other')),
      sent(3, 1, 'reply', text('ta'), text('ken'), mark('trailers', { sum: '1' }), text('x')),
      ended(4, 1, { tag: '200' }),
    ]);
    assert.deepEqual(body.split('\n').slice(1, 7), ['  one note', '  and another', '  taken', '  trailers · sum 1', '  x', '200 · 4.0 ms']);
  });

  it('begins with who, through which agent, where and when', async () => {
    const { whole } = await played([over(1)]);
    assert.match(
      whole,
      /^session +\S+\nwho +ada@example\.test \(ada at https:\/\/login\.example\.test\)\nagent +cursor\nrun +r-1\nconnection orders \(sql\), from 127\.0\.0\.1\nwhen +2026-11-22 10:00:00Z to 2026-11-22 10:01:00Z\n/,
    );
    assert.match(whole, /No exchange was made\.\n$/);
  });

  it('shows statement, bind values, rows, tag and duration, each once', async () => {
    const { body } = await played(simple);
    const indent = ' '.repeat('[1] 10:00:00.000 orders> '.length);
    assert.equal(
      body,
      [
        '[1] 10:00:00.000 orders> select id, name',
        `${indent}from users where id = $1`,
        "    $1 = '7', $2 = ∅",
        'id │ name',
        '───┼─────',
        ' 7 │ Ada',
        ' 8 │ ∅',
        'SELECT 2 · 2 rows · 5.0 ms',
        '',
        'ended: the client left',
        '',
      ].join('\n'),
    );
  });

  it('says what was masked', async () => {
    const masked = (exchange: number, ...counts: object[]) => at(1, exchange, { kind: 'masked', masked: counts });
    const { body } = await played([
      masked(0, { rule: 'words', column: null, detector: 'payload', count: 1 }),
      asked(1, 1, 'first'),
      sent(2, 1, 'reply', rows(['a'], ['***'])),
      masked(
        1,
        { rule: 'columns[0]', column: 'a\u001b', detector: null, count: 3 },
        { rule: 'limit', column: 'b', detector: 'too-long', count: 1 },
      ),
      ended(3, 1, { tag: 'ONE' }),
      over(4),
    ]);
    assert.match(body, /masked payload ×1 \(words\)[^]*masked a␛ ×3 \(columns\[0\]\)\n +masked b · too-long ×1 \(limit\)/);
  });

  it('keeps the order of asking where answers interleave', async () => {
    const { body } = await played([
      asked(0, 1, 'first'),
      asked(0, 2, 'second'),
      sent(1, 2, 'reply', rows(['b'], ['2'])),
      ended(1, 2, { tag: 'TWO' }),
      sent(2, 1, 'reply', rows(['a'], ['1'])),
      ended(2, 1, { tag: 'ONE' }),
      over(3),
    ]);
    assert.match(body, /^\[1\][^]*first\na\n─\n1\nONE[^]*\[2\][^]*second\nb\n─\n2\nTWO/);
  });

  it('says how many rows and characters are not shown, and shows them when asked', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => [String(index), 'x'.repeat(200)]);
    const lines = [asked(0, 1, 'select'), sent(1, 1, 'reply', rows(['n', 'x'], ...many)), ended(2, 1, { rows: 1000 }), over(3)];
    const { body } = await played(lines);
    assert.match(body, /… 950 more rows \(--rows all\)/);
    assert.match(body, /x…\(\+\d+ chars\)/);
    assert.equal(body.split('\n').filter((line) => /^ *\d+ │/.test(line)).length, 50);
    const whole = (await played(lines, { limits: noLimits })).body;
    assert.equal(whole.split('\n').filter((line) => /^ *\d+ │ x{200}$/.test(line)).length, 1000);
    assert.doesNotMatch(whole, /more rows/);
  });

  it('tells what no exchange asked for on a line each, in the plainest words', async () => {
    const { body } = await played([
      sent(0, 0, 'request', { shape: 'text', text: 'select oid\nfrom pg_class' }),
      sent(1, 0, 'reply', rows(['oid'], ['1'], ['2']), mark('complete', { tag: 'SELECT 2' })),
      over(2),
    ]);
    assert.match(body, /^ {2}asked · select oid\W+from pg_class\n {2}rows · 2 rows of oid\n {2}complete · tag SELECT 2\n/);
  });

  it('sends nothing that a terminal would obey, wherever it stands', async () => {
    const evil = '\x1b]52;c;eA==\x07\x1b[2J\u202E\u009b0m';
    const { whole } = await played([
      asked(0, 1, `select ${evil}`),
      decided(0, 1, 'refused', 'ACCESS_REFUSED', `because ${evil}`),
      sent(0, 1, 'request', mark('parameters', { values: [evil] })),
      sent(1, 1, 'reply', rows([evil], [evil]), { shape: 'text', text: evil }, mark(evil, { [evil]: evil })),
      sent(1, 1, 'reply', { shape: 'document', mediaType: 'text/x', value: { [evil]: evil } }, { shape: 'bytes', count: 3, base64: null }),
      sent(1, 0, 'reply', mark(evil, { evil })),
      at(1, 1, { kind: 'withheld', direction: 'reply', count: 9, sha256: evil }),
      at(1, 1, { kind: 'gap', direction: 'reply', count: 9, reason: evil }),
      { kind: 'of another version', evil },
      ended(2, 1, { status: 'error', tag: evil, error: { code: evil, message: evil } }),
      at(3, 0, { kind: 'end', end: { status: 'ended', reason: evil } }),
    ]);
    assert.doesNotMatch(whole.replaceAll('\n', ''), /[\p{Cc}\u202a-\u202e]/u);
    assert.match(whole, /REFUSED ACCESS_REFUSED: because ␛\]52/);
    assert.match(whole, /9 bytes of the reply were over the limit/);
    assert.match(whole, /GAP: 9 bytes/);
    assert.match(whole, /does not understand/);
    assert.match(whole, /\(3 bytes\)/);
  });

  it('waits as long as it was, at the speed, and folds silences over two seconds', async () => {
    const lines = [asked(0, 1, 'a'), ended(500, 1, {}), asked(60_500, 2, 'b'), ended(60_501, 2, {}), over(61_000)];
    const slow = await played(lines, { speed: 1 });
    assert.deepEqual(slow.waits, [500, 2000, 499]);
    assert.match(slow.body, /⋯ 1 min 0 s\n\[2\]/);
    assert.deepEqual((await played(lines, { speed: 4 })).waits, [125, 500, 124.75]);
    const still = await played(lines);
    assert.deepEqual(still.waits, []);
    assert.equal(still.body, slow.body);
  });

  it('of one exchange shows that one; of one that is not there says so', async () => {
    const lines = [...simple.slice(0, -1), asked(10, 2, 'select 2'), ended(11, 2, {}), over(12)];
    assert.match((await played(lines, { exchange: 2 })).body, /^\[2\] [^]*select 2\n[^\n]*\n\n$/);
    assert.match((await played(lines, { exchange: 9 })).body, /There is no exchange 9; the session has 1\./);
  });

  it('marks what the session’s end cut, and keeps notices and error details', async () => {
    const { body } = await played([
      sent(0, 0, 'reply', ...['a', 'b', 'c', 'd'].map((name) => mark('setting', { name, value: 'x' }))),
      asked(1, 1, 'select bad'),
      sent(2, 1, 'reply', mark('error', { severity: 'ERROR', code: '42P01', message: 'no bad', hint: 'try good', file: 'parse.c' })),
      ended(2, 1, { status: 'error', error: { code: '42P01', message: 'no bad' } }),
      asked(3, 2, 'select pg_sleep(9)'),
    ]);
    assert.match(body, /setting ×4: name a · value x; name b/);
    assert.match(body, /\n {2}error · hint try good\nERROR 42P01: no bad · 1\.0 ms\n/);
    assert.match(body, /\[2\][^\n]*pg_sleep\(9\)\n… not finished/);
  });

  it('says by which approval an exchange passed', async () => {
    const grounds = { policies: ['ask-dba'], version: 'v' };
    const decision = { verdict: 'approved', code: null, reason: null, detail: null, grounds, approval: 'a-1' };
    const { body } = await played([asked(0, 1, 'delete'), at(1, 1, { kind: 'decision', decision }), ended(2, 1, {}), over(3)]);
    assert.match(body, /APPROVED by approval a-1 \(ask-dba\)/);
  });

  it('--json gives the lines as they are', async () => {
    const { whole } = await played(simple, { json: true });
    assert.deepEqual(
      whole
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
      simple,
    );
  });
});
