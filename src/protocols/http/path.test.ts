import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalTarget, queryNames, withoutParameter } from './path.ts';
import { foldIds } from './route.ts';

/** The classes of path confusion that gateways had: what two servers read as two paths is refused, and all else has one form. */
const refused: readonly (readonly [target: string, says: RegExp])[] = [
  ['/a/../b', /dot segment/],
  ['/a/./b', /dot segment/],
  ['/..', /dot segment/],
  ['/a/%2e%2e/b', /dot segment/],
  ['/a/.%2E/b', /dot segment/],
  ['/a%2fb', /encoded slash/],
  ['/a%2F..%2Fb', /encoded slash/],
  ['/a%5cb', /encoded backslash/],
  ['//a', /empty segment/],
  ['/a//b', /empty segment/],
  ['/a;b/c', /semicolon/],
  ['/a/..;/b', /semicolon/],
  ['/a%3bb', /encoded semicolon/],
  ['/a%252e%252e/b', /encoded twice/],
  ['/a%25%32%66', /encoded twice|percent sign/],
  ['/a%00', /control character/],
  ['/a%0d%0aX:%20y', /control character/],
  ['/a%', /percent sign without/],
  ['/a%zz', /percent sign without/],
  [`/${'a'.repeat(9_000)}`, /longer than/],
  [`/a?${'a'.repeat(70_000)}`, /longer than/],
];

const canonical: readonly (readonly [target: string, path: string, query: string | null])[] = [
  ['/', '/', null],
  ['/a/', '/a/', null],
  ['/%41%7e%2d', '/A~-', null],
  ['/caf%c3%a9', '/caf%C3%A9', null],
  ['/a%20b|c', '/a%20b%7Cc', null],
  ['/a...b/...', '/a...b/...', null],
  ['/100%25', '/100%25', null],
  ['/a?b=../c&d=%2f//', '/a', 'b=../c&d=%2f//'],
  ['/a?', '/a', ''],
  ['/a?b=<x>', '/a', 'b=%3Cx%3E'],
  ['/a?b=c?d', '/a', 'b=c?d'],
];

describe('a request’s path', () => {
  for (const [target, says] of refused)
    test(`${target.slice(0, 40)} is refused`, () => assert.match(JSON.stringify(canonicalTarget(target, 'refuse')), says));

  for (const [target, path, query] of canonical)
    test(`${target} is ${path}`, () => {
      assert.deepEqual(canonicalTarget(target, 'refuse'), { path, query });
      assert.deepEqual(canonicalTarget(query === null ? path : `${path}?${query}`, 'refuse'), { path, query }, 'its form has another form');
    });

  test('keeps encoded slashes where the connection says so, and still no way upwards', () => {
    assert.deepEqual(canonicalTarget('/projects/group%2fname/files/a%2Fb.txt', 'keep'), {
      path: '/projects/group%2Fname/files/a%2Fb.txt',
      query: null,
    });
    for (const target of ['/a%2f..%2fb', '/%2e%2e%2fb', '/a%2f%2e/b'])
      assert.match(JSON.stringify(canonicalTarget(target, 'keep')), /dot segment/);
  });
});

describe('a query', () => {
  test('has names', () => {
    assert.deepEqual(queryNames('a=1&b&a=2;c%20d=3&=x&%ff=1'), ['a', 'b', 'c d', '%ff']);
    assert.deepEqual(queryNames(null), []);
  });
  test('loses a parameter in every spelling', () => {
    assert.equal(withoutParameter('a=1&api_key=x&API_KEY=y&%61pi_key=z&b=2', 'api_key'), 'a=1&b=2');
    assert.equal(withoutParameter('api_key=x', 'api_key'), null);
  });
});

describe('a route', () => {
  const folded: readonly (readonly [path: string, template: string])[] = [
    ['/', '/'],
    ['/customers/42/orders/7', '/customers/{id}/orders/{id}'],
    ['/v1/users/6f1d1f0e-8b7c-4e7e-9d43-0d8f8f0a1b2c', '/v1/users/{uuid}'],
    ['/commits/9fceb02d0ae598e95dc970b74767f19372d61af8/', '/commits/{hash}/'],
    ['/days/2026-11-27', '/days/{date}'],
    ['/people/ada@example.com', '/people/{email}'],
    ['/charges/ch_3MmlLrLkdIwHu7ix0snN0B15', '/charges/{token}'],
    ['/issues/OPS-1234', '/issues/{id}'],
    ['/api/v2/deadbeef/cafe', '/api/v2/deadbeef/cafe'],
    ['/customers/search', '/customers/search'],
    ['/acme.orders.v1.OrderService/Get', '/acme.orders.v1.OrderService/Get'],
    ['/acme.orders.v1beta2.OrderService2/Get', '/acme.orders.v1beta2.OrderService2/Get'],
    ['/files/a1b2c3.d4e5f6.Orders0815', '/files/{token}'],
  ];
  for (const [path, template] of folded) test(`of ${path} is ${template}`, () => assert.equal(foldIds(path), template));
});
