import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { cstring } from './messages.ts';
import { encodeCancel, encodeStartup, encodeTlsRequest, isUnsafeEncoding, parseOpening, runOf, uint32 } from './startup.ts';

type Pairs = readonly (readonly [string, string])[];

function body(version: number, pairs: Pairs): Buffer {
  const strings = pairs.flatMap(([name, value]) => [cstring(name), cstring(value)]);
  return Buffer.concat([uint32(version), ...strings, Buffer.alloc(1)]);
}
const v3 = 3 << 16;
const basic: Pairs = [
  ['user', 'ada'],
  ['database', 'orders'],
];

const accepted: readonly { readonly name: string; readonly pairs: Pairs; readonly passes: Readonly<Record<string, string>> }[] = [
  { name: 'nothing but a user and a database', pairs: [], passes: {} },
  {
    name: 'what psql sends',
    pairs: [
      ['application_name', 'psql'],
      ['client_encoding', 'UTF8'],
    ],
    passes: { application_name: 'psql', client_encoding: 'UTF8' },
  },
  {
    name: 'what JDBC sends',
    pairs: [
      ['extra_float_digits', '2'],
      ['DateStyle', 'ISO'],
      ['TimeZone', 'UTC'],
    ],
    passes: { extra_float_digits: '2', DateStyle: 'ISO', TimeZone: 'UTC' },
  },
  { name: 'what users of asyncpg are told to send', pairs: [['jit', 'off']], passes: { jit: 'off' } },
  {
    name: 'what scripts and pools send in options',
    pairs: [['options', '--client-min-messages=warning -c default_transaction_isolation=repeatable\\ read']],
    passes: { client_min_messages: 'warning', default_transaction_isolation: 'repeatable read' },
  },
  { name: 'options: -c', pairs: [['options', '-c statement_timeout=5s']], passes: { statement_timeout: '5s' } },
  { name: 'options: -c without a space', pairs: [['options', '-cstatement_timeout=5s']], passes: { statement_timeout: '5s' } },
  { name: 'options: --', pairs: [['options', '--lock-timeout=1s  -c search_path=a']], passes: { lock_timeout: '1s', search_path: 'a' } },
  {
    name: 'options: escapes',
    pairs: [['options', String.raw`-c search_path=a,\ b\\c -c timezone=UTC`]],
    passes: { search_path: 'a, b\\c', timezone: 'UTC' },
  },
  { name: 'options: empty', pairs: [['options', '  ']], passes: {} },
];

const refused: readonly { readonly name: string; readonly pairs: Pairs; readonly says: RegExp }[] = [
  // PgBouncer CVE-2025-12819 and its like: parameters that make the server run or become something else.
  { name: 'session_authorization', pairs: [['session_authorization', 'postgres']], says: /"session_authorization" does not pass/ },
  { name: 'role', pairs: [['role', 'postgres']], says: /"role" does not pass/ },
  { name: 'session_preload_libraries', pairs: [['session_preload_libraries', 'x']], says: /does not pass/ },
  { name: 'replication', pairs: [['replication', 'database']], says: /"replication" does not pass/ },
  { name: 'replication by another case', pairs: [['Replication', 'true']], says: /does not pass/ },
  { name: 'an unknown one', pairs: [['nothing', '1']], says: /"nothing" does not pass/ },
  { name: 'role within options', pairs: [['options', '-c role=postgres']], says: /"role" does not pass/ },
  {
    name: 'role within options behind one that passes',
    pairs: [['options', '-c timezone=UTC --role=postgres']],
    says: /"role" does not pass/,
  },
  { name: 'an option that is no setting', pairs: [['options', '-N 5']], says: /option "-N" does not pass/ },
  { name: '-c without a setting', pairs: [['options', '-c']], says: /option "-c" does not pass/ },
  { name: '-c without a value', pairs: [['options', '-c timezone']], says: /does not pass/ },
  { name: 'a backslash at the end', pairs: [['options', '-c timezone=UTC -c rol\\e=x']], says: /does not pass/ },
  { name: 'an encoding with ASCII bytes in its characters', pairs: [['client_encoding', 'SJIS']], says: /encoding "SJIS"/ },
  { name: 'the same within options, by another name', pairs: [['options', '-c client-encoding=shift_jis']], says: /encoding "shift_jis"/ },
];

