import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { Protocol } from '../../core/protocol.ts';
import { host, port, secret } from '../../wire/settings.ts';
import { loadMaskingSchema } from './masking.ts';
import { type Configuration, type ConfigurationProblem, configurationJsonSchema, loadConfiguration } from './index.ts';

const settings = z.strictObject({
  target: z.strictObject({ host: host(), port: port().default(5432), tls: z.enum(['off', 'verify']).default('verify') }),
  credentials: z.strictObject({ user: z.string().min(1), password: secret() }),
});
function tiny(name: string): Protocol<z.output<typeof settings>> {
  return {
    name,
    settings,
    actions: { [`${name}:get`]: { effect: 'read', says: 'Reads.' } },
    facts: {},
    objects: ['Table'],
    listener: 'socket',
    addresses: ({ target }) => [target],
    accept: () => assert.fail('nothing connects'),
    probe: () => assert.fail('nothing is tried'),
    decoder: () => assert.fail('nothing is decoded'),
  };
}
const protocols = new Map([tiny('tiny'), tiny('other')].map((protocol) => [protocol.name, protocol]));

const good = `state: ./state
listen:
  console: { address: 127.0.0.1:8080 }
  tiny: { address: "[::1]:15432" }
  tls: { insecureLoopback: true }
identity:
  issuers:
    - { issuer: http://127.0.0.1:9000, audience: chaperone }
roles: { admin: [platform] }
connections:
  - name: orders
    protocol: tiny
    target: { host: 127.0.0.1, tls: off }
    credentials: { user: u, password: { env: CHAPERONE_TEST_PASSWORD } }
    recording: { durability: fsync, contentLimit: 1KiB }
    retention: 7d
    session: { outliveToken: true, idle: 30m, idleInTransaction: 90s }
`;

const aliasBomb = 'a: &a [1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]';

