import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { keptOfDocument, openApi } from './openapi-setting.ts';
import { readOpenApi } from './openapi.ts';
import { openSite, sendJson } from './testing/site.ts';

const document = {
  openapi: '3.1.0',
  info: { title: 'Billing', version: '1' },
  paths: {
    '/customers': { get: { operationId: 'listCustomers' }, post: { operationId: 'createCustomer' } },
    '/customers/{id}': { get: { operationId: 'getCustomer' }, parameters: [] },
    '/customers/search': { get: {} },
    '/files/{name}.{format}': { get: { operationId: 'getFile' } },
    '/{a}{b}/end': { get: { operationId: 'two' } },
  },
};

describe('an OpenAPI document', () => {
  const api = readOpenApi(document);
  const found: readonly (readonly [method: string, path: string, template: string | null, operationId?: string])[] = [
    ['GET', '/customers', '/customers', 'listCustomers'],
    ['POST', '/customers', '/customers', 'createCustomer'],
    ['GET', '/customers/42', '/customers/{id}', 'getCustomer'],
    ['GET', '/customers/search', '/customers/search', ''],
    ['GET', '/files/report.pdf', '/files/{name}.{format}', 'getFile'],
    ['GET', '/ab/end', '/{a}{b}/end', 'two'],
    ['DELETE', '/customers/42', null],
    ['GET', '/customers/42/notes', null],
    ['GET', '/customers/', null],
    ['GET', '/files/.pdf', null],
    ['GET', '/a/end', null],
    ['PROPFIND', '/customers', null],
  ];
  for (const [method, path, template, operationId = ''] of found)
    test(`${method} ${path} is ${template ?? 'no route of it'}`, () =>
      assert.deepEqual(api.find(method, path), template === null ? null : { template, operationId, known: true }));

  test('takes no longer for a path that nearly fits', () => {
    const slow = readOpenApi({ openapi: '3.0.0', paths: { [`/${'{a}x'.repeat(50)}y`]: { get: {} } } });
    assert.equal(slow.find('GET', `/${'x'.repeat(8_000)}`), null);
  });

  const wrong: readonly (readonly [text: string, says: RegExp])[] = [
    ['[]', /no OpenAPI document/],
    ['{"swagger":"2.0","paths":{}}', /not of OpenAPI 3/],
    ['{"openapi":"3.0.0"}', /no paths/],
    ['{"openapi":', /cannot be used/],
  ];
  for (const [text, says] of wrong)
    test(`is refused: ${text}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'chaperone-openapi-'));
      const file = join(folder, 'api.json');
      writeFileSync(file, text);
      assert.match(JSON.stringify(openApi().safeParse({ file }).error?.issues), says);
      rmSync(folder, { recursive: true });
    });

  test('is kept as its operations, in which a path is what it was', () => {
    const kept = keptOfDocument(
      JSON.stringify({ ...document, paths: { ...document.paths, '/by/{customer id}': { get: { operationId: 'a b' } } } }),
    );
    assert.deepEqual(kept.operations.slice(0, 2), ['GET /customers listCustomers', 'POST /customers createCustomer']);
    assert.equal(kept.operations.at(-1), 'GET /by/{customer id} a b');
    const again = openApi().parse(kept);
    for (const [method, path, template, operationId = ''] of found)
      assert.deepEqual(again.find(method, path), template === null ? null : { template, operationId, known: true });
    assert.equal(again.find('GET', '/by/7')?.operationId, 'a b');
    assert.equal(JSON.stringify(again), `{"operations":${kept.operations.length}}`);
    assert.equal(JSON.stringify(openApi().parse({ document: JSON.stringify(document) })), `{"operations":${kept.operations.length - 1}}`);
  });

  const unkept: readonly (readonly [text: string, says: RegExp])[] = [
    ['{"openapi":', /cannot be read: .*JSON/],
    ['openapi: 3.1.0\npaths: {\n', /cannot be read: .* at line \d+, column \d+$/],
    ['{"swagger":"2.0","paths":{}}', /is not of OpenAPI 3/],
    ['{"openapi":"3.0.0","paths":{}}', /has no operations/],
    ['{"openapi":"3.0.0","paths":{"/a":7}}', /has no path item at paths\.\/a$/],
    ['{"openapi":"3.0.0","paths":{"/a":{"get":[]}}}', /has no operation at paths\.\/a\.get$/],
    ['{"openapi":"3.0.0","paths":{"/a b":{"get":{}}}}', /cannot be written out: GET \/a b$/],
    [
      `openapi: 3.0.0\npaths:\n${Array.from({ length: 2_001 }, (_, index) => `  /${index}: { get: {} }\n`).join('')}`,
      /more than 2000 operations/,
    ],
  ];
  for (const [text, says] of unkept) test(`is not kept: ${text.slice(0, 40)}`, () => assert.throws(() => keptOfDocument(text), says));

  test('says of an operation that is none what one looks like', () => {
    const { error } = openApi().safeParse({ operations: ['GET /a', 'FETCH'] });
    assert.match(JSON.stringify(error?.issues), /is no operation; write one such as GET/);
  });

  test('decides what a request is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-openapi-'));
    const file = join(folder, 'api.yaml');
    writeFileSync(file, 'openapi: 3.1.0\npaths:\n  /customers/{id}:\n    get: { operationId: getCustomer }\n');
    await using site = await openSite((_seen, response) => sendJson(response, {}), { target: { openapi: { file } } });
    await (await site.ask('/customers/7')).text();
    await (await site.ask('/elsewhere')).text();
    const actions = (await site.settled()).flatMap((entry) => (entry.kind === 'exchange' ? [entry.action] : []));
    assert.deepEqual(
      actions.map(({ name, effect, facts }) => [name, effect, facts['operationId']]),
      [
        ['http:GET', 'read', 'getCustomer'],
        ['http:GET-unknown', 'unknown', ''],
      ],
    );
    rmSync(folder, { recursive: true });
  });
});
