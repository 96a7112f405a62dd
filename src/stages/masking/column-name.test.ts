import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { qualified } from '../../sql/names.ts';
import { columnKey, readColumn } from './column-name.ts';

describe('the name of a column', () => {
  const good: readonly (readonly [text: string, names: readonly (string | null)[]])[] = [
    ['orders:public.users.email', ['orders', 'public', 'users', 'email']],
    ['orders:Public.USERS.Email', ['orders', 'public', 'users', 'email']],
    ['orders:public."Users"."E.Mail ""x"""', ['orders', 'public', 'Users', 'E.Mail "x"']],
    ['*:*.*.email', [null, null, null, 'email']],
    ['orders:*.users.*', ['orders', null, 'users', null]],
    ['orders:public.kund_ø.größe', ['orders', 'public', 'kund_ø', 'größe']],
    ['web-app:"*".a.b', ['web-app', '*', 'a', 'b']],
  ];
  for (const [text, [connection, schema, table, column]] of good)
    test(`reads ${text}`, () => assert.deepEqual(readColumn(text), { connection, schema, table, column }));

  const places: readonly (readonly [text: string, connection: string | null, pointer: readonly string[]])[] = [
    ['billing:/customers/*/email', 'billing', ['customers', '*', 'email']],
    ['*:/**/Secret Key', null, ['**', 'Secret Key']],
    ['billing:/a~1b/c~0d', 'billing', ['a~1b', 'c~0d']],
  ];
  for (const [text, connection, pointer] of places)
    test(`reads ${text}, a place in documents`, () => assert.deepEqual(readColumn(text), { connection, pointer }));
  for (const text of ['billing:/', 'billing://a', 'Billing:/a', 'billing:/a~2', 'billing:/a/'])
    test(`refuses ${text}, which is no place`, () => {
      const refused = readColumn(text);
      assert.ok(typeof refused === 'string');
      assert.match(refused, /^expected connection:\/name\/name/);
    });

  const bad: readonly (readonly [text: string, says: RegExp])[] = [
    ['', /; a part is missing at the end$/],
    ['users.email', /at character 6 ":" should stand, found "\."/],
    ['orders:users.email', /after character 18 "\." should follow/],
    ['orders:public.users.', /a part is missing at the end/],
    ['orders:public..email', /at character 15 a name or \* should stand/],
    ['orders:public.users.email.x', /at character 26 the name should end, found "\."/],
    ['orders:public.us*.email', /at character 17 "\." should stand, found "\*"; \* stands for a whole name/],
    ['orders:public."users.email', /at character 15 a name or \* should stand/],
  ];
  for (const [text, says] of bad)
    test(`refuses ${text || 'the empty text'}`, () => {
      const read = readColumn(text);
      assert.ok(typeof read === 'string');
      assert.match(read, says);
    });

  test('has one key for each three identifiers, which is the one that lineage names it by', () => {
    assert.equal(columnKey('public', 'users', 'email'), 'public.users.email');
    assert.equal(columnKey('public', 'Users', 'a.b"c'), 'public."Users"."a.b""c"');
    assert.notEqual(columnKey('a', 'b.c', 'd'), columnKey('a.b', 'c', 'd'));
    for (const name of ['users', 'Users', 'a.b', 'a"b', '1st', 'größe', 'x$1', ''])
      assert.equal(columnKey('s', name, 'c'), qualified('s', name, 'c'));
  });
});
