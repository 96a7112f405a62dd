import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { Protocol } from '../../core/protocol.ts';
import { url } from '../../wire/settings.ts';
import { loadConfiguration } from './index.ts';

const settings = z.strictObject({ target: z.strictObject({ url: url() }) });
const page: Protocol<z.output<typeof settings>> = {
  name: 'page',
  settings,
  actions: { 'page:get': { effect: 'read', says: 'Reads.' } },
  facts: {},
  objects: [],
  listener: 'web',
  addresses: ({ target }) => [target.url],
  converse: () => assert.fail('nobody converses'),
  probe: () => assert.fail('nothing is tried'),
  decoder: () => assert.fail('nothing is decoded'),
};

const good = `state: ./state
listen:
  console: { address: 127.0.0.1:8080 }
  web: { address: 127.0.0.1:8081 }
  tls: { insecureLoopback: true }
identity:
  issuers:
    - { issuer: http://127.0.0.1:9000, audience: chaperone }
connections:
  - name: billing
    protocol: page
    target: { url: http://127.0.0.1:9001/v1 }
`;

describe('a connection of a web protocol', () => {
  let root = '';
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'chaperone-web-'));
  });
  after(() => rmSync(root, { recursive: true }));

  const load = (text: string) => {
    writeFileSync(join(root, 'chaperone.yaml'), text);
    return loadConfiguration(join(root, 'chaperone.yaml'), new Map([['page', page]]));
  };

  test('is reached by the web listener', async () => {
    const configuration = await load(good);
    if (Array.isArray(configuration)) assert.fail(JSON.stringify(configuration));
    const { listen, connections } = configuration;
    assert.deepEqual([listen.web, connections.get('billing')?.protocol.listener], [{ host: '127.0.0.1', port: 8081 }, 'web']);
  });

  const mistakes: readonly { readonly name: string; readonly change: readonly [string, string]; readonly says: RegExp }[] = [
    {
      name: 'needs it',
      change: ['  web: { address: 127.0.0.1:8081 }\n', ''],
      says: /nothing listens for the protocol "page" .*Add listen\.web: \{ address: 127\.0\.0\.1:PORT \}\./,
    },
    { name: 'needs it apart from the console', change: ['8081', '8080'], says: /listen\.web\.address is the one of listen\.console/ },
    { name: 'may not lead back to it', change: ['9001', '8081'], says: /the target is the gateway itself/ },
    { name: 'has TLS elsewhere', change: ['http://127.0.0.1:9001', 'http://api.example.com'], says: /is not encrypted/ },
  ];
  for (const { name, change, says } of mistakes)
    test(name, async () => {
      const problems = await load(good.replace(...change));
      assert.ok(Array.isArray(problems), 'it loaded');
      assert.match(problems.map(({ message, remedy }) => `${message} ${remedy}`).join('\n'), says);
    });
});
