import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { Protocol } from '../../core/protocol.ts';
import { loadConfiguration } from './configuration.ts';

const tiny: Protocol<unknown> = {
  name: 'tiny',
  settings: z.strictObject({ target: z.strictObject({}) }),
  actions: {},
  facts: {},
  objects: [],
  listener: 'socket',
  addresses: () => [],
  accept: () => assert.fail('nothing connects'),
  probe: () => assert.fail('nothing is tried'),
  decoder: () => assert.fail('nothing is decoded'),
};
const protocols = new Map([[tiny.name, tiny]]);

describe('a configuration beside connections that were made in the console', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-kept-'));
    mkdirSync(join(folder, 'state', 'connections'), { recursive: true });
    writeFileSync(join(folder, 'state', 'connections', 'made.json'), '{}');
  });
  after(() => rmSync(folder, { recursive: true }));

  async function load(more: object) {
    const path = join(folder, 'chaperone.yaml');
    const issuers = [{ issuer: 'https://login.example.com', audience: 'chaperone' }];
    const listen = { tiny: { address: '127.0.0.1:9000' }, tls: { insecureLoopback: true } };
    const connections = [{ name: 'orders', protocol: 'tiny', target: {} }];
    writeFileSync(path, JSON.stringify({ state: './state', listen, identity: { issuers }, connections, ...more }, null, 1));
    return loadConfiguration(path, protocols);
  }

  test('knows their names, and the lines of its own', async () => {
    const loaded = await load({});
    assert.ok(!Array.isArray(loaded), JSON.stringify(loaded));
    assert.deepEqual([...loaded.keptConnections], ['made']);
    assert.ok((loaded.connectionLines.get('orders') ?? 0) > 5);
  });

  test('may not give one of their names again', async () => {
    const loaded = await load({ connections: [{ name: 'made', protocol: 'tiny', target: {} }] });
    assert.ok(Array.isArray(loaded));
    assert.deepEqual(
      loaded.map(({ message }) => message),
      ['a connection named "made" was made in the console'],
    );
  });

  test('may mask them, and no others', async () => {
    const masking = (name: string) => ({ masking: { columns: [{ column: `${name}:public.users.email`, action: 'redact' }] } });
    const loaded = await load(masking('made'));
    assert.ok(!Array.isArray(loaded), JSON.stringify(loaded));
    assert.deepEqual([...loaded.maskedConnections], ['made']);
    assert.ok(Array.isArray(await load(masking('nowhere'))));
  });

  test('takes a key of 32 bytes, and says what one is', async () => {
    process.env['KEPT_TEST_KEY'] = 'ab'.repeat(32);
    const keys = { keys: { connections: { env: 'KEPT_TEST_KEY' }, connectionsBefore: { env: 'KEPT_TEST_KEY' } } };
    const loaded = await load(keys);
    assert.ok(!Array.isArray(loaded), JSON.stringify(loaded));
    assert.equal(loaded.keys.connections?.symmetricKeySize, 32);
    assert.equal(loaded.keys.connectionsBefore?.symmetricKeySize, 32);
    process.env['KEPT_TEST_KEY'] = 'short';
    const refused = await load(keys);
    assert.ok(Array.isArray(refused));
    assert.match(refused[0]?.remedy ?? '', /openssl rand -base64 32/);
    assert.ok(!JSON.stringify(refused).includes('short'));
    delete process.env['KEPT_TEST_KEY'];
  });
});
