import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { AuditEvent } from '../../core/entry.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Protocol } from '../../core/protocol.ts';
import { Secret } from '../../core/secret.ts';
import type { Ending } from '../../core/session.ts';
import { caFile, host, port, secret } from '../../wire/settings.ts';
import { connectionItems, protocolItems } from './items.ts';
import { configured } from './serving.ts';
import { ConnectionRegister, type RegisterOptions } from './register.ts';
import { seal, unseal } from './seal.ts';

const settings = z.strictObject({
  target: z.strictObject({ host: host(), port: port().default(1), ca: caFile().optional(), maxRows: z.int().optional() }),
  credentials: z
    .union([
      z.strictObject({ user: z.string().min(1), password: secret() }),
      z.strictObject({ oauth: z.strictObject({ clientSecret: secret() }) }),
    ])
    .optional(),
});

const tiny: Protocol<z.output<typeof settings>> = {
  name: 'tiny',
  settings,
  actions: {},
  facts: {},
  objects: [],
  listener: 'socket',
  addresses: ({ target }) => [target],
  accept: () => assert.fail('nothing connects'),
  probe: () => assert.fail('nothing is tried'),
  decoder: () => assert.fail('nothing is decoded'),
};

const listen = {
  console: null,
  web: null,
  sockets: new Map([['tiny', { host: '127.0.0.1', port: 9 }]]),
  tls: null,
  insecureLoopback: true,
} as const;

const known = new Map([[tiny.name, tiny as Protocol<unknown>]]);

const by = 'amy (https://login.example.com)';
const words = 'open sesame';
const one: JsonObject = { protocol: 'tiny', target: { host: 'db' }, credentials: { user: 'app', password: words } };
const keeping: JsonObject = { ...one, credentials: { user: 'app', password: { keep: true } } };

