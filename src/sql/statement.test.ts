import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { longestText, type ParsedStatement, parseStatements } from './parse.ts';
import { statementLineage } from './lineage.ts';
import { effectivePath, type Setting } from './setting.ts';
import { type StatementFacts, statementMeaning } from './statement.ts';
import { contextOf, deedsOf, meaningsOf, type Sample, sampleServer } from './testing/sample.ts';

let sample: Sample;
before(async () => {
  sample = await sampleServer();
});

describe('facts', () => {
  const cases: readonly (readonly [text: string, facts: Partial<StatementFacts>])[] = [
    ['select 1', { hasWhere: true, limited: false, returning: false, transactionControl: false, unresolved: false, functions: [] }],
    ['delete from orders', { hasWhere: false }],
    ['delete from orders where id = 1', { hasWhere: true }],
    ['delete from orders where true', { hasWhere: false }],
    ['delete from orders where 1 = 1', { hasWhere: false }],
    ['delete from orders where id = id', { hasWhere: false }],
    ['delete from orders where orders.id = orders.id', { hasWhere: false }],
    ['delete from orders where id = 1 or true', { hasWhere: false }],
    ['delete from orders where id = 1 or id <> 1 or 1 = 1', { hasWhere: false }],
    ['delete from orders where id = 1 or not (id = 1)', { hasWhere: false }],
    ['delete from orders where id is not null', { hasWhere: false }],
    ['delete from orders where not (id is null)', { hasWhere: false }],
    ['delete from orders where note is null', { hasWhere: true }],
    ['delete from orders where id = 1 and true', { hasWhere: true }],
    ['delete from orders where $1', { hasWhere: false }],
    ['delete from orders where random() < 2', { hasWhere: false }],
    ['delete from orders where id = $1', { hasWhere: true }],
    ['delete from orders where exists (select from users)', { hasWhere: false }],
    ['delete from orders where exists (select from users u where u.id = orders.user_id)', { hasWhere: true }],
    ['delete from orders where user_id in (select id from users)', { hasWhere: true }],
    ['delete from orders where current of c', { hasWhere: true }],
    ['delete from orders using users where orders.user_id = users.id', { hasWhere: true }],
    ['update orders set total = 0', { hasWhere: false }],
    ['update orders set total = 0 where id between 1 and 5', { hasWhere: true }],
    ['with d as (delete from orders) update users set name = name where id = 1', { hasWhere: false }],
    ['with d as (delete from orders where id = 1) select 1', { hasWhere: true }],
    ['truncate orders', { hasWhere: false }],
    ['explain delete from orders', { hasWhere: true }],
    ['explain analyze delete from orders', { hasWhere: false }],
    ['merge into orders o using users u on true when matched then delete', { hasWhere: false }],
    ['merge into orders o using users u on u.id = o.user_id when matched then delete', { hasWhere: true }],
    ['merge into orders o using users u on u.id = o.user_id when not matched by source then delete', { hasWhere: false }],
    ['execute prepared_delete(1)', { hasWhere: true }],
    ['select * from users limit 5', { limited: true }],
    ['select * from users fetch first row only', { limited: true }],
    ['select * from users limit $1', { limited: true }],
    ['select * from users limit all', { limited: false }],
    ['select * from users limit null', { limited: false }],
    ['select * from (select * from users limit 5) u', { limited: false }],
    ['delete from orders where id = 1 returning *', { returning: true }],
    ['with d as (delete from orders returning 1) select 1', { returning: true }],
    ['begin', { transactionControl: true }],
    ['savepoint a', { transactionControl: true }],
    ['select * from missing', { unresolved: true }],
    ['select missing()', { unresolved: true, functions: ['public.missing'] }],
    ["select 'x'::missing", { unresolved: true }],
    ["insert into audited values (1, 'x')", { triggers: true }],
    ['drop table orders cascade', { cascades: true }],
    ['drop table orders', { cascades: false }],
    ['select now(), lower(name) from people', { functions: ['pg_catalog.lower', 'pg_catalog.now', 'public.lower'] }],
  ];
  for (const [text, facts] of cases)
    test(text, async () => {
      const [meaning] = await meaningsOf(text, contextOf(sample.snapshot));
      assert.ok(typeof meaning === 'object');
      assert.deepEqual(Object.fromEntries(Object.keys(facts).map((fact) => [fact, meaning.facts[fact as keyof StatementFacts]])), facts);
    });
});

