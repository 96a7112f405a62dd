import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import { type MaskAction, maskActions } from './action.ts';
import { Pseudonyms } from './pseudonyms.ts';
import { type ValueKind, valueKinds } from '../../core/masking.ts';
import { maskValue } from './value.ts';

const pseudonyms = new Pseudonyms(createSecretKey(Buffer.alloc(32, 7)));
const mask = (text: string, action: MaskAction, kind: ValueKind) => maskValue(text, { action, label: 'x' }, kind, pseudonyms);

describe('a masked value', () => {
  const cases: readonly (readonly [kind: ValueKind, text: string, redact: string | null, partial: string | null])[] = [
    ['text', 'alice@example.com', '[redacted:x]', 'a***@***.com'],
    ['text', 'al@example.museum', '[redacted:x]', 'a***@***'],
    ['text', '4111 1111 1111 1111', '[redacted:x]', '***1111'],
    ['text', 'DE89 3704 0044 0532 0130 00', '[redacted:x]', 'DE***3000'],
    ['text', '+49 30 901820', '[redacted:x]', '***820'],
    ['text', '203.0.113.199', '[redacted:x]', '203.0.0.0'],
    ['text', '10472-2291-5', '[redacted:x]', '***915'],
    ['text', 'Alexandra', '[redacted:x]', 'A***'],
    ['text', '𝒜lexandra', '[redacted:x]', '𝒜***'],
    ['text', 'Alice', '[redacted:x]', '[redacted:x]'],
    ['text', 'a ---- ---- b', '[redacted:x]', '[redacted:x]'],
    ['text', '', '[redacted:x]', '[redacted:x]'],
    ['integer', '123456', '0', '120000'],
    ['integer', '-2147483648', '0', '-2140000000'],
    ['integer', '42', '0', '0'],
    ['integer', 'nonsense', '0', '0'],
    ['numeric', '1234567.89', '0.00', '1200000.00'],
    ['numeric', '0.123456', '0.000000', '0.000000'],
    ['numeric', 'NaN', '0', '0'],
    ['float', '1e+300', '0', '0'],
    ['float', '-Infinity', '0', '0'],
    ['boolean', 't', 'f', 'f'],
    ['uuid', '550e8400-e29b-41d4-a716-446655440000', '00000000-0000-0000-0000-000000000000', '550e8400-0000-0000-0000-000000000000'],
    ['date', '1984-05-06', '1970-01-01', '1980-01-01'],
    ['date', 'infinity', '1970-01-01', '1970-01-01'],
    ['date', '0044-03-15 BC', '1970-01-01', '1970-01-01'],
    ['time', '13:14:15.5', '00:00:00', '00:00:00'],
    ['time', '13:14:15+02', '00:00:00+00', '00:00:00+00'],
    ['timestamp', '1984-05-06 07:08:09.123', '1970-01-01 00:00:00', '1980-01-01 00:00:00'],
    ['timestamp', '1984-05-06 07:08:09+05:30', '1970-01-01 00:00:00+00', '1980-01-01 00:00:00+00'],
    ['interval', '1 year 2 mons', '00:00:00', '00:00:00'],
    ['bytes', '\\xdeadbeef', '\\x', '\\x'],
    ['inet', '203.0.113.9/24', '0.0.0.0', '0.0.0.0'],
    ['inet', '10.20.30.0/24', '0.0.0.0', '10.0.0.0'],
    ['inet', '2001:db8::1', '::', '::'],
    ['inet', '2001:db8:0:1:2:3:4:5', '::', '2001::'],
    ['mac', '08:00:2b:01:02:03', '00:00:00:00:00:00', '00:00:00:00:00:00'],
    ['array', '{a,b}', '{}', '{}'],
    ['other', '(1,2)', null, null],
    [
      'json',
      '{"name":"Alexandra","n":[12345678901234567890,1.50,true,null]}',
      '{"name":"[redacted:x]","n":[0,0.00,false,null]}',
      '{"name":"A***","n":[12345600000000000000,0.00,false,null]}',
    ],
    ['json', '{"bob@example.com":{"a":"b"}}', '{"[redacted:x]":{"a":"[redacted:x]"}}', '{"b***@***.com":{"a":"[redacted:x]"}}'],
    [
      'json',
      '{"x y":1,"y z":2,"__proto__":3}',
      '{"[redacted:x]":0,"[redacted:x]#2":0,"__proto__":0}',
      '{"[redacted:x]":0,"[redacted:x]#2":0,"__proto__":0}',
    ],
    ['json', '"text"', '"[redacted:x]"', '"[redacted:x]"'],
    ['json', 'not json', '"[redacted:x]"', '"[redacted:x]"'],
    ['json', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, '"[redacted:x]"', '"[redacted:x]"'],
  ];
  for (const [kind, text, redact, partial] of cases)
    test(`${kind} ${text.slice(0, 60)}`, () => {
      assert.equal(mask(text, 'redact', kind), redact);
      assert.equal(mask(text, 'partial', kind), partial);
      assert.equal(mask(text, 'null', kind), null);
      if (text !== '') assert.notEqual(mask(text, 'pseudonym', kind), kind === 'boolean' ? 't' : text);
    });

  test('has a case for each kind', () => assert.deepEqual(new Set(cases.map(([kind]) => kind)), new Set(valueKinds)));

  const pseudonymShapes: readonly (readonly [kind: ValueKind, text: string, shape: RegExp])[] = [
    ['text', 'Alice', /^p_[a-z]{16}$/],
    ['text', 'alice@example.com', /^[a-z]{16}@masked\.invalid$/],
    ['text', '+49 30 901820', /^\+999\d{10}$/],
    ['text', '4111-1111-1111-1111', /^9\d{3}-\d{4}-\d{4}-\d{4}$/],
    ['text', 'DE89 3704 0044 0532 0130 00', /^XX\d{20}$/],
    ['text', '203.0.113.9', /^2[45]\d\.\d+\.\d+\.\d+$/],
    ['integer', '42', /^\d{1,5}$/],
    ['integer', '-70000', /^-\d{5,10}$/],
    ['integer', '9223372036854775807', /^\d{10,19}$/],
    ['numeric', '1234.50', /^\d{4}\.\d0$/],
    ['uuid', '550e8400-e29b-41d4-a716-446655440000', /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/],
    ['date', '1984-05-06', /^(19|20)\d\d-\d\d-\d\d$/],
    ['timestamp', '1984-05-06 07:08:09+02', /^(19|20)\d\d-\d\d-\d\d \d\d:\d\d:\d\d\+00$/],
    ['time', '07:08:09', /^\d\d:\d\d:\d\d$/],
    ['bytes', '\\x00', /^\\x[0-9a-f]{64}$/],
    ['inet', '2001:db8::1', /^fd00:/],
    ['json', '{"id":42,"tags":["Alice"]}', /^\{"id":\d{1,5},"tags":\["p_[a-z]{16}"\]\}$/],
  ];
  for (const [kind, text, shape] of pseudonymShapes)
    test(`pseudonym of ${kind} ${text}`, () => {
      assert.match(mask(text, 'pseudonym', kind) ?? '', shape);
      assert.equal(mask(text, 'pseudonym', kind), mask(text, 'pseudonym', kind));
    });

  test('whole numbers among decimals keep how many digits they have, and no two become one', () => {
    for (const [least, end] of [
      [0, 10],
      [10, 100],
      [100, 1000],
    ] as const) {
      const numbers = Array.from({ length: end - least }, (_, index) => least + index);
      const made = numbers.map((number) => Number(mask(`${number}.000`, 'pseudonym', 'numeric')));
      assert.deepEqual(
        made.toSorted((one, other) => one - other),
        numbers,
      );
      assert.notDeepEqual(made, numbers);
    }
    assert.match(mask('-999999999999999999', 'pseudonym', 'numeric') ?? '', /^-[1-9]\d{17}$/);
    assert.match(mask('1234567890123456789', 'pseudonym', 'numeric') ?? '', /^\d{19}$/);
  });

  test('has one pseudonym for what is equal in several forms', () => {
    assert.equal(mask('Alice@Example.com', 'pseudonym', 'text'), mask('alice@example.com', 'pseudonym', 'text'));
    assert.equal(mask('4111 1111 1111 1111', 'pseudonym', 'text')?.replaceAll(' ', ''), mask('4111111111111111', 'pseudonym', 'text'));
    assert.equal(mask('42.00', 'pseudonym', 'numeric'), `${mask('42', 'pseudonym', 'numeric')}.00`);
    assert.equal(mask('1.5', 'pseudonym', 'numeric'), mask('1.50', 'pseudonym', 'numeric')?.slice(0, -1));
    assert.equal(mask('203.0.113.9', 'pseudonym', 'text'), mask('203.0.113.9', 'pseudonym', 'inet'));
    assert.ok(isIP(mask('203.0.113.9', 'pseudonym', 'inet') ?? ''));
  });

  test('never keeps more than a third of the letters and digits, and nothing of a short one', () => {
    const alphabet = 'aB3 -.@ü9🙂x+/:';
    for (let seed = 1; seed < 20_000; seed += 1) {
      const text = Array.from(
        { length: seed % 29 },
        (_, index) => Array.from(alphabet)[(seed * 31 + index * index * 17 + seed * index) % 15] ?? '',
      ).join('');
      const left = mask(text, 'partial', 'text') ?? '';
      if (left === '[redacted:x]') continue;
      const count = (of: string) => of.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
      assert.ok(count(left.replace(/\.0\.0\.0$/, '')) <= count(text) / 3 && count(text) >= 6, `${text} → ${left}`);
    }
  });

  test('is masked by every action', () => assert.equal(new Set(maskActions.map((action) => mask('Alexandra', action, 'text'))).size, 4));
});
