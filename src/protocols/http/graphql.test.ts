import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NotGraphQl, readOperation } from './graphql.ts';
import { operationInQuery, operationsOf } from './graphql-request.ts';

const json = 'application/json; charset=utf-8';
const body = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('a GraphQL document', () => {
  const read: readonly (readonly [document: string, operation: string | null, type: string, name: string, fields: readonly string[]])[] = [
    ['{ me { name } }', null, 'query', '', ['me']],
    [
      'query Q($id: ID! = "x", $l: [Int] = [1, 2]) @live { a: user(id: $id) { name } b: user(id: 2) { name } total }',
      null,
      'query',
      'Q',
      ['user', 'total'],
    ],
    ['mutation { deleteUser(id: 1) }', null, 'mutation', '', ['deleteUser']],
    ['subscription S { ticks }', null, 'subscription', 'S', ['ticks']],
    ['query A { a } mutation B { b }', 'B', 'mutation', 'B', ['b']],
    [
      'mutation M { ...F ...on Mutation @include(if: true) { c } } fragment F on Mutation { a ...G } fragment G on Mutation { b ...F }',
      null,
      'mutation',
      'M',
      ['a', 'b', 'c'],
    ],
    [
      '# mutation { x }\n"""not here""" query Q { text(of: "mutation { x }", block: """ } "quoted" """) }'.replace('"""not here""" ', ''),
      null,
      'query',
      'Q',
      ['text'],
    ],
    ['query query { query }', null, 'query', 'query', ['query']],
    ['\uFEFF,,{ a, b }', null, 'query', '', ['a', 'b']],
  ];
  for (const [document, operation, type, name, fields] of read)
    test(`is read: ${document.slice(0, 60)}`, () => assert.deepEqual(readOperation(document, operation), { type, name, fields }));

  const refused: readonly (readonly [document: string, operation: string | null])[] = [
    ['', null],
    ['{}', null],
    ['{ a', null],
    ['{ a } }', null],
    ['{ a(b: [1) ] }', null],
    ['query A { a } query B { b }', null],
    ['query A { a } mutation A { b }', 'A'],
    ['query A { a }', 'B'],
    ['{ ...F }', null],
    ['{ ...F } fragment F on Query { a } fragment F on Mutation { b }', null],
    ['type Query { a: Int }', null],
    ['extend type Query { a: Int } { a }', null],
    ['"description" query { a }', null],
    ['{ a(b: "unended) }', null],
    ['{ a ? b }', null],
    ['{ a(b: 1a) }', null],
    [`{ ${'a('.repeat(200_000)} }`, null],
  ];
  for (const [document, operation] of refused)
    test(`is refused: ${document.slice(0, 60)}`, () => assert.throws(() => readOperation(document, operation), NotGraphQl));
});

describe('a GraphQL request', () => {
  test('is one operation, or several', () => {
    const query = 'mutation M { a }';
    const one = { type: 'mutation', name: 'M', fields: ['a'] };
    assert.deepEqual(operationsOf(body({ query, variables: { query: 1 } }), json), [one]);
    assert.deepEqual(operationsOf(body([{ query }, { query: '{ b }' }]), json), [one, { type: 'query', name: '', fields: ['b'] }]);
    assert.deepEqual(operationsOf(body(query), 'application/graphql'), [one]);
    assert.deepEqual(operationInQuery('query=%7B%20a%20%7D&variables=%7B%7D'), [{ type: 'query', name: '', fields: ['a'] }]);
  });

  const refused: readonly (readonly [name: string, body: unknown, type: string])[] = [
    ['two members of one name', '{"query":"{ a }","query":"mutation { b }"}', json],
    ['two that differ by an escape', '{"query":"{ a }","qu\\u0065ry":"mutation { b }"}', json],
    ['a member in another case', '{"Query":"mutation { b }","query":"{ a }"}', json],
    ['only a hash of the document', { extensions: { persistedQuery: { sha256Hash: 'x' } } }, json],
    ['an operation’s name that is a number', { query: '{ a }', operationName: 1 }, json],
    ['an empty list', [], json],
    ['a form', 'query={a}', 'application/x-www-form-urlencoded'],
  ];
  for (const [name, given, type] of refused)
    test(`is refused with ${name}`, () => assert.throws(() => operationsOf(body(given), type), NotGraphQl));
  test('is refused where its query has two documents', () => assert.throws(() => operationInQuery('query={a}&query={b}'), NotGraphQl));
});