describe('what may be a slip', () => {
  const cases: readonly (readonly [text: string, doubts: readonly (string | undefined)[]])[] = [
    ["select datediff('day', now(), now())", ['no function of that name with 3 arguments is known']],
    ['select missing()', ['no function of that name with 0 arguments is known']],
    ['select missing(1)', ['no function of that name with 1 argument is known']],
    ['select missing(variadic array[1])', ['no function of that name is known']],
    ["select 'x'::missing", ['no type of that name is known']],
    ['with a as (select missing(1)) select * from a, users', ['no function of that name with 1 argument is known', undefined]],
    ['select * from users', [undefined]],
  ];
  for (const [text, doubts] of cases)
    test(text, async () => {
      const [meaning] = await meaningsOf(text, contextOf(sample.snapshot));
      assert.ok(typeof meaning === 'object');
      assert.deepEqual(
        meaning.deeds.map(({ doubt }) => doubt),
        doubts,
      );
    });
});

describe('names', () => {
  const odd = { searchPath: effectivePath('"Odd Name", app', 'shop_app') };
  const cases: readonly (readonly [text: string, setting: Partial<Setting>, deeds: readonly string[]])[] = [
    ['select * from users', {}, ['read select Table:public.users']],
    ['select * from USERS', {}, ['read select Table:public.users']],
    ['select * from shop.public.users', {}, ['read select Table:public.users']],
    ['select * from "Mixed Case"', odd, ['read select Table:"Odd Name"."Mixed Case"']],
    ['select * from settings', odd, ['read select Table:app.settings']],
    ['select * from users', odd, ['read select Table:"Odd Name".users']],
    ['select * from users', { searchPath: effectivePath('', 'x') }, ['read select Table:pg_catalog.users']],
    ['select * from pg_class', odd, ['read select Table:pg_catalog.pg_class']],
    ['select * from pg_authid', {}, ['read select Table:pg_catalog.pg_authid']],
    ['select * from users', { temporary: new Set(['users']) }, ['read select Table:pg_temp.users', 'read select Table:public.users']],
    ['select * from mine', { temporary: new Set(['mine']) }, ['read select Table:pg_temp.mine']],
    ['select * from users', { temporary: null }, ['read select Table:public.users', 'read select Table:pg_temp.users']],
    ['delete from pg_temp.users', {}, ['write delete Table:pg_temp.users']],
    ['with users as (select 1) select * from users', {}, ['read select']],
    ['with users as (select 1) select * from public.users', {}, ['read select Table:public.users']],
    ['with users as (select * from users) select * from users', {}, ['read select Table:public.users']],
    ['with recursive users as (select 1 union select * from users) select * from users', {}, ['read select']],
    ['with a as (select * from b), b as (select 1) select * from a', {}, ['read select Table:public.b']],
    ['with a as (select 1) insert into a select * from a', {}, ['write insert Table:public.a']],
    ['select (with users as (select 1) select * from users), (select id from users)', {}, ['read select Table:public.users']],
    ['select * from dogs', {}, ['read select Table:public.dogs', 'read select Table:public.animals']],
    ['select * from events_2024', {}, ['read select Table:public.events_2024', 'read select Table:public.events']],
    ['select * from events', {}, ['read select Table:public.events']],
    [
      'select * from people_deep',
      {},
      [
        'read select Table:public.people_deep',
        'read select Table:public.people',
        'read select Table:public.users',
        'read select Table:public.orders',
      ],
    ],
    ['select salary_of(1)', {}, ['read call Function:public.salary_of']],
    ['delete from orders where id = 1', {}, ['write delete Table:public.orders', 'read select Table:public.orders']],
    ['delete from orders', {}, ['write delete Table:public.orders']],
    [`select * from ${'u'.repeat(70)}`, {}, [`read select Table:public.${'u'.repeat(63)}`]],
  ];
  for (const [text, setting, deeds] of cases)
    test(`${text.slice(0, 80)} ${JSON.stringify(setting.searchPath ?? '')}`, async () =>
      assert.deepEqual(await deedsOf(text, contextOf(sample.snapshot, setting)), deeds));
});

describe('what a statement leaves in the session', () => {
  const cases: readonly (readonly [text: string, left: object, sets?: readonly object[]])[] = [
    ['prepare a as select 1', { prepared: 'a' }],
    ['declare c cursor for select 1', { cursor: 'c' }],
    ['create temp table t (id int)', { temporary: ['t'] }],
    ['select 1 as a into temp t', { temporary: ['t'] }],
    ['create table t (id int)', {}],
    ['create temp view v as select 1', { temporary: ['v'] }],
    ['create temp sequence s', { temporary: ['s'] }],
    ['set search_path to a, "B c"', {}, [{ name: 'search_path', value: 'a, "B c"', toDefault: false, local: false }]],
    ["set search_path to 'a, b'", {}, [{ name: 'search_path', value: '"a, b"', toDefault: false, local: false }]],
    ["select set_config('search_path', 'a, b', true)", {}, [{ name: 'search_path', value: 'a, b', toDefault: false, local: true }]],
    [
      'set local standard_conforming_strings = off',
      {},
      [{ name: 'standard_conforming_strings', value: 'off', toDefault: false, local: true }],
    ],
    ["SET NAMES 'latin1'", {}, [{ name: 'client_encoding', value: 'latin1', toDefault: false, local: false }]],
    ['reset role', {}, [{ name: 'role', value: null, toDefault: true, local: false }]],
    ['begin read only', {}, [{ name: 'transaction_read_only', value: '1', toDefault: false, local: true }]],
    [
      'set session characteristics as transaction read only',
      {},
      [{ name: 'default_transaction_read_only', value: '1', toDefault: false, local: false }],
    ],
    ['discard all', {}, ['*', 'role', 'session_authorization'].map((name) => ({ name, value: null, toDefault: true, local: false }))],
  ];
  for (const [text, left, sets = []] of cases)
    test(text, async () => {
      const [meaning] = await meaningsOf(text, contextOf(sample.snapshot));
      assert.ok(typeof meaning === 'object');
      assert.deepEqual(meaning.leaves, { prepared: null, cursor: null, temporary: [], ...left });
      assert.deepEqual(meaning.sets, sets);
    });
});

