import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codingOf, ledBack, replyFields, requestFields } from './headers.ts';

const target = { origin: 'https://api.example.com', secure: true, host: 'api.example.com', port: 443, path: '/v1' };
const places = { target, base: 'https://gate.example:8443/billing', prefix: '/billing' };

describe('where a reply leads', () => {
  const cases: readonly (readonly [location: string, shown: string])[] = [
    ['/v1/customers/1?a=b#c', '/billing/customers/1?a=b#c'],
    ['/v1', '/billing'],
    ['/v1?x', '/billing?x'],
    ['https://api.example.com/v1/customers', 'https://gate.example:8443/billing/customers'],
    ['HTTPS://API.example.com:443/v1/x', 'https://gate.example:8443/billing/x'],
    ['//api.example.com/v1/x', 'https://gate.example:8443/billing/x'],
    // Beside the connection's path: spelled out, or it would be another connection at the gateway.
    ['/v10/x', 'https://api.example.com/v10/x'],
    ['/other', 'https://api.example.com/other'],
    ['https://api.example.com/other', 'https://api.example.com/other'],
    ['https://elsewhere.example/v1/x', 'https://elsewhere.example/v1/x'],
    ['//elsewhere.example/v1', '//elsewhere.example/v1'],
    ['customers/2', 'customers/2'],
    ['?page=2', '?page=2'],
  ];
  for (const [location, shown] of cases) test(`${location} is shown as ${shown}`, () => assert.equal(ledBack(location, places), shown));

  test('in links, cookies and refreshes too', () => {
    const shown = replyFields(
      [
        ['link', '<https://api.example.com/v1/a?page=2>; rel="next", </v1/b>; rel=last'],
        ['refresh', '5; url=/v1/c'],
        ['set-cookie', 'a=1; Domain=example.com; Path=/v1/admin; HttpOnly'],
        ['set-cookie', 'b=2; path=/'],
        ['strict-transport-security', 'max-age=1'],
        ['alt-svc', 'h3=":443"'],
        ['keep-alive', 'timeout=5'],
        ['etag', '"x"'],
        ['content-length', '5'],
        ['content-type', 'application/json'],
      ],
      places,
      false,
    );
    assert.deepEqual(shown, [
      ['link', '<https://gate.example:8443/billing/a?page=2>; rel="next", </billing/b>; rel=last'],
      ['refresh', '5; url=/billing/c'],
      ['set-cookie', 'a=1; HttpOnly; Path=/billing/admin'],
      ['set-cookie', 'b=2; Path=/billing/'],
      ['etag', '"x"'],
      ['content-length', '5'],
      ['content-type', 'application/json'],
    ]);
  });

  test('and a body that was rewritten is no longer described by what described it', () => {
    const fields = [
      ['content-length', '5'],
      ['content-encoding', 'gzip'],
      ['digest', 'sha-256=x'],
      ['etag', '"x"'],
      ['content-type', 'text/plain; charset=utf-8'],
    ] as const;
    assert.deepEqual(replyFields(fields, places, true), [
      ['etag', 'W/"x"'],
      ['content-type', 'text/plain; charset=utf-8'],
    ]);
  });

  const typed: readonly (readonly [types: readonly string[], isPage: boolean])[] = [
    [['text/html'], true],
    [['image/svg+xml'], true],
    [['application/xhtml+xml;charset=utf-8'], true],
    [['text/xml'], true],
    [['application/pdf'], true],
    [[], true],
    [['application/json', 'text/html'], true],
    [['application/json, text/html'], true],
    [['application/json'], false],
    [['application/problem+json; charset=utf-8'], false],
    [['text/event-stream'], false],
    [['TEXT/PLAIN'], false],
  ];
  for (const [types, isPage] of typed)
    test(`and a page is nobody's (cookies know no ports, RFC 6265 section 8.5): ${types.join(' and ') || 'no type'}`, () => {
      const shown = replyFields(
        types.map((type) => ['content-type', type] as const),
        places,
        false,
      );
      const policies = shown.filter(([name]) => name === 'content-security-policy').map(([, value]) => value);
      assert.deepEqual(policies, isPage ? ['sandbox allow-scripts allow-forms allow-popups allow-downloads'] : []);
    });
});

describe('a request’s fields', () => {
  const asked: readonly (readonly [accepts: string | null, sent: string])[] = [
    [null, 'identity'],
    ['gzip, deflate, br, zstd', 'gzip, deflate, br, zstd'],
    ['gzip;q=1.0, compress, *;q=0.5', 'gzip;q=1.0'],
    ['x-snappy', 'identity'],
  ];
  for (const [accepts, sent] of asked)
    test(`ask for what can be decoded of ${accepts ?? 'nothing'}`, () =>
      assert.deepEqual(requestFields(accepts === null ? [] : [['accept-encoding', accepts]], false), [['accept-encoding', sent]]));

  test('ask for a part uncoded, and for the whole where it must be masked', () => {
    const fields = [
      ['range', 'bytes=0-1'],
      ['if-range', '"x"'],
      ['accept-encoding', 'gzip'],
    ] as const;
    assert.deepEqual(requestFields(fields, false), [
      ['range', 'bytes=0-1'],
      ['if-range', '"x"'],
      ['accept-encoding', 'identity'],
    ]);
    assert.deepEqual(requestFields(fields, true), [['accept-encoding', 'gzip']]);
  });
});

describe('a content coding', () => {
  const codings: readonly (readonly [value: string, coding: string | null])[] = [
    ['gzip', 'gzip'],
    ['X-Gzip', 'gzip'],
    ['identity', null],
    ['', null],
    ['none', null],
    ['UTF-8, gzip', 'gzip'],
    ['gzip, br', 'unknown'],
    ['compress', 'unknown'],
  ];
  for (const [value, coding] of codings)
    test(`"${value}" is ${coding}`, () => assert.equal(codingOf([['content-encoding', value]]), coding));
});