describe('configuration', () => {
  let root = '';
  let count = 0;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'chaperone-configuration-'));
    process.env['CHAPERONE_TEST_PASSWORD'] = 's3cret';
  });
  after(() => {
    rmSync(root, { recursive: true });
    delete process.env['CHAPERONE_TEST_PASSWORD'];
  });

  function write(files: { readonly [name: string]: string }): string {
    const folder = join(root, String((count += 1)));
    mkdirSync(join(folder, 'policies'), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return folder;
  }

  const loadText = (text: string, more: { readonly [name: string]: string } = {}) =>
    loadConfiguration(join(write({ 'chaperone.yaml': text, ...more }), 'chaperone.yaml'), protocols);

  async function loaded(text: string, more: { readonly [name: string]: string } = {}): Promise<Configuration> {
    const result = await loadText(text, more);
    if (Array.isArray(result)) assert.fail(JSON.stringify(result, null, 1));
    return result;
  }

  async function problemsOf(text: string, more: { readonly [name: string]: string } = {}): Promise<ConfigurationProblem[]> {
    const result = await loadText(text, more);
    assert.ok(Array.isArray(result), 'it loaded');
    return result;
  }

  test('a configuration comes out as it was meant', async () => {
    const policy = 'permit (principal in Group::"engineering", action, resource == Connection::"orders");';
    const configuration = await loaded(good, { 'policies/p.cedar': policy });
    const { listen, roles, connections, policies, state, path } = configuration;
    assert.deepEqual(listen, {
      console: { host: '127.0.0.1', port: 8080 },
      web: null,
      sockets: new Map([['tiny', { host: '::1', port: 15_432 }]]),
      tls: null,
      insecureLoopback: true,
    });
    assert.deepEqual(roles, { admin: ['platform'], auditor: [], reviewer: [] });
    assert.equal(state, join(path, '..', 'state'));
    assert.equal(policies.policies.size, 1);
    assert.match(configuration.policySchema, /action "tiny:get"/);
    assert.equal(configuration.demonstration, false);
    const orders = connections.get('orders');
    assert.deepEqual(orders?.terms, {
      name: 'orders',
      protocol: 'tiny',
      recording: { durability: 'fsync', onFailure: 'stop', contentLimit: 1024 },
      retentionDays: 7,
      outliveToken: true,
      timeouts: { idle: 1_800_000, idleInTransaction: 90_000, statement: null },
    });
    const { target, credentials } = settingsOf(orders?.settings);
    assert.deepEqual(target, { host: '127.0.0.1', port: 5432, tls: 'off' });
    assert.equal(credentials.password.reveal(), 's3cret');
    assert.doesNotMatch(JSON.stringify([...connections]), /s3cret/);
  });

  // What came out of the protocol's own schema, whose type the configuration does not know.
  const settingsOf = (given: unknown) => given as z.output<typeof settings>;

  test('what is left out has its default', async () => {
    const configuration = await loaded(good.replace(/ {4}recording[^]*$/, ''));
    assert.deepEqual(configuration.connections.get('orders')?.terms, {
      name: 'orders',
      protocol: 'tiny',
      recording: { durability: 'write', onFailure: 'stop', contentLimit: 64 * 1024 * 1024 },
      retentionDays: 90,
      outliveToken: false,
      timeouts: { idle: null, idleInTransaction: null, statement: null },
    });
  });

  test("a secret's file counts from the configuration's folder", async () => {
    const configuration = await loaded(good.replace('{ env: CHAPERONE_TEST_PASSWORD }', '{ file: password }'), { password: 'of-a-file\n' });
    assert.equal(settingsOf(configuration.connections.get('orders')?.settings).credentials.password.reveal(), 'of-a-file');
  });

  test('without a policies folder nothing is permitted', async () => {
    const folder = write({ 'chaperone.yaml': good });
    rmSync(join(folder, 'policies'), { recursive: true });
    const configuration = await loadConfiguration(join(folder, 'chaperone.yaml'), protocols);
    assert.ok(!Array.isArray(configuration));
    assert.equal(configuration.policies.policies.size, 0);
  });

  const accepted: { name: string; change: readonly [string, string] }[] = [
    { name: 'port 0', change: ['127.0.0.1:8080', '127.0.0.1:0'] },
    { name: 'localhost', change: ['127.0.0.1:8080', 'localhost:8080'] },
    { name: 'no console', change: ['  console: { address: 127.0.0.1:8080 }\n', ''] },
    { name: 'no connections', change: [good.slice(good.indexOf('connections:')), 'connections: []'] },
    { name: 'the storage there is', change: ['roles:', 'storage: { catalog: sqlite, archive: ./state/archive }\nroles:'] },
    { name: 'an alias', change: ['{ admin: [platform] }', '{ admin: &groups [platform], auditor: *groups }'] },
    { name: 'a demonstration on loopback', change: ['roles:', 'demonstration: true\nroles:'] },
    { name: 'a certificate made at the start', change: ['insecureLoopback: true', 'insecureLoopback: true, selfSigned: true'] },
  ];
  for (const { name, change } of accepted)
    test(`accepts ${name}`, async () => {
      await loaded(good.replace(...change));
    });

  type Mistake = { name: string; change: readonly [string, string]; line: number; says: RegExp; remedy?: RegExp };
  const mistakes: Mistake[] = [
    { name: 'an unknown section', change: ['roles:', 'role:'], line: 9, says: /^unknown key "role"$/, remedy: /Did you mean "roles"/ },
    {
      name: 'a section nobody knows',
      change: ['roles:', 'colour: red\nroles:'],
      line: 9,
      says: /"colour"/,
      remedy: /Known here: listen, state/,
    },
    { name: 'a missing section', change: ['state: ./state\n', ''], line: 1, says: /state: is missing/, remedy: /Add state: the folder/ },
    { name: 'an unknown key', change: ['retention:', 'retain:'], line: 16, says: /connections\[0\]: unknown key "retain"/ },
    {
      name: 'an unknown key of a target',
      change: ['tls: off', 'tsl: off'],
      line: 13,
      says: /\[0\]\.target: unknown key "tsl"/,
      remedy: /"tls"/,
    },
    {
      name: 'an unknown key of an issuer',
      change: ['audience', 'audiences'],
      line: 8,
      says: /unknown key "audiences"/,
      remedy: /"audience"/,
    },
    {
      name: 'a wrong type',
      change: ['[platform]', 'platform'],
      line: 9,
      says: /roles\.admin: expected a list, found text/,
      remedy: /\[a, b\]/,
    },
    {
      name: 'text for a number',
      change: ['127.0.0.1, tls', '127.0.0.1, port: "5", tls'],
      line: 13,
      says: /port: expected/,
      remedy: /without quotes/,
    },
    {
      name: 'a wrong word',
      change: ['fsync', 'fsink'],
      line: 15,
      says: /durability: expected write or fsync/,
      remedy: /Did you mean fsync/,
    },
    { name: 'a size without unit', change: ['1KiB', '1024'], line: 15, says: /contentLimit: expected a size/, remedy: /64MiB/ },
    { name: 'a retention without unit', change: ['7d', '7'], line: 16, says: /retention: expected a number of days/, remedy: /90d/ },
    { name: 'a bad connection name', change: ['name: orders', 'name: Orders'], line: 11, says: /no connection name/, remedy: /lower-case/ },
    {
      name: 'an unknown protocol without a target',
      change: ['protocol: tiny\n    target', 'protocol: x\n    targets'],
      line: 12,
      says: /no protocol "x"/,
    },
    { name: 'a missing target', change: ['    target: { host: 127.0.0.1, tls: off }\n', ''], line: 11, says: /\[0\]\.target: is missing/ },
    { name: 'an unknown protocol', change: ['protocol: tiny', 'protocol: tini'], line: 12, says: /no protocol "tini"/, remedy: /"tiny"/ },
    {
      name: 'a protocol far from any',
      change: ['protocol: tiny', 'protocol: telnet'],
      line: 12,
      says: /"telnet"/,
      remedy: /Known are: other, tiny/,
    },
    {
      name: 'a protocol without a listener',
      change: ['protocol: tiny', 'protocol: other'],
      line: 12,
      says: /nothing listens/,
      remedy: /listen\.other/,
    },
    {
      name: 'a secret in the open',
      change: ['{ env: CHAPERONE_TEST_PASSWORD }', 'hunter2'],
      line: 14,
      says: /may not stand/,
      remedy: /\{ env: NAME \}/,
    },
    {
      name: 'a missing variable',
      change: ['CHAPERONE_TEST_PASSWORD', 'CHAPERONE_NONE'],
      line: 14,
      says: /variable CHAPERONE_NONE is not set/,
    },
    {
      name: 'a missing file',
      change: ['env: CHAPERONE_TEST_PASSWORD', 'file: none'],
      line: 14,
      says: /file .*none cannot be read \(ENOENT\)/,
    },
    {
      name: 'another catalog',
      change: ['roles:', 'storage: { catalog: "postgres://x" }\nroles:'],
      line: 9,
      says: /storage\.catalog.* not supported/,
    },
    {
      name: 'another archive',
      change: ['roles:', 'storage: { archive: "s3://x" }\nroles:'],
      line: 9,
      says: /storage\.archive.* not supported/,
    },
    { name: 'a directory', change: ['roles:', '  directory: {}\nroles:'], line: 9, says: /directory is not supported by this version/ },
    {
      name: 'an address without a port',
      change: ['127.0.0.1:8080', '127.0.0.1'],
      line: 3,
      says: /listen\.console\.address: is no address/,
    },
    { name: 'a port over the range', change: ['127.0.0.1:8080', '127.0.0.1:65536'], line: 3, says: /is no address/ },
    { name: 'no TLS', change: ['  tls: { insecureLoopback: true }\n', ''], line: 2, says: /listen\.tls is missing/, remedy: /selfSigned/ },
    { name: 'empty TLS', change: ['{ insecureLoopback: true }', '{}'], line: 5, says: /listen\.tls is empty/ },
    {
      name: 'half a certificate',
      change: ['insecureLoopback: true', 'insecureLoopback: true, cert: a'],
      line: 5,
      says: /listen\.tls\.key is missing/,
    },
    {
      name: 'a certificate that is not there',
      change: ['insecureLoopback: true', 'insecureLoopback: true, cert: a, key: b'],
      line: 5,
      says: /ENOENT/,
    },
    { name: 'insecureLoopback elsewhere', change: ['127.0.0.1:8080', '0.0.0.0:8080'], line: 3, says: /not on loopback/ },
    { name: 'one address twice', change: ['"[::1]:15432"', '127.0.0.1:8080'], line: 4, says: /is the one of listen\.console/ },
    {
      name: 'an issuer without TLS',
      change: ['127.0.0.1:9000', 'login.example.com'],
      line: 8,
      says: /issuers\[0\]\.issuer: must be https/,
    },
    {
      name: 'no issuers',
      change: ['    - { issuer: http://127.0.0.1:9000, audience: chaperone }', '    []'],
      line: 7,
      says: /at least one issuer/,
    },
    { name: 'the gateway as target', change: ['127.0.0.1, tls', '127.0.0.1, port: 8080, tls'], line: 13, says: /the gateway itself/ },
    {
      name: 'it by another name',
      change: ['host: 127.0.0.1, tls', 'host: localhost, port: 15432, tls'],
      line: 13,
      says: /the gateway itself/,
    },
    { name: 'a policies folder that is not there', change: ['roles:', 'policies: ./none\nroles:'], line: 9, says: /no folder .*none/ },
    { name: 'a key that stands twice', change: ['roles:', 'state: x\nroles:'], line: 9, says: /not valid YAML/, remedy: /once/ },
    { name: 'an unknown tag', change: ['./state', '!secret x'], line: 1, says: /not valid YAML/ },
    { name: 'a section that is nothing', change: ['{ admin: [platform] }', ''], line: 9, says: /roles: expected a mapping, found nothing/ },
  ];
  for (const { name, change, line, says, remedy } of mistakes)
    test(`refuses ${name}`, async () => {
      assert.ok(good.includes(change[0]), 'the change finds its place');
      const problems = await problemsOf(good.replace(...change));
      const problem = problems.find(({ message }) => says.test(message));
      assert.ok(problem, JSON.stringify(problems, null, 1));
      assert.equal(problem.line, line);
      assert.match(problem.remedy, remedy ?? /^[A-Z].*[.?!)}]$/);
      assert.doesNotMatch(JSON.stringify(problems), /hunter2|s3cret/);
    });

  test('a mistake is not reported twice', async () => {
    const changes: (readonly [string, string])[] = [
      ['7d', '7'],
      ['fsync', 'fsink'],
      ['./state', '5'],
      ['tls: off', 'tls: on'],
    ];
    for (const change of changes) assert.equal((await problemsOf(good.replace(...change))).length, 1, change[1]);
  });

  test('all mistakes come at once, in the order of the file, the policies last', async () => {
    const text = good.replace('./state', '5').replace('tls: off', 'tls: on').replace('7d', '7').replace('[platform]', 'x');
    const problems = await problemsOf(`# é 💥\n${text}`, { 'policies/p.cedar': '\nnonsense' });
    assert.deepEqual(
      problems.map(({ file, line }) => `${file.split('/').at(-1)}:${line}`),
      ['chaperone.yaml:2', 'chaperone.yaml:10', 'chaperone.yaml:14', 'chaperone.yaml:17', 'p.cedar:2'],
    );
  });

  test('two connections of one name', async () => {
    const problems = await problemsOf(good + good.slice(good.indexOf('  - name: orders')));
    assert.deepEqual(
      problems.map(({ line, message }) => ({ line, message })),
      [{ line: 18, message: 'there are two connections named "orders"' }],
    );
  });

  test('a demonstration listens on loopback alone', async () => {
    const text = good.replace('127.0.0.1:8080', '0.0.0.0:8080').replace('insecureLoopback', 'selfSigned').replace('http:', 'https:');
    await loaded(text);
    const problems = await problemsOf(`demonstration: true\n${text}`);
    assert.deepEqual(
      problems.map(({ line, message }) => ({ line, message })),
      [{ line: 4, message: 'listen.console.address: a demonstration listens on loopback alone' }],
    );
  });

  const files: { name: string; text: string; line: number; says: RegExp }[] = [
    { name: 'an empty file', text: '', line: 1, says: /not a mapping/ },
    { name: 'a list', text: '- a', line: 1, says: /not a mapping/ },
    { name: 'bad indentation', text: 'a: 1\nb: hunter2: c\n', line: 2, says: /not valid YAML/ },
    { name: 'an alias within what it names', text: 'a: &a { b: *a }', line: 1, says: /aliases/ },
    { name: 'aliases that multiply', text: aliasBomb, line: 1, says: /aliases/ },
    { name: 'two documents', text: 'a: 1\n---\nb: 2\n', line: 2, says: /not valid YAML/ },
  ];
  for (const { name, text, line, says } of files)
    test(`refuses ${name}`, async () => {
      const [problem] = await problemsOf(text);
      assert.match(String(problem?.message), says);
      assert.equal(problem?.line, line);
    });

  test('a file that is not there', async () => {
    const result = await loadConfiguration(join(root, 'none.yaml'), protocols);
    assert.ok(Array.isArray(result));
    assert.match(String(result[0]?.message), /ENOENT/);
  });

  test('its JSON schema describes the connections of each protocol and marks secrets', async () => {
    const text = JSON.stringify(configurationJsonSchema(protocols, await loadMaskingSchema()));
    assert.match(text, /"const":"tiny"/);
    assert.match(text, /"const":"other"/);
    assert.match(text, /"password":\{"secret":true,"anyOf":/);
    assert.match(text, /"required":\["name","protocol","target","credentials"\]/);
  });

  test('a certificate and a key that cannot be used', async () => {
    const text = good.replace('insecureLoopback: true', 'insecureLoopback: true, cert: cert.pem, key: key.pem');
    const [problem] = await problemsOf(text, { 'cert.pem': 'hunter2', 'key.pem': 'hunter2' });
    assert.match(String(problem?.message), /^listen\.tls: cert and key cannot be used/);
    assert.doesNotMatch(String(problem?.message), /hunter2/);
  });
});
