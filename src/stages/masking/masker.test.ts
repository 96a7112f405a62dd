import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { columnKey } from './column-name.ts';
import { type ResultColumn, Tally, type ValueKind } from '../../core/masking.ts';
import { type ColumnPlan, Masker } from './masker.ts';
import { maskingSchema } from './settings.ts';

const masker = new Masker(
  maskingSchema.parse({
    columns: [
      { column: 'orders:public.users.email', action: 'partial' },
      { column: 'orders:public.users.phone', action: 'pseudonym' },
      { column: 'orders:public."Users"."E.Mail"', action: 'redact' },
      { column: 'orders:hr.*.salary', action: null },
      { column: '*:*.*.password', action: 'redact' },
      { column: 'orders:hr.staff.salary', action: 'partial' },
    ],
    detectors: [
      { detect: ['email', 'card', 'us-ssn'], connections: ['orders', 'notes'], action: 'redact' },
      { detect: ['card'], connections: ['notes'], action: 'partial' },
      { detect: ['secret'], connections: ['vault'], action: null },
    ],
    patterns: [{ name: 'employee-id', pattern: 'E[0-9]{6}', action: 'redact', connections: ['orders'] }],
  }),
  createSecretKey(Buffer.alloc(32, 7)),
);

const column = (more: Partial<ResultColumn>): ResultColumn => ({ sources: new Set(), direct: false, label: 'c', kind: 'text', ...more });
const from = (...keys: readonly string[]): Partial<ResultColumn> => ({ sources: new Set(keys), direct: keys.length === 1 });
const planOf = (more: Partial<ResultColumn>, connection = 'orders'): ColumnPlan =>
  masker.plan(connection, [column(more)])?.[0] ?? { how: 'pass' };

describe('the plan of a column', () => {
  const cases: readonly (readonly [name: string, column: Partial<ResultColumn>, plan: string, connection?: string])[] = [
    ['a column with a rule', from('public.users.email'), 'mask partial by columns[0]'],
    ['one with a quoted name', from(columnKey('public', 'Users', 'E.Mail')), 'mask redact by columns[2]'],
    ['one that is computed', { ...from('public.users.email'), direct: false }, 'mask redact by columns[0]'],
    ['one from two columns', from('public.users.id', 'public.users.phone'), 'mask redact by columns[1]'],
    ['one of a view', { sources: new Set(['public.contacts.phone', 'public.users.phone']), direct: true }, 'mask pseudonym by columns[1]'],
    ['one with two rules: the stricter', from('hr.staff.salary'), 'mask null by columns[3]'],
    ['one that is computed of a null one', { ...from('hr.x.salary'), direct: false }, 'mask null by columns[3]'],
    ['any table by *', from('hr."Old.Staff".salary'), 'mask null by columns[3]'],
    ['any connection by *', from('a.b.password'), 'mask redact by columns[4]', 'elsewhere'],
    ['* is no part of a name', from('public.users.old_password'), 'detect'],
    ['unknown lineage', { sources: 'unknown', direct: true }, 'mask redact by lineage'],
    ['unknown lineage and a rule by * alone', { sources: 'unknown' }, 'mask redact by lineage', 'elsewhere'],
    ['a column without a rule', from('public.users.id'), 'detect'],
    ['the same on a connection without detectors', from('public.users.id'), 'pass', 'elsewhere'],
    ['a constant', { sources: new Set() }, 'detect'],
    ['a kind that holds nothing to find', { ...from('public.users.id'), kind: 'uuid' }, 'pass'],
  ];
  for (const [name, column, expected, connection] of cases)
    test(name, () => {
      const plan = planOf(column, connection);
      assert.equal(plan.how === 'mask' ? `mask ${plan.rule.action} by ${plan.rule.rule}` : plan.how, expected);
    });

  test('lets pass what may be seen', () => {
    const seen = (more: Partial<ResultColumn>, ...tables: readonly (string | null)[]) =>
      masker.plan('orders', [column(more)], (source) => tables.includes(source && source.replace(/\.[^.]*$/, '')))?.[0]?.how ?? 'pass';
    const users = from('public.users.email');
    assert.equal(seen(users), 'mask');
    assert.equal(seen(users, 'public.users'), 'pass');
    assert.equal(seen(users, 'public.orders', null), 'mask');
    assert.equal(seen(from('public.users.email', 'hr.staff.salary'), 'public.users'), 'mask');
    assert.equal(seen(from('public.users.email', 'public.orders.note'), 'public.users'), 'detect');
    assert.equal(seen({ sources: 'unknown' }, 'public.users'), 'mask');
    assert.equal(seen({ sources: 'unknown' }, null), 'pass');
    assert.equal(seen({}), 'detect');
    assert.equal(seen({}, null), 'pass');
  });

  test('is null where nothing of a result is touched', () => {
    assert.equal(masker.plan('elsewhere', [column({})]), null);
    assert.equal(masker.plan('orders', [column({ kind: 'boolean' }), column({ kind: 'date' })]), null);
    assert.equal(masker.plan('orders', []), null);
  });

  test('is for the connections that the rules name', () => {
    assert.deepEqual(masker.covers('orders'), { columns: true, places: false, values: true });
    assert.deepEqual(masker.covers('elsewhere'), { columns: true, places: false, values: false });
    const none = new Masker(maskingSchema.parse({}), createSecretKey(Buffer.alloc(32)));
    assert.deepEqual(none.covers('orders'), { columns: false, places: false, values: false });
    assert.equal(none.plan('orders', [column({ sources: 'unknown' })]), null);
  });
});