describe('the register of connections', () => {
  let box = '';
  let count = 0;
  before(() => {
    box = mkdtempSync(join(tmpdir(), 'chaperone-register-'));
  });
  after(() => rmSync(box, { recursive: true }));

  const fresh = () => join(box, String((count += 1)));
  const audits: AuditEvent[] = [];
  const ended: { readonly name: string; readonly ending: Ending }[] = [];
  const log: string[] = [];

  function open(state: string, more: Partial<RegisterOptions['configuration']> = {}, audit?: RegisterOptions['audit']) {
    return ConnectionRegister.open({
      configuration: {
        state,
        path: '/etc/chaperone.yaml',
        listen,
        connections: new Map(),
        connectionLines: new Map(),
        maskedConnections: new Set(),
        keys: {},
        ...more,
      },
      protocols: known,
      now: () => Date.UTC(2026, 0, 1),
      log: (line) => log.push(line),
      audit: audit ?? (async (event) => void audits.push(event)),
      end: async (name, ending) => void ended.push({ name, ending }),
    });
  }

  const fileOf = (state: string, name = 'a') => join(state, 'connections', `${name}.json`);
  const passwordOf = (register: ConnectionRegister, name = 'a') => {
    const connection = register.current.get(name);
    if (connection === undefined) return null;
    // Secrets that are some already are taken as they are.
    const { credentials } = settings.parse(connection.settings);
    return credentials !== undefined && 'password' in credentials ? credentials.password.reveal() : null;
  };
  const sources = { path: '/etc/chaperone.yaml', connections: new Map(), connectionLines: new Map() };

  test('keeps what is made, and its secrets sealed', async () => {
    const state = fresh();
    assert.deepEqual(await (await open(state)).make({ name: 'a', connection: one, by }), { kind: 'done' });
    assert.ok(!readFileSync(fileOf(state), 'utf8').includes(words));
    assert.equal(passwordOf(await open(state)), words);
  });

  test('does not serve what was changed by hand, and takes its secrets anew', async () => {
    const state = fresh();
    await (await open(state)).make({ name: 'a', connection: one, by });
    writeFileSync(fileOf(state), readFileSync(fileOf(state), 'utf8').replace('"db"', '"elsewhere"'));
    const register = await open(state);
    assert.equal(register.current.size, 0);
    const [item] = connectionItems(register, sources, configured(listen));
    assert.match(item?.fault ?? '', /secrets cannot be opened/);
    assert.match(log.join('\n'), /"a".*cannot be used/);
    const kept = await register.change({ name: 'a', versions: '*', connection: keeping, by });
    assert.ok(kept.kind === 'refused' && kept.problems[0]?.message === 'has no secret that could be kept');
    assert.deepEqual(await register.change({ name: 'a', versions: '*', connection: one, by }), { kind: 'done' });
    assert.equal(passwordOf(await open(state)), words);
  });

  test('seals by the key that is given, and by no other', async () => {
    const state = fresh();
    const key = createSecretKey(randomBytes(32));
    await (await open(state, { keys: { connections: key } })).make({ name: 'a', connection: one, by });
    assert.ok(!existsSync(join(state, 'connections.key')));
    assert.equal(passwordOf(await open(state, { keys: { connections: key } })), words);
    assert.equal((await open(state)).current.size, 0);
    assert.equal((await open(state, { keys: { connections: createSecretKey(randomBytes(32)) } })).current.size, 0);
  });

  test('seals anew at the start what a former key opens, on record, and needs that key no more', async () => {
    const state = fresh();
    const [former, next] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))];
    const register = await open(state, { keys: { connections: former } });
    for (const name of ['a', 'b', 'c']) await register.make({ name, connection: one, by });
    const { made } = JSON.parse(readFileSync(fileOf(state), 'utf8')) as { readonly made: object };
    const both = { keys: { connections: next, connectionsBefore: former } };
    // A start that ends after the first: the disk is full, or the process was killed.
    let left = 1;
    const once = async () => {
      if ((left -= 1) < 0) throw new Error('the disk is full');
    };
    assert.equal((await open(state, both, once)).current.size, 3);
    assert.match(log.join('\n'), /"b" still need the former key, and could not be sealed anew: the disk is full/);
    assert.deepEqual([...(await open(state, { keys: { connections: next } })).current.keys()], ['a']);
    assert.deepEqual([...(await open(state, { keys: { connections: former } })).current.keys()], ['b', 'c']);
    audits.length = 0;
    const again = await open(state, both);
    for (const name of ['a', 'b', 'c']) assert.equal(passwordOf(again, name), words);
    assert.deepEqual(
      audits.map(({ event, actor, detail }) => [event, actor, detail['name']]),
      ['b', 'c'].map((name) => ['connection.sealed-anew', 'gateway', name]),
    );
    audits.length = 0;
    assert.equal((await open(state, both)).current.size, 3);
    assert.deepEqual(audits, []);
    const after = await open(state, { keys: { connections: next } });
    assert.equal(passwordOf(after), words);
    assert.deepEqual((JSON.parse(readFileSync(fileOf(state), 'utf8')) as { readonly made: object }).made, made);
    assert.equal((await open(state, { keys: { connections: former } })).current.size, 0);
  });

  const ways: readonly (readonly [what: string, before: 'kept' | 'given', after: 'kept' | 'given'])[] = [
    ['of the state folder by another one there', 'kept', 'kept'],
    ['of the state folder by one from outside', 'kept', 'given'],
    ['from outside by one in the state folder', 'given', 'kept'],
  ];
  for (const [what, from, to] of ways)
    test(`replaces a key ${what}`, async () => {
      const state = fresh();
      const [former, next] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))];
      await (await open(state, { keys: from === 'given' ? { connections: former } : {} })).make({ name: 'a', connection: one, by });
      const path = join(state, 'connections.key');
      if (from === 'kept') renameSync(path, `${path}.before`);
      const now = to === 'given' ? { connections: next } : {};
      assert.equal(passwordOf(await open(state, { keys: { ...now, ...(from === 'given' && { connectionsBefore: former }) } })), words);
      rmSync(`${path}.before`, { force: true });
      assert.equal(passwordOf(await open(state, { keys: now })), words);
      assert.equal(existsSync(path), to === 'kept');
    });

  test('does not seal anew what was changed by hand', async () => {
    const state = fresh();
    const [former, next] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))];
    await (await open(state, { keys: { connections: former } })).make({ name: 'a', connection: one, by });
    const changed = readFileSync(fileOf(state), 'utf8').replace('"db"', '"elsewhere"');
    writeFileSync(fileOf(state), changed);
    assert.equal((await open(state, { keys: { connections: next, connectionsBefore: former } })).current.size, 0);
    assert.equal(readFileSync(fileOf(state), 'utf8'), changed);
  });

  test('finds what is damaged, and lets it be removed', async () => {
    const state = fresh();
    mkdirSync(join(state, 'connections'), { recursive: true });
    writeFileSync(fileOf(state), '{ half');
    writeFileSync(fileOf(state, 'b'), '{}');
    writeFileSync(join(state, 'connections', 'README.txt'), 'not one');
    const register = await open(state);
    const items = connectionItems(register, sources, configured(listen));
    assert.deepEqual(
      items.map(({ name, fault }) => [name, fault]),
      [
        ['a', 'its file is damaged'],
        ['b', 'its file is damaged'],
      ],
    );
    assert.deepEqual(await register.remove({ name: 'a', versions: '*', by }), { kind: 'done' });
    assert.ok(!existsSync(fileOf(state)));
  });

  test('does nothing that is not on record', async () => {
    const state = fresh();
    const register = await open(state, {}, () => Promise.reject(new Error('the disk is full')));
    const made = await register.make({ name: 'a', connection: one, by });
    assert.ok(made.kind === 'refused' && made.code === 'RECORDER_FAULT');
    assert.ok(!existsSync(fileOf(state)));
    assert.equal(register.current.size, 0);
  });

  test('does not remove what rules of masking name', async () => {
    const register = await open(fresh(), { maskedConnections: new Set(['a']) });
    await register.make({ name: 'a', connection: one, by });
    const removed = await register.remove({ name: 'a', versions: '*', by });
    assert.ok(removed.kind === 'refused' && removed.code === 'FIXED_BY_FILE');
    assert.ok(register.current.has('a'));
  });

  test('makes one of two that come at once', async () => {
    const register = await open(fresh());
    const made = await Promise.all([register.make({ name: 'a', connection: one, by }), register.make({ name: 'a', connection: one, by })]);
    assert.deepEqual(
      made.map((each) => (each.kind === 'refused' ? each.code : each.kind)),
      ['done', 'NAME_TAKEN'],
    );
  });

  test('changes and removes only the version that is meant', async () => {
    const register = await open(fresh());
    await register.make({ name: 'a', connection: one, by });
    const versionNow = () => connectionItems(register, sources, configured(listen))[0]?.version ?? assert.fail('there is none');
    const first = versionNow();
    const code = async (done: ReturnType<ConnectionRegister['change']>) =>
      done.then((each) => (each.kind === 'refused' ? each.code : each.kind));
    const change = (retention: string, versions: readonly string[] | null) =>
      code(register.change({ name: 'a', connection: { ...keeping, retention }, by, versions }));
    assert.equal(await change('7d', null), 'VERSION_MISSING');
    // Two who come at once mean the same one, and the later of them is told.
    assert.deepEqual(await Promise.all([change('7d', [first]), change('8d', [first])]), ['done', 'VERSION_STALE']);
    assert.equal(register.current.get('a')?.terms.retentionDays, 7);
    assert.notEqual(versionNow(), first);
    assert.equal(await code(register.remove({ name: 'a', by, versions: null })), 'VERSION_MISSING');
    assert.equal(await code(register.remove({ name: 'a', by, versions: [first] })), 'VERSION_STALE');
    assert.equal(await code(register.remove({ name: 'a', by, versions: ['another', versionNow()] })), 'done');
    assert.equal(await code(register.remove({ name: 'a', by, versions: ['another'] })), 'NOT_FOUND');
  });

  test('has the same version after a restart, another after the same change', async () => {
    const state = fresh();
    const register = await open(state);
    const versionOf = (of: ConnectionRegister) => connectionItems(of, sources, configured(listen))[0]?.version;
    await register.make({ name: 'a', connection: one, by });
    const first = versionOf(register);
    assert.equal(versionOf(await open(state)), first);
    await register.change({ name: 'a', versions: '*', connection: one, by });
    assert.notEqual(versionOf(register), first);
  });

  const elsewhere: readonly (readonly [what: string, more: JsonObject, keeps: boolean])[] = [
    ['another host', { target: { host: 'db2' } }, false],
    ['another user', { credentials: { user: 'other', password: { keep: true } } }, false],
    ['another retention', { retention: '7d' }, true],
  ];
  for (const [what, more, keeps] of elsewhere)
    test(`${keeps ? 'keeps a secret for' : 'sends no kept secret to'} ${what}`, async () => {
      const register = await open(fresh());
      await register.make({ name: 'a', connection: one, by });
      const changed = await register.change({ name: 'a', versions: '*', connection: { ...keeping, ...more }, by });
      assert.equal(changed.kind, keeps ? 'done' : 'refused');
      assert.equal(passwordOf(register), words);
    });

  test('ends sessions and forgets the target where one leads elsewhere, and neither where it does not', async () => {
    const state = fresh();
    const register = await open(state);
    await register.make({ name: 'a', connection: one, by });
    const folder = () => register.current.get('a')?.folder ?? '';
    const first = folder();
    mkdirSync(join(state, 'targets', first), { recursive: true });
    ended.length = 0;
    await register.change({ name: 'a', versions: '*', connection: { ...keeping, retention: '7d' }, by });
    assert.deepEqual([ended.length, folder()], [0, first]);
    await register.change({ name: 'a', versions: '*', connection: { ...one, target: { host: 'db2' } }, by });
    assert.deepEqual(
      ended.map(({ name, ending }) => [name, ending.code]),
      [['a', 'SESSION_TERMINATED']],
    );
    assert.notEqual(folder(), first);
    for (let looks = 0; existsSync(join(state, 'targets', first)) && looks < 1_000; looks += 1)
      await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!existsSync(join(state, 'targets', first)));
  });

  const wrong: readonly (readonly [what: string, connection: JsonObject, place: string])[] = [
    ['a file', { ...one, target: { host: 'db', ca: '/etc/passwd' } }, 'target.ca'],
    ['a variable as a secret', { ...one, credentials: { user: 'app', password: { env: 'HOME' } } }, 'credentials.password'],
    ['a file as a secret', { ...one, credentials: { user: 'app', password: { file: '/etc/passwd' } } }, 'credentials.password'],
    ['a variable elsewhere', { ...one, target: { host: { env: 'HOME' } } }, 'target.host'],
    ['a file in a list', { ...one, target: { host: [{ file: '/etc/passwd' }] } }, 'target.host.0'],
    ['an empty secret', { ...one, credentials: { user: 'app', password: '' } }, 'credentials.password'],
    ['no host', { ...one, target: {} }, 'target.host'],
    ['what is unknown', { ...one, surprise: 1 }, 'surprise'],
    ['a protocol that is none', { ...one, protocol: 'none' }, 'protocol'],
    ['the gateway itself', { ...one, target: { host: '127.0.0.1', port: 9 } }, 'target'],
  ];
  for (const [what, connection, place] of wrong)
    test(`refuses ${what}`, async () => {
      const state = fresh();
      const made = await (await open(state)).make({ name: 'a', connection, by });
      assert.ok(made.kind === 'refused' && made.code === 'REQUEST_INVALID', JSON.stringify(made));
      assert.ok(
        made.problems.some((problem) => problem.place === place),
        JSON.stringify(made.problems),
      );
      assert.ok(!JSON.stringify(made).includes(words));
      assert.ok(!existsSync(fileOf(state)));
    });

  test('says which settings a change touches, and nothing that stands in them', async () => {
    const register = await open(fresh());
    await register.make({ name: 'a', connection: one, by });
    audits.length = 0;
    await register.change({ name: 'a', versions: '*', connection: { ...one, target: { host: 'db', maxRows: 5 } }, by });
    assert.deepEqual(audits, [
      { event: 'connection.changed', actor: by, detail: { name: 'a', fields: ['credentials.password', 'target.maxRows'] } },
    ]);
  });

  test('says which line is missing where nothing listens any more, and serves again once it does', async () => {
    const state = fresh();
    await (await open(state)).make({ name: 'a', connection: one, by });
    const silent = { ...listen, sockets: new Map() };
    const register = await open(state, { listen: silent });
    const [item] = connectionItems(register, sources, configured(silent));
    assert.deepEqual([item?.serving, register.current.size], [null, 0]);
    assert.match(item?.fault ?? '', /nothing listens for the protocol "tiny"\. Add listen\.tiny: \{ address/);
    const [form] = protocolItems(known, sources, configured(silent));
    assert.equal(form?.serving, null);
    assert.match(form?.remedy ?? '', /^Add listen\.tiny: .* to \/etc\/chaperone\.yaml, and restart the gateway/);
    const made = await register.make({ name: 'b', connection: one, by });
    assert.ok(made.kind === 'refused' && made.problems.some(({ place }) => place === 'protocol'));
    const [again] = connectionItems(await open(state), sources, configured(listen));
    assert.deepEqual([again?.fault, again?.serving?.address], [null, '127.0.0.1:9']);
  });

  test('gives a form of each protocol, with titles and with secrets marked', () => {
    const [item] = protocolItems(known, sources, configured(listen));
    const text = JSON.stringify(item);
    assert.match(text, /"maxRows":\{"title":"Max rows"/);
    assert.match(text, /"clientSecret":\{"title":"Client secret",[^}]*"secret":true/);
    assert.match(text, /"ca":\{"title":"CA",[^}]*"file":true/);
    assert.deepEqual([item?.serving, item?.remedy], [{ listener: 'tiny', address: '127.0.0.1:9', paths: false }, null]);
  });
});