describe('a text that cannot be read', () => {
  const cases: readonly (readonly [what: string, text: string, conforming: boolean, reason: RegExp])[] = [
    ['a NUL', 'select 1\0; delete from users', true, /NUL/],
    ['a lone surrogate', "select '\ud800'", true, /half a character/],
    ['no SQL', 'selec 1', true, /syntax error/],
    ['an open string', "select 'x", true, /unterminated/],
    ['a backslash without standard strings', "select '\\'; delete from users; --'", false, /standard_conforming_strings/],
    ['more than the limit', `select '${'x'.repeat(longestText)}'`, true, /longer/],
    ['too deep nesting', `select ${'('.repeat(200_000)}1${')'.repeat(200_000)}`, true, /deep|exhausted/],
    ['an endless union', `select 1${' union select 1'.repeat(50_000)}`, true, /deep/],
  ];
  for (const [what, text, conforming, reason] of cases)
    test(what, async () => {
      const parsed = await parseStatements(text, conforming);
      assert.ok('unreadable' in parsed);
      assert.match(parsed.unreadable, reason);
    });
  test('plain strings are read without standard strings', async () =>
    assert.ok('statements' in (await parseStatements("select 'x'", false))));
  test('nothing is no statement', async () => {
    for (const text of ['', ' ', ';', '-- x', '/* x */']) assert.deepEqual(await parseStatements(text), { statements: [] });
  });
  test('a tree that is too deep to walk is unknown', () => {
    let tree: unknown = { A_Const: { isnull: true } };
    for (let depth = 0; depth < 5_000; depth += 1) tree = { BoolExpr: { boolop: 'NOT_EXPR', args: [tree] } };
    const statement = { text: '', from: 0, to: 0, tree: { SelectStmt: { targetList: [{ ResTarget: { val: tree } }] } } };
    const context = contextOf(sample.snapshot);
    assert.ok(statementMeaning(statement, context).deeds.some(({ effect }) => effect === 'unknown'));
    assert.equal(statementLineage(statement, context)?.whole, 'unknown');
  });
  test('subqueries that double at each level are given up in time', async () => {
    let query = "select 'x' as a";
    for (let depth = 0; depth < 40; depth += 1) query = `select x.a from unnest(array[(${query})], array[1]) as x(a, b)`;
    const parsed = await parseStatements(query);
    assert.ok('statements' in parsed && parsed.statements[0]);
    assert.equal(statementLineage(parsed.statements[0], contextOf(sample.snapshot))?.whole, 'unknown');
  });
});

describe('a statement of a text', () => {
  const read = async (text: string): Promise<readonly ParsedStatement[]> => {
    const parsed = await parseStatements(text);
    assert.ok('statements' in parsed);
    return parsed.statements;
  };
  test('knows its bytes', async () => {
    const text = "select 'ä😀'; select 2 /* ; */;\nselect 'x'";
    const bytes = Buffer.from(text);
    const statements = await read(text);
    assert.deepEqual(
      statements.map(({ text: own, from, to }) => [own, bytes.subarray(from, to).toString().trim()]),
      ["select 'ä😀'", 'select 2 /* ; */', "select 'x'"].map((own) => [own, own]),
    );
  });
  test('keeps what it does where it is long and thinned out', async () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => `(${index}, 'x')`);
    rows[4_321] = '(wipe(), (select email from users limit 1))';
    const deeds = await deedsOf(`insert into orders (id, note) values ${rows.join(',')}`, contextOf(sample.snapshot));
    assert.deepEqual(deeds, ['write insert Table:public.orders', 'unknown call Function:public.wipe', 'read select Table:public.users']);
    const statements = await read(`insert into orders (id, note) values ${rows.join(',')}`);
    assert.ok(JSON.stringify(statements[0]?.tree).length < 5_000);
  });
});
