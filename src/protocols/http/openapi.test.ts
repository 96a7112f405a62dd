import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openApiFile } from './openapi-file.ts';
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
      assert.match(openApiFile().safeParse({ file }).error?.issues[0]?.message ?? '', says);
      rmSync(folder, { recursive: true });
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
