import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everybody } from '../../../test/rig/data-plane.ts';
import type { Stages } from '../../core/stages.ts';
import { refuse } from '../../core/verdict.ts';
import { type FormKind, OverrideWatch, overridesInForm, overridesInQuery } from './method-override.ts';
import { openSite, sendJson } from './testing/site.ts';

const boundary = 'edge';

function partOf(name: string, value: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n--${boundary}--\r\n`;
}

describe('another method in the place of a request’s own', () => {
  const queries: readonly (readonly [query: string | null, methods: readonly string[]])[] = [
    [null, []],
    ['a=b&method=delete', []],
    ['_method=delete', ['DELETE']],
    ['a=1;_method=PUT', ['PUT']],
    ['%5Fmethod=patch&x', ['PATCH']],
    ['.method=delete&%20_method=put', ['DELETE', 'PUT']],
    ['[method=delete', ['DELETE']],
    ['_method[]=delete', ['DELETE']],
    ['_method=', ['UNKNOWN']],
    ['_method=a%0Db', ['UNKNOWN']],
  ];
  for (const [query, methods] of queries) test(`is found in the query ${query}`, () => assert.deepEqual(overridesInQuery(query), methods));

  const forms: readonly (readonly [kind: FormKind | null, body: string | null, methods: readonly string[]])[] = [
    ['urlencoded', 'name=a&_method=delete', ['DELETE']],
    ['urlencoded', 'name=a', []],
    ['urlencoded', null, ['UNKNOWN']],
    [null, '_method=delete', []],
    ['multipart', partOf('name="_method"', 'delete'), ['DELETE']],
    ['multipart', partOf('name=_method', 'put'), ['PUT']],
    ['multipart', partOf('name="_method"\r\nContent-Type: text/plain', 'patch'), ['PATCH']],
    ['multipart', partOf('name="_method"', 'x'.repeat(100)), ['UNKNOWN']],
    ['multipart', partOf('name="file"; filename="_method"', 'a'), []],
    ['multipart', null, []],
  ];
  for (const [kind, body, methods] of forms)
    test(`is found in a body of ${kind}: ${JSON.stringify(body)}`, () =>
      assert.deepEqual(overridesInForm(kind, body === null ? null : Buffer.from(body)), methods));

  test('is found in a long form, wherever it is cut', () => {
    const long = Buffer.from(`${'x'.repeat(200)}${partOf('name="_method"', 'delete')}`);
    for (let at = 0; at < long.length; at += 1) {
      const watch = new OverrideWatch();
      assert.ok([long.subarray(0, at), long.subarray(at)].map((piece) => watch.finds(piece)).includes(true), `cut at ${at}`);
    }
    const other = new OverrideWatch();
    assert.ok(!Array.from({ length: 5 }, () => Buffer.from('a method of our own, name="method"')).some((piece) => other.finds(piece)));
  });

  const judge: Stages['judge'] = (_circumstance, { demands }) =>
    demands.every(({ action }) => action === 'connect' || action === 'http:POST')
      ? everybody
      : refuse('ACCESS_REFUSED', 'Only POST.', 'Do without.');
  const asks: readonly (readonly [name: string, path: string, type: string, body: string, status: number])[] = [
    ['none', '/things/7', 'application/x-www-form-urlencoded', 'a=b', 200],
    ['DELETE in the query', '/things/7?_method=DELETE', 'text/plain', 'a', 403],
    ['DELETE in a form', '/things/7', 'application/x-www-form-urlencoded', 'a=b&_method=DELETE', 403],
    ['POST itself', '/things/7?_method=post', 'text/plain', 'a', 200],
    ['DELETE in parts', '/things/7', `multipart/form-data; boundary=${boundary}`, partOf('name="_method"', 'delete'), 403],
    [
      'DELETE in long parts',
      '/things/7',
      `multipart/form-data; boundary=${boundary}`,
      `${partOf('name="a"', 'a'.repeat(2_000_000))}${partOf('name="_method"', 'delete')}`,
      400,
    ],
  ];
  for (const [name, path, type, body, status] of asks)
    test(`with ${name} is judged by both`, async () => {
      await using site = await openSite((_seen, response) => sendJson(response, {}), { judge });
      const response = await site.ask(path, { method: 'POST', headers: { 'content-type': type }, body });
      await response.text();
      assert.equal(response.status, status);
      assert.equal(site.seen.length, status === 200 ? 1 : 0);
    });
});