describe('a value of a column that is searched', () => {
  const cases: readonly (readonly [
    kind: ValueKind,
    text: string,
    result: string | null,
    found: string,
    label?: string,
    connection?: string,
  ])[] = [
    ['text', 'nothing here, 42', 'nothing here, 42', ''],
    ['text', 'to bob@example.com, E123456!', 'to [redacted:email], [redacted:employee-id]!', 'email employee-id'],
    ['text', '4111111111111111', '[redacted:card]', 'card', 'c', 'notes'],
    ['text', '536904399', '536904399', ''],
    ['text', '536904399', '[redacted:us-ssn]', 'us-ssn', 'SSN'],
    ['text', 'pay 4111 1111 1111 1111 and 5500 0055 5555 5559', 'pay [redacted:card] and [redacted:card]', 'card'],
    ['text', 'ｂob＠example.com', '[redacted:email]', 'email'],
    ['text', 'E123456@example.com', '[redacted:email]', 'email'],
    ['integer', '4111111111111111', '0', 'card'],
    ['integer', '4111111111111112', '4111111111111112', ''],
    ['bytes', `\\x${Buffer.from('mail bob@example.com').toString('hex')}`, '\\x', 'email'],
    ['bytes', '\\xdeadbeef', '\\xdeadbeef', ''],
    ['array', '{bob@example.com,"x y"}', '{[redacted:email],"x y"}', 'email'],
    ['other', '(bob@example.com,1)', null, 'email'],
    ['json', '{ "to" : "bob@example.com", "n" : 1.0 }', '{"to":"[redacted:email]","n":1.0}', 'email'],
    ['json', '{"to":"bob\\u0040example.com","big":12345678901234567890}', '{"to":"[redacted:email]","big":12345678901234567890}', 'email'],
    ['json', '{ "n" : 1.0 }', '{ "n" : 1.0 }', ''],
    ['json', '{"ssn":536904399,"n":536904399}', '{"ssn":0,"n":536904399}', 'us-ssn'],
    ['json', '{"bob@example.com":[4111111111111111]}', '{"[redacted:email]":[0]}', 'email card'],
    ['json', '{"password":"hunter22"}', '{"password":null}', 'secret', 'c', 'vault'],
    ['text', 'x password=hunter22', null, 'secret', 'c', 'vault'],
    ['text', 'x'.repeat(300_000), '[redacted:too-long]', 'too-long'],
    ['json', '['.repeat(100_000) + ']'.repeat(100_000), '"[redacted:unreadable]"', 'unreadable'],
  ];
  for (const [kind, text, result, found, label = 'c', connection = 'orders'] of cases)
    test(`${connection} ${kind} ${text.slice(0, 60)}`, () => {
      const tally = new Tally();
      assert.equal(masker.apply(planOf({ kind, label }, connection), text, tally), result);
      const names = tally.entries().map(({ detector }) => detector ?? '');
      assert.deepEqual(names.toSorted(), found.split(' ').filter(Boolean).toSorted());
      assert.ok(tally.entries().every(({ column }) => column === label));
    });
});

