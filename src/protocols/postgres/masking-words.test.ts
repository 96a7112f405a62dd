import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type SessionMasking, Tally } from '../../core/masking.ts';
import { maskFields, maskPlan } from './masking-words.ts';

function masking(more: Partial<SessionMasking> = {}): SessionMasking {
  const text = (given: string, tally: Tally) => {
    if (given.includes('4111')) tally.add('detectors[0]', null, 'card');
    return given.replaceAll('4111', '[redacted:card]');
  };
  return {
    byColumn: true,
    byPlace: false,
    plan: () => null,
    touches: () => true,
    allMayBeSeen: () => false,
    keepsOriginals: false,
    text,
    ...more,
  };
}

const asked = `select mail::int from people where note = 'my own words' and id = 17`;
type Fields = Readonly<Record<string, string>>;
const server = { S: 'ERROR', C: '22P02', F: 'int.c', L: '1', R: 'pg_strtoint32' };

/** What is said, and what is left of it, beside what says which error it is. */
const cases: readonly (readonly [name: string, said: Fields, left: Fields, more?: Partial<SessionMasking>, touches?: boolean])[] = [
  ['a value', { M: 'invalid input syntax for type integer: "bob"' }, { M: 'invalid input syntax for type integer: "[redacted]"' }],
  ['a value with quotes in it', { M: 'invalid: "a""b" and "z"' }, { M: 'invalid: "[redacted]" and "[redacted]"' }],
  ['what the client said himself', { M: 'unknown: "my own words"' }, { M: 'unknown: "my own words"' }],
  ['the same where masked values are read', { M: 'unknown: "my own words"' }, { M: 'unknown: "[redacted]"' }, {}, true],
  ['and where the parser says it', { M: 'unknown: "my own words"', P: '8' }, { M: 'unknown: "my own words"' }, {}, true],
  ['his numbers and others', { M: 'row 17 of 42, 0x5f61' }, { M: 'row 17 of [redacted] [redacted]' }],
  [
    'the names of things',
    { M: 'violates "people_key"', n: 'people_key', t: 'people' },
    { M: 'violates "people_key"', n: 'people_key', t: 'people' },
  ],
  ['a detail', { M: 'duplicate key', D: 'Key (email)=(bob@x.com) already exists.' }, { M: 'duplicate key', D: '[redacted:detail]' }],
  ['a hint', { M: 'm', H: 'Perhaps you meant "people.mail" or "bob".' }, { M: 'm', H: 'Perhaps you meant "[redacted]" or "[redacted]".' }],
  ['a context and a query', { M: 'm', W: 'COPY people, line 1: "bob"', q: 'select bob', p: '4' }, { M: 'm' }],
  ['other quotation marks', { M: 'ungültig: »bob« und „eve“' }, { M: 'ungültig: »[redacted]« und „[redacted]“' }],
  ['a quotation that does not end', { M: 'unterminated: "bob' }, { M: '[redacted:message]' }],
  ['an apostrophe', { M: "can't: bob" }, { M: '[redacted:message]' }],
  ['what a function says', { M: 'bob', D: 'eve', H: 'ann', c: 'x', F: 'pl_exec.c' }, { M: '[redacted:message]', D: '[redacted:detail]' }],
  ['what Python says', { M: 'bob', F: 'plpy_elog.c' }, { M: '[redacted:message]' }],
  ['what says not where it is from', { M: 'bob', F: '' }, { M: '[redacted:message]' }],
  ['what is found besides', { M: 'a card 4111', D: 'x' }, { M: 'a card [redacted:card]', D: 'x' }, { byColumn: false }],
  ['all, to whom may see it', { M: 'bob 42', D: 'x', W: 'y' }, { M: 'bob 42', D: 'x', W: 'y' }, { allMayBeSeen: () => true }],
];

describe('what an error says', () => {
  for (const [name, said, left, more, touches = false] of cases)
    test(name, () => {
      const fields = Object.entries({ ...server, ...said }).filter(([, text]) => text !== '');
      const masked = Object.fromEntries(maskFields(fields, { text: asked, touches }, masking(more), new Tally()));
      const about = Object.fromEntries(Object.entries(masked).filter(([letter]) => !'SCFLRP'.includes(letter)));
      assert.deepEqual(about, left);
      assert.equal(masked['C'], '22P02');
    });

  test('is counted', () => {
    const tally = new Tally();
    maskFields(
      [
        ['M', 'x "bob"'],
        ['D', 'd'],
        ['F', 'a.c'],
      ],
      { text: asked, touches: false },
      masking(),
      tally,
    );
    assert.deepEqual(
      tally.entries().map(({ detector, count }) => [detector, count]),
      [
        ['value', 1],
        ['detail', 1],
      ],
    );
  });
});

test('a plan keeps the client’s own constants alone', () => {
  const plan = "Filter: ((note = 'my own words'::text) AND (mail <> 'bob''s'::text) AND (n < 42))";
  assert.equal(
    maskPlan(plan, asked, masking(), new Tally()),
    "Filter: ((note = 'my own words'::text) AND (mail <> '[redacted]'::text) AND (n < 42))",
  );
});