describe('the start-up message', () => {
  for (const { name, pairs, passes } of accepted)
    test(`passes: ${name}`, () => {
      const opening = parseOpening(body(v3, [...basic, ...pairs]));
      assert.ok(opening.kind === 'startup');
      assert.deepEqual(Object.fromEntries(opening.parameters), passes);
      assert.deepEqual([opening.user, opening.database, opening.minor], ['ada', 'orders', 0]);
    });

  for (const { name, pairs, says } of refused)
    test(`does not pass: ${name}`, () => {
      const opening = parseOpening(body(v3, [...basic, ...pairs]));
      assert.ok(opening.kind === 'unacceptable');
      assert.match(opening.message, says);
    });

  test('without a database the user names it', () => {
    const opening = parseOpening(body(v3, [['user', 'orders']]));
    assert.ok(opening.kind === 'startup' && opening.database === 'orders');
  });
  test('without a user it does not pass', () => assert.equal(parseOpening(body(v3, [['database', 'orders']])).kind, 'unacceptable'));
  test('protocol 2 does not pass', () => assert.equal(parseOpening(body(2 << 16, basic)).kind, 'unacceptable'));
  test('protocol 3.2 and its options are negotiated down', () => {
    const opening = parseOpening(body(v3 + 2, [...basic, ['_pq_.fast', '1']]));
    assert.ok(opening.kind === 'startup');
    assert.deepEqual([opening.minor, opening.unsupportedOptions], [2, ['_pq_.fast']]);
  });

  test('requests for encryption and cancels are known by their codes', () => {
    assert.equal(parseOpening(encodeTlsRequest().subarray(4)).kind, 'tls');
    assert.equal(parseOpening(uint32(80_877_104)).kind, 'gss');
    const cancel = parseOpening(encodeCancel(77, Buffer.from([1, 2, 3, 4])).subarray(4));
    assert.deepEqual(cancel, { kind: 'cancel', process: 77, secret: Buffer.from([1, 2, 3, 4]) });
  });

  for (const [name, bytes] of [
    ['nothing', Buffer.alloc(0)],
    ['half a version', Buffer.from([0, 3])],
    ['a name without its end', Buffer.concat([uint32(v3), Buffer.from('user')])],
    ['a name without a value', Buffer.concat([uint32(v3), cstring('user')])],
    ['no end', Buffer.concat([uint32(v3), cstring('user'), cstring('ada')])],
    ['bytes behind its end', Buffer.concat([body(v3, basic), Buffer.from('x')])],
    ['a cancel without a key', uint32(80_877_102)],
  ] as const)
    test(`is malformed: ${name}`, () => assert.throws(() => parseOpening(bytes), MalformedBytes));

  test('the last of two values for one name counts, as it does at the target', () => {
    const opening = parseOpening(body(v3, [...basic, ['timezone', 'UTC'], ['timezone', 'CET']]));
    assert.ok(opening.kind === 'startup' && opening.parameters.get('timezone') === 'CET');
  });

  test('towards the target stand its own user and database, once and last', () => {
    const bytes = encodeStartup('shop_app', 'shop', new Map([['application_name', 'x']]));
    const opening = parseOpening(bytes.subarray(4));
    assert.equal(bytes.readUInt32BE(0), bytes.length);
    assert.ok(opening.kind === 'startup');
    assert.deepEqual([opening.user, opening.database, [...opening.parameters]], ['shop_app', 'shop', [['application_name', 'x']]]);
  });
});

describe('the run', () => {
  for (const [name, run] of [
    ['psql;run=42', '42'],
    ['cursor;run=conv-1/turn_2:x.y@z+1;more=1', 'conv-1/turn_2:x.y@z+1'],
    ['psql;run=42 ', '42'],
    ['psql', null],
    ['run=42', null],
    ['psql;run=', null],
    ['psql;run=a b', null],
    ["psql;run=a';drop", null],
    [`psql;run=${'x'.repeat(129)}`, null],
  ] as const)
    test(`of ${name.slice(0, 40)} is ${run}`, () => assert.equal(runOf(new Map([['application_name', name]])), run));
});

describe('encodings', () => {
  for (const name of ['SJIS', 'shift_jis_2004', 'Big5', 'gbk', 'GB18030', 'JOHAB', 'UHC', 'Windows-949', 'win950', 'mskanji'])
    test(`${name} is unsafe`, () => assert.ok(isUnsafeEncoding(name)));
  for (const name of ['UTF8', 'utf-8', 'LATIN1', 'SQL_ASCII', 'EUC_JP', 'WIN1252', 'KOI8R'])
    test(`${name} is safe`, () => assert.ok(!isUnsafeEncoding(name)));
});
