import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectors } from './detectors/index.ts';
import { detectorNames, nationalGroup } from './detectors/names.ts';
import { maskingSchema } from './settings.ts';
import { type Sample, type TriedColumn, type TrialOrder, tryMasking } from './trial.ts';
import { tryInThread } from './trial-thread.ts';

const settings = maskingSchema.parse({
  columns: [
    { column: 'orders:public.users.email', action: 'partial' },
    { column: 'api:/customers/*/secret', action: 'redact' },
  ],
  detectors: [{ detect: ['email'], connections: ['orders', 'logs', 'api'], action: 'redact' }],
  patterns: [{ name: 'employee-id', pattern: 'E[0-9]{6}', action: 'pseudonym', connections: ['logs'] }],
});
const noDraft = { columns: [], detectors: [], patterns: [] };

function tried(connection: string, sample: Sample, draft: Partial<TrialOrder['draft']> = {}) {
  return tryMasking({ settings, connection, sample, draft: { ...noDraft, ...draft } });
}

function column(more: Partial<TriedColumn>): TriedColumn {
  return { name: 'email', kind: 'text', origin: 'column', source: 'public.users.email', value: 'ada@example.com', ...more };
}

test('the names that rules may use are those of the detectors, and the group', () => {
  assert.deepEqual(detectorNames, [nationalGroup, ...detectors.map(({ name }) => name)]);
});

describe('a row that is tried', () => {
  const rows: readonly (readonly [says: string, more: Partial<TriedColumn>, shown: string | null, rule: string | null])[] = [
    ['a stored column gets its action', {}, 'a***@***.com', 'columns[0]'],
    ['what is computed from it is redacted whole', { origin: 'computed' }, '[redacted:email]', 'columns[0]'],
    ['what nobody can tell is redacted whole', { origin: 'unknown', name: 'x', value: 'plain' }, '[redacted:unknown]', 'lineage'],
    ['a value of no column is searched', { origin: 'none', value: 'to ada@example.com' }, 'to [redacted:email]', 'detectors[0]'],
    ['another column is searched', { source: 'public.users.note', value: 'ada@example.com' }, '[redacted:email]', 'detectors[0]'],
    ['names are read as in SQL', { source: 'PUBLIC.Users.EMAIL' }, 'a***@***.com', 'columns[0]'],
    ['a point in time passes', { source: 'public.users.at', kind: 'timestamp', value: '2026-01-01' }, '2026-01-01', null],
    ['NULL stays NULL', { value: null }, null, null],
  ];
  for (const [says, more, shown, rule] of rows)
    test(says, () => {
      const found = tried('orders', { kind: 'row', columns: [column(more)] });
      assert.ok(found.kind === 'tried');
      assert.deepEqual(found.shown, { kind: 'row', values: [shown] });
      assert.deepEqual(
        found.masked.map((each) => each.rule),
        rule === null ? [] : [rule],
      );
    });

  test('a column that is none is a problem', () => {
    for (const source of ['email', 'public.*.email', '/a/b', ''])
      assert.deepEqual(tried('orders', { kind: 'row', columns: [column({}), column({ source })] }), {
        kind: 'unsound',
        problems: [{ at: 'row[1].source', message: 'expected schema.table.column, such as public.users.email', from: null }],
      });
  });
});

describe('words and documents that are tried', () => {
  test('are searched, and withheld where a rule cannot be followed into them', () => {
    const text = 'E123456 wrote to ada@example.com';
    const [logs, orders, api, free] = ['logs', 'orders', 'api', 'free'].map((connection) => tried(connection, { kind: 'text', text }));
    assert.ok(logs?.kind === 'tried' && logs.shown.kind === 'text');
    assert.match(logs.shown.text ?? '', /^p_[a-z]{16} wrote to \[redacted:email\]$/);
    assert.equal(logs.shown.withheld, null);
    assert.ok(orders?.kind === 'tried' && orders.shown.kind === 'text' && orders.shown.withheld === 'columns');
    assert.ok(api?.kind === 'tried');
    assert.deepEqual(api.shown, { kind: 'text', text: null, withheld: 'places' });
    assert.ok(free?.kind === 'tried' && !free.covered);
    assert.deepEqual(free.shown, { kind: 'text', text, withheld: null });
  });

  test('a document is masked by place and by look', () => {
    const text = JSON.stringify({ customers: [{ secret: 'x1', mail: 'ada@example.com', n: 1 }] });
    const found = tried('api', { kind: 'document', text });
    assert.ok(found.kind === 'tried' && found.shown.kind === 'text');
    assert.deepEqual(JSON.parse(found.shown.text ?? ''), {
      customers: [{ secret: '[redacted:secret]', mail: '[redacted:email]', n: 1 }],
    });
    assert.deepEqual(
      found.masked.map(({ rule, draft }) => [rule, draft]),
      [
        ['columns[1]', false],
        ['detectors[0]', false],
      ],
    );
  });

  test('a pseudonym is one of this trial alone, so that no guess can be tested against the record', () => {
    const shown = () => {
      const found = tried('logs', { kind: 'text', text: 'E123456' });
      return found.kind === 'tried' && found.shown.kind === 'text' ? found.shown.text : null;
    };
    assert.notEqual(shown(), shown());
  });
});

describe('a draft', () => {
  test('is tried beside what is in force, and says which rule is its own', () => {
    const patterns = [{ name: 'badge', pattern: 'B[0-9]+', action: 'redact' }];
    const found = tried(
      'logs',
      { kind: 'text', text: 'B12 of ada@example.com' },
      { patterns, detectors: [{ detect: ['ip'], action: 'null' }] },
    );
    assert.ok(found.kind === 'tried' && found.shown.kind === 'text');
    assert.equal(found.shown.text, '[redacted:badge] of [redacted:email]');
    assert.deepEqual(
      found.masked.map(({ rule, detector, draft }) => [rule, detector, draft]),
      [
        ['patterns[0]', 'badge', true],
        ['detectors[0]', 'email', false],
      ],
    );
  });

  test('that cannot be read says what is wrong, and where', () => {
    const wrong = (draft: Partial<TrialOrder['draft']>) => {
      const found = tried('logs', { kind: 'text', text: '' }, draft);
      return found.kind === 'unsound' ? found.problems : assert.fail('it was tried');
    };
    const [one] = wrong({ patterns: [{ name: 'x', pattern: 'abc(?=d)', action: 'redact' }] });
    assert.equal(one?.at, 'patterns[0].pattern');
    assert.match(one.message, /no lookaround/);
    assert.equal(one.from, 3);
    assert.match(wrong({ patterns: [{ name: 'employee-id', pattern: 'x', action: 'null' }] })[0]?.message ?? '', /in force has this name/);
    assert.equal(wrong({ detectors: [{ detect: ['mail'], action: 'redact' }] })[0]?.at, 'detectors[0].detect[0]');
    assert.equal(wrong({ columns: [{ column: 'a.b', action: 'redact' }] })[0]?.at, 'columns[0].column');
    assert.match(wrong({ columns: [{ column: 'a:b.c.d', action: 'hide' }] })[0]?.message ?? '', /is no action/);
  });
});

test('a thread of its own tries the same', async () => {
  const order = { settings, connection: 'logs', sample: { kind: 'text', text: 'a@example.com' }, draft: noDraft } as const;
  const found = await tryInThread(order);
  assert.deepEqual(found.kind === 'tried' && found.shown, { kind: 'text', text: '[redacted:email]', withheld: null });
});