describe('a seal', () => {
  const key = createSecretKey(randomBytes(32));
  const beside = { name: 'a', target: { host: 'db', port: 1 } };
  const sealed = seal(key, beside, new Map([['credentials.password', new Secret(words)]]));

  test('is opened by its key, in whatever order stands what is beside it', () => {
    const opened = unseal(key, { target: { port: 1, host: 'db' }, name: 'a' }, sealed);
    assert.equal(opened?.get('credentials.password')?.reveal(), words);
  });

  test('is another one each time', () => {
    assert.notEqual(seal(key, beside, new Map()), seal(key, beside, new Map()));
  });

  const others: readonly (readonly [string, () => unknown])[] = [
    ['another key', () => unseal(createSecretKey(randomBytes(32)), beside, sealed)],
    ['another name', () => unseal(key, { ...beside, name: 'b' }, sealed)],
    ['another host', () => unseal(key, { ...beside, target: { host: 'elsewhere', port: 1 } }, sealed)],
    ['a byte less', () => unseal(key, beside, sealed.slice(0, -4))],
    ['another form', () => unseal(key, beside, sealed.replace('v1', 'v2'))],
    ['nothing', () => unseal(key, beside, '')],
  ];
  for (const [what, open] of others) test(`is not opened by ${what}`, () => assert.equal(open(), null));
});
