import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maskingSchema } from './settings.ts';

const parse = (section: unknown) => maskingSchema.safeParse(section);

describe('the section masking', () => {
  const good: { readonly [name: string]: unknown } = {
    'of the contract': {
      columns: [{ column: 'orders:public.users.email', action: 'partial' }],
      detectors: [{ detect: ['email', 'card', 'iban'], connections: ['orders'], action: 'redact' }],
      patterns: [{ name: 'employee-id', pattern: 'E[0-9]{6}', action: 'redact' }],
    },
    'with nothing': {},
    'with null as YAML reads it': { columns: [{ column: 'a:b.c.d', action: null }] },
    'with null as a word': { columns: [{ column: 'a:b.c.d', action: 'null' }] },
    'with one country and all of them': { detectors: [{ detect: ['us-ssn', 'national-id'], action: 'pseudonym' }] },
  };
  for (const [name, section] of Object.entries(good)) test(`${name} is right`, () => assert.ok(parse(section).success));

  test('makes null of either', () => {
    assert.deepEqual(maskingSchema.parse(good['with null as YAML reads it']), maskingSchema.parse(good['with null as a word']));
  });

  const pattern = (source: string, name = 'x') => ({ patterns: [{ name, pattern: source, action: 'redact' }] });
  const bad: readonly (readonly [name: string, section: unknown, path: string, says: RegExp])[] = [
    ['an unknown key', { column: [] }, '', /column/],
    ['no action', { columns: [{ column: 'a:b.c.d' }] }, 'columns.0.action', /.*/],
    ['an unknown action', { columns: [{ column: 'a:b.c.d', action: 'hash' }] }, 'columns.0.action', /"hash" is no action; write redact/],
    ['a column without a schema', { columns: [{ column: 'a:c.d', action: 'null' }] }, 'columns.0.column', /after character 5 "\."/],
    ['an unknown detector', { detectors: [{ detect: ['emial'], action: 'redact' }] }, 'detectors.0.detect.0', /"email"/],
    ['a list of no detectors', { detectors: [{ detect: [], action: 'redact' }] }, 'detectors.0.detect', /name a detector/],
    ['no connection', { detectors: [{ detect: ['ip'], action: 'redact', connections: [] }] }, 'detectors.0.connections', /leave it out/],
    ['an open group', pattern('E(\\d'), 'patterns.0.pattern', /missing closing \); write/],
    ['a wrong class', pattern('E[z-a]{2}'), 'patterns.0.pattern', /invalid character class range at character 3, `z-a`/],
    ['a look-ahead', pattern('E(?=x)'), 'patterns.0.pattern', /at character 2, `\(\?=`; write it in the syntax of RE2/],
    ['a back-reference', pattern('(a)\\1'), 'patterns.0.pattern', /invalid escape sequence at character 4/],
    ['too many repeats', pattern('((a{100}){100}){100}'), 'patterns.0.pattern', /invalid repeat count/],
    ['a pattern of nothing', pattern('a*'), 'patterns.0.pattern', /matches the empty text/],
    ['a pattern that is too long', pattern('a'.repeat(1_001)), 'patterns.0.pattern', /longer than 1000 characters/],
    ['the name of a detector', pattern('a', 'email'), 'patterns.0.name', /name of a detector/],
    ['a name with spaces', pattern('a', 'my id'), 'patterns.0.name', /lower-case letters/],
    ['a name twice', { patterns: [...pattern('a').patterns, ...pattern('b').patterns] }, 'patterns.1.name', /"x" is there twice/],
  ];
  for (const [name, section, path, says] of bad)
    test(`refuses ${name}`, () => {
      const { error } = parse(section);
      const issue = error?.issues[0];
      assert.equal(issue?.path.join('.'), path);
      assert.match(issue?.message ?? '', says);
    });

  test('says which detectors there are, so that the nearest can be named', () => {
    const issue = parse({ detectors: [{ detect: ['emial'], action: 'redact' }] }).error?.issues[0];
    assert.ok(issue?.code === 'invalid_value' && issue.values.includes('email') && issue.values.includes('national-id'));
  });
});
