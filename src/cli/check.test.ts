import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { Protocol } from '../core/protocol.ts';
import { host, port } from '../wire/settings.ts';
import { runCheck } from './check.ts';

const settings = z.strictObject({ target: z.strictObject({ host: host(), port: port() }) });
const tiny: Protocol<z.output<typeof settings>> = {
  name: 'tiny',
  settings,
  actions: { 'tiny:get': { effect: 'read', says: 'Reads.' } },
  facts: {},
  objects: [],
  listener: 'socket',
  addresses: ({ target }) => [target],
  accept: () => assert.fail('nothing connects'),
  probe: () => assert.fail('nothing is tried'),
  decoder: () => assert.fail('nothing is decoded'),
};
const protocols = new Map([[tiny.name, tiny]]);

const text = `state: ./state
listen: { console: { address: 127.0.0.1:0 }, tiny: { address: 127.0.0.1:0 }, tls: { selfSigned: true } }
identity: { issuers: [{ issuer: https://login.example.com, audience: chaperone }] }
connections:
  - { name: orders, protocol: tiny, target: { host: db.example.com, port: 1 } }
`;

describe('chaperone check', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-check-'));
    mkdirSync(join(folder, 'policies'));
    writeFileSync(join(folder, 'policies', 'a.cedar'), 'permit (principal, action == Action::"connect", resource);');
    writeFileSync(join(folder, 'good.yaml'), text);
    writeFileSync(join(folder, 'bad.yaml'), text.replace('state:', 'stat:'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const run = (name: string, json: boolean, schema?: boolean) =>
    runCheck(join(folder, name), protocols, { json, ...(schema === undefined ? {} : { schema }) });

  test('says what is configured, and the schema of the policies', async () => {
    const { exitCode, output } = await run('good.yaml', false);
    assert.equal(exitCode, 0);
    assert.match(
      output,
      /good\.yaml is in order\.\n {2}connections {2}1 \(orders\)\n {2}listeners {4}2 \(console, tiny\)\n {2}policies {5}1, version [0-9a-f]{12}\n/,
    );
    assert.match(output, /action "tiny:get" in \["read"\]/);
  });

  test('says who is asked for approval, and which policies never apply', async () => {
    const policies = join(folder, 'policies', 'b.cedar');
    writeFileSync(
      policies,
      `@approval("dba") forbid (principal, action in Action::"read", resource in Connection::"orders");
permit (principal, action in Action::"read", resource == Connection::"oders");`,
    );
    try {
      const { output } = await run('good.yaml', false, false);
      assert.match(output, /^ {2}approvals {4}1 \(dba\)\n.*b\.cedar:2: never applies, because no connection is named "oders"\n$/ms);
      assert.match((await run('good.yaml', true)).output, /"warnings":\["[^"]*b\.cedar:2: never applies/);
    } finally {
      rmSync(policies);
    }
  });

  test('knows connections that were made in the console', async () => {
    const kept = join(folder, 'state', 'connections');
    const policies = join(folder, 'policies', 'c.cedar');
    mkdirSync(kept, { recursive: true });
    writeFileSync(join(kept, 'made.json'), '{}');
    writeFileSync(policies, 'permit (principal, action in Action::"read", resource == Connection::"made");');
    try {
      const { output } = await run('good.yaml', false, false);
      assert.match(output, /^ {2}in console {3}1 \(made\)$/m);
      assert.doesNotMatch(output, /never applies/);
    } finally {
      rmSync(policies);
      rmSync(kept, { recursive: true });
    }
  });

  test('leaves the schema out', async () => {
    const { output } = await run('good.yaml', false, false);
    assert.doesNotMatch(output, /action "/);
  });

  test('prints each problem with its place and its remedy', async () => {
    const { exitCode, output } = await run('bad.yaml', false);
    assert.equal(exitCode, 2);
    assert.match(output, /^\/.*bad\.yaml:1: unknown key "stat"\n {2}→ Did you mean "state"\?\n/);
  });

  test('speaks JSON', async () => {
    const good: unknown = JSON.parse((await run('good.yaml', true)).output);
    const bad: unknown = JSON.parse((await run('bad.yaml', true)).output);
    assert.deepEqual(Object.keys(Object(good)), ['ok', 'problems', 'warnings', 'schema', 'policyVersion']);
    assert.ok(typeof bad === 'object' && bad !== null && 'ok' in bad && 'problems' in bad);
    assert.equal(bad.ok, false);
    assert.equal(Array.isArray(bad.problems) && bad.problems.length, 2);
  });
});
