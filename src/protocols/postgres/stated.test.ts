import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statedIn } from './stated.ts';

const mebibyte = 1024 * 1024;

/** The words that a statement has; null where it has none. */
const cases: readonly (readonly [name: string, statement: string, stated: string | null, text?: string])[] = [
  ['a line comment before it', '-- reason: the order is paid twice\ndelete from orders', 'the order is paid twice'],
  ['any case, any space', '\n \t--REASON:paid twice \r\ndelete from orders', 'paid twice'],
  ['a block comment before it', '/* reason: paid\n     twice */ delete from orders', 'paid twice'],
  ['sqlcommenter’s at its end', "delete from orders /*action='a',reason='paid%20twice%21'*/", 'paid twice!'],
  ['the same before a semicolon', "delete from orders /* reason='it\\'s paid' */ ;\n", "it's paid"],
  ['what is not coded as it should be, as it stands', "delete from orders /*reason='100%'*/", '100%'],
  ['one at the beginning of the whole text', 'delete from orders', 'both are void', '-- reason: both are void\nbegin; delete from orders'],
  ['its own before that of the whole text', '/* reason: mine */ delete from orders', 'mine', '-- reason: both\nbegin; …'],
  ['no comment', 'delete from orders', null],
  ['another comment', '-- because\ndelete from orders', null],
  ['a second comment', '-- hello\n-- reason: late\ndelete from orders', null],
  ['one within it', 'delete from /* reason: within */ orders', null],
  ['an empty one', '-- reason:   \ndelete from orders', null],
  ['one that never ends', '/* reason: for ever', null],
  ['another key', "delete from orders /*unreason='x'*/", null],
  ['a text that only looks like one', "select '/*reason=''x''*/'", null],
  ['a mebibyte of space', `/* reason:${' '.repeat(mebibyte)}why${' '.repeat(mebibyte)}*/ delete from orders`, 'why'],
  ['a mebibyte of beginnings', `delete from orders ${'/*'.repeat(mebibyte / 2)}`, null],
];

describe('why a client says that it asks, in', () => {
  for (const [name, statement, stated, text] of cases) test(name, () => assert.equal(statedIn(statement, text ?? statement).text, stated));

  test('a long one, whole: who shows it cuts it', () => {
    assert.equal(statedIn(`-- reason: ${'y'.repeat(mebibyte)}\nselect 1`, null).text?.length, mebibyte);
  });
});