test('a column cannot be called something else to hide what it is', () => {
  const renamed = { ...from('public.people."SSN"'), label: 'order number' };
  const tally = new Tally();
  assert.equal(masker.apply(planOf(renamed), '536904399', tally), '[redacted:us-ssn]');
  assert.equal(tally.entries()[0]?.column, 'order number');
});

describe('free text', () => {
  const cases: readonly (readonly [connection: string, text: string, result: string])[] = [
    ['orders', 'Key (email)=(bob@example.com) already exists.', 'Key (email)=([redacted:email]) already exists.'],
    ['orders', "Filter: (id = 'E123456'::text)", "Filter: (id = '[redacted:employee-id]'::text)"],
    ['vault', 'connecting to postgres://app:S3cret77@db/x', '[redacted:secret]'],
    ['elsewhere', 'bob@example.com', 'bob@example.com'],
    ['orders', '', ''],
  ];
  for (const [connection, text, result] of cases)
    test(`${connection}: ${text}`, () => assert.equal(masker.maskText(connection, text, new Tally()), result));
});

describe('the tally', () => {
  test('counts by rule, column and detector, and holds no value', () => {
    const tally = new Tally();
    assert.ok(tally.isEmpty);
    const [email, note] = [planOf({ ...from('public.users.email'), label: 'mail' }), planOf({ label: 'note' })];
    for (const text of ['bob@example.com', 'ann@example.com']) {
      masker.apply(email, text, tally);
      masker.apply(note, `${text} or ${text}`, tally);
    }
    masker.maskText('orders', 'E123456', tally);
    assert.deepEqual(tally.entries(), [
      { rule: 'columns[0]', column: 'mail', detector: null, count: 2 },
      { rule: 'detectors[0]', column: 'note', detector: 'email', count: 4 },
      { rule: 'patterns[0]', column: null, detector: 'employee-id', count: 1 },
    ]);
  });
});

test('200 rules of every sort load, and find what they should', () => {
  const patterns = Array.from({ length: 150 }, (_, index) => {
    const name = `p-${String.fromCharCode(97 + (index % 26))}${String.fromCharCode(97 + Math.floor(index / 26))}`;
    return { name, pattern: `\\b${name}[0-9]{4}\\b`, action: 'redact' };
  });
  const columns = Array.from({ length: 50 }, (_, index) => ({ column: `orders:public.t${index}.c`, action: 'partial' }));
  const many = new Masker(maskingSchema.parse({ columns, patterns }), createSecretKey(Buffer.alloc(32)));
  assert.equal(many.maskText('orders', 'p-za1234 p-ab12345 p-bc0000', new Tally()), '[redacted:p-za] p-ab12345 [redacted:p-bc]');
  assert.equal(many.plan('orders', [column(from('public.t49.c'))])?.[0]?.how, 'mask');
});

test('a text with more candidates than can be looked at is masked from there on', () => {
  const wide = new Masker(
    maskingSchema.parse({ detectors: [{ detect: ['email', 'phone', 'card', 'iban', 'ip', 'secret', 'national-id'], action: 'redact' }] }),
    createSecretKey(Buffer.alloc(32)),
  );
  const masked = wide.maskText('orders', `${'1234567890 '.repeat(20_000)}bob@example.com`, new Tally());
  assert.ok(masked.startsWith('1234567890 ') && masked.length < 80_000 && !masked.includes('bob'));
});
