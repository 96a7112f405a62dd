import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import { freePorts } from '../../../test/rig/gateway.ts';
import { type Pair, startPair } from '../../../test/rig/standby.ts';
import { dial } from '../../wire/dial.ts';
import { protocol } from './index.ts';
import { encodeMessage } from './messages.ts';
import { type Settings, settings } from './settings.ts';
import { encodeCancel, encodeStartup, uint32 } from './startup.ts';
import { findServer } from './target-search.ts';
import { TargetRefused } from './upstream.ts';
import { type FakeTarget, friendly, startFakeTarget } from './testing/fake-target.ts';
import { message, reply } from './testing/fixtures.ts';
import { RawClient } from './testing/raw-client.ts';
import { endOf } from './testing/told.ts';

const never = new AbortController().signal;
const refusal = (code: string, text: string) => encodeMessage('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));
const startingUp = refusal('57P03', 'the database system is starting up');
const welcome = (process: number, ...reported: readonly (readonly [string, string])[]) =>
  Buffer.concat([
    encodeMessage('R', uint32(0)),
    ...reported.map(([name, value]) => reply.setting(name, value)),
    encodeMessage('K', uint32(process), uint32(process)),
    reply.ready(),
  ]);
const nobody: Buffer | null = null;

function settingsOf(ports: readonly number[], more: object = {}): Settings {
  const hosts = ports.map((port) => ({ host: '127.0.0.1', port }));
  return settings.parse({ target: { hosts, database: 'shop', tls: 'off', ...more }, credentials: { user: 'shop_app' } });
}

/** Fake targets that greet so; where the greeting is null nobody listens. */
async function startTargets(greetings: readonly (Buffer | null)[]) {
  const targets: (FakeTarget | null)[] = [];
  for (const greeting of greetings) targets.push(greeting === null ? null : await startFakeTarget(greeting));
  const unused = await freePorts(greetings.length);
  return {
    ports: targets.map((target, index) => target?.port ?? unused[index] ?? 0),
    asked: () => targets.map((target) => target !== null && target.sockets.length > 0),
    received: (index: number) => targets[index]?.received() ?? '',
    [Symbol.asyncDispose]: async () => {
      for (const target of targets) await target?.[Symbol.asyncDispose]();
    },
  };
}

describe('hosts in turn', () => {
  const primary = [
    ['in_hot_standby', 'off'],
    ['default_transaction_read_only', 'off'],
  ] as const;
  const standby = [
    ['in_hot_standby', 'on'],
    ['default_transaction_read_only', 'off'],
  ] as const;
  const searches: readonly {
    readonly name: string;
    readonly greetings: readonly (Buffer | null)[];
    readonly more?: object;
    /** Which hosts were asked. */
    readonly asked: readonly boolean[];
    /** The server that was settled on, by the process number of its key; or why there was none. */
    readonly found: number | RegExp;
  }[] = [
    { name: 'the first that opens is taken', greetings: [welcome(1), welcome(2)], asked: [true, false], found: 1 },
    { name: 'one where nobody listens is passed by', greetings: [nobody, welcome(2)], asked: [false, true], found: 2 },
    { name: 'one that starts up is passed by', greetings: [startingUp, welcome(2)], asked: [true, true], found: 2 },
    {
      name: 'a wrong attribute is passed by',
      greetings: [welcome(1, ...standby), welcome(2, ...primary)],
      more: { targetSessionAttrs: 'read-write' },
      asked: [true, true],
      found: 2,
    },
    {
      name: 'one that says nothing is passed by',
      greetings: [Buffer.alloc(0), welcome(2)],
      more: { connectTimeout: '1s' },
      asked: [true, true],
      found: 2,
    },
    {
      name: 'a refused password ends the search',
      greetings: [refusal('28P01', 'password authentication failed'), welcome(2)],
      asked: [true, false],
      found: /^the target refused the gateway: password authentication failed$/,
    },
    {
      name: 'a server that is full ends it',
      greetings: [refusal('53300', 'too many clients already'), welcome(2)],
      asked: [true, false],
      found: /too many clients/,
    },
    {
      name: 'one that speaks something else ends it',
      greetings: [Buffer.from('220 mail.example.com ESMTP ready, at your service\r\n'), welcome(2)],
      asked: [true, false],
      found: /during start-up/,
    },
    {
      name: 'where none will do, each reason is told',
      greetings: [welcome(1, ...standby), welcome(2, ...standby)],
      more: { targetSessionAttrs: 'primary' },
      asked: [true, true],
      found: /^127\.0\.0\.1:\d+: the server is a standby; 127\.0\.0\.1:\d+: the server is a standby$/,
    },
    {
      name: 'prefer-standby takes a later standby',
      greetings: [welcome(1, ...primary), welcome(2, ...standby)],
      more: { targetSessionAttrs: 'prefer-standby' },
      asked: [true, true],
      found: 2,
    },
    {
      name: 'prefer-standby takes a primary where there is no other',
      greetings: [nobody, welcome(2, ...primary)],
      more: { targetSessionAttrs: 'prefer-standby' },
      asked: [false, true],
      found: 2,
    },
  ];
  const order = (given: Settings, signal = never) => ({
    settings: given,
    dial: (host: string, port: number, until: AbortSignal) => dial(host, port, until, []),
    signal,
    startup: (minor: number) => encodeStartup('shop_app', 'shop', new Map(), minor),
    words: { say: (bytes: Buffer) => Promise.resolve(bytes), heard: () => {} },
  });

  for (const { name, greetings, more, asked, found } of searches)
    test(name, async () => {
      await using targets = await startTargets(greetings);
      const search = findServer(order(settingsOf(targets.ports, more)));
      if (found instanceof RegExp)
        await assert.rejects(search, (fault: Error) => fault instanceof TargetRefused && found.test(fault.message));
      else {
        const { key, socket } = await search;
        assert.equal(key?.process, found);
        assert.equal(key.place.port, targets.ports[found - 1]);
        socket.destroy();
      }
      assert.deepEqual(targets.asked(), asked);
    });

  test('every address of a name is tried in turn', async () => {
    await using target = await startFakeTarget(friendly);
    const given = settings.parse({
      target: { host: 'db.example.com', port: target.port, database: 'shop', tls: { ca: '/nowhere' } },
      credentials: { user: 'shop_app' },
    });
    const plain = { ...given, target: { ...given.target, tls: 'off' as const } };
    // All of 127.0.0.0/8 is this machine on Linux, and nobody listens at the first.
    const { key, socket } = await findServer(order(plain), async () => ['127.0.0.2', '127.0.0.1']);
    assert.deepEqual(key?.place, { host: 'db.example.com', address: '127.0.0.1', port: target.port });
    socket.destroy();
  });

  test('a name that is not known is passed by', async () => {
    await using target = await startFakeTarget(friendly);
    const hosts = [
      { host: 'nowhere.invalid', port: 5432 },
      { host: '127.0.0.1', port: target.port },
    ];
    const given = settingsOf([target.port]);
    const { socket } = await findServer(order({ ...given, target: { ...given.target, hosts } }));
    socket.destroy();
  });

  test('in random order all of them are come to', async () => {
    await using targets = await startTargets([welcome(1), welcome(2), welcome(3)]);
    const given = settingsOf(targets.ports, { loadBalanceHosts: 'random' });
    const seen = new Set<number>();
    for (let count = 0; count < 200 && seen.size < 3; count += 1) {
      const { key, socket } = await findServer(order(given));
      seen.add(key?.process ?? 0);
      socket.destroy();
    }
    assert.deepEqual(
      [...seen].sort((one, other) => one - other),
      [1, 2, 3],
    );
  });

  test('a server that starts up is asked again', async () => {
    let count = 0;
    await using target = await startFakeTarget(() => ((count += 1) < 3 ? startingUp : friendly));
    const { socket } = await findServer(order(settingsOf([target.port])));
    socket.destroy();
    assert.equal(count, 3);
  });

  test('a server that does not listen yet is dialled again', async () => {
    const [port = 0] = await freePorts(1);
    const server = createServer((socket) => void socket.end(friendly));
    let dialled = 0;
    const given = order(settingsOf([port]));
    const { socket } = await findServer({
      ...given,
      dial: async (host, at, until) => {
        dialled += 1;
        if (dialled === 2) await once(server.listen(at, host), 'listening');
        return given.dial(host, at, until);
      },
    });
    socket.destroy();
    server.close();
    assert.equal(dialled, 2);
  });

  test('it is not asked for ever', async () => {
    let count = 0;
    await using target = await startFakeTarget(() => {
      count += 1;
      return startingUp;
    });
    await assert.rejects(findServer(order(settingsOf([target.port], { connectTimeout: '1s' }))), /starting up/);
    assert.ok(count > 1 && count <= 6, `${count} times`);
  });

  test('whoever leaves is not searched for any more', async () => {
    const leave = new AbortController();
    await using target = await startFakeTarget(() => {
      leave.abort();
      return startingUp;
    });
    await assert.rejects(findServer(order(settingsOf([target.port]), leave.signal)), TargetRefused);
    assert.equal(target.sockets.length, 1);
  });
});

describe('a session with several hosts', () => {
  test('a cancel goes to the host that the session is on, and each start-up is on record', async () => {
    await using targets = await startTargets([startingUp, welcome(7)]);
    await using plane = await startDataPlane({ protocol, settings: settingsOf(targets.ports) });
    using client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map()));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    const key = (await client.until('Z')).find(({ type }) => type === 'K')?.body ?? Buffer.alloc(0);
    const before = targets.received(0);
    const other = connect({ host: '127.0.0.1', port: plane.port });
    other.end(encodeCancel(key.readUInt32BE(0), key.subarray(4)));
    const wanted = encodeCancel(7, uint32(7)).toString('latin1');
    while (!targets.received(1).includes(wanted)) await new Promise((later) => setImmediate(later));
    assert.equal(targets.received(0), before);
    client.socket.destroy();
    const entries = await plane.settled();
    const sent = entries.flatMap((entry) =>
      entry.kind === 'bytes' && entry.exchange === 0 && entry.direction === 'request' ? [entry] : [],
    );
    const startups = Buffer.concat(sent.map(({ bytes }) => Buffer.from(bytes)))
      .toString('latin1')
      .split('shop_app').length;
    assert.equal(startups - 1, 2);
  });

  test('what an older server is asked is on record with its answer, and not the client’s to see', async () => {
    const ask = message.query('SHOW transaction_read_only');
    const answers = Buffer.concat([reply.rows([['transaction_read_only', 25]]), reply.row('off'), reply.complete('SHOW'), reply.ready()]);
    await using target = await startFakeTarget(friendly, (sent) => (sent.equals(ask) ? answers : null));
    await using plane = await startDataPlane({ protocol, settings: settingsOf([target.port], { targetSessionAttrs: 'read-write' }) });
    using client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map()));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    const greeted = await client.until('Z');
    assert.deepEqual(greeted.map(({ type }) => type).join(''), 'RSKZ');
    client.socket.destroy();
    const entries = await plane.settled();
    const content = (direction: 'request' | 'reply') =>
      Buffer.concat(entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === direction ? [entry.bytes] : [])));
    assert.ok(content('request').includes(ask));
    assert.ok(content('reply').includes(answers));
  });

  test('an older server that will not say what it is is none', async () => {
    await using target = await startFakeTarget(friendly, () => Buffer.concat([reply.error('42501', 'no'), reply.ready()]));
    await using plane = await startDataPlane({ protocol, settings: settingsOf([target.port], { targetSessionAttrs: 'standby' }) });
    await assert.rejects(RawClient.open(plane), /E:08001/);
    assert.match(endOf(await plane.settled()) ?? '', /does not say what it is: no/);
  });

  test('a client that leaves while its target starts up ends the search', async () => {
    await using target = await startFakeTarget(startingUp);
    await using plane = await startDataPlane({ protocol, settings: settingsOf([target.port]) });
    using client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map()));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    while (target.sockets.length < 2) await new Promise((later) => setImmediate(later));
    client.socket.destroy();
    assert.match(endOf(await plane.settled()) ?? '', /the client left/);
  });
});

describe('real servers', () => {
  let pair: Pair;
  let plainPassword = '';
  before(async () => {
    pair = await startPair();
    plainPassword = pair.password;
    process.env['CHAPERONE_TEST_PAIR'] = plainPassword;
  });
  after(() => pair[Symbol.asyncDispose]());

  /** Whether the session is at the standby, and whether it takes writes; or the reason why there is none. */
  const open = async (order: readonly ('primary' | 'standby')[], targetSessionAttrs: string): Promise<string> => {
    const given = settings.parse({
      target: {
        hosts: order.map((name) => ({ host: '127.0.0.1', port: pair[name].port })),
        targetSessionAttrs,
        database: 'shop',
        tls: 'off',
      },
      credentials: { user: 'shop_app', password: { env: 'CHAPERONE_TEST_PAIR' } },
    });
    await using plane = await startDataPlane({ protocol, settings: given });
    try {
      using client = await RawClient.open(plane);
      client.send(message.query("select case when pg_is_in_recovery() then 'standby' else 'primary' end"));
      const row = (await client.until('Z')).find(({ type }) => type === 'D');
      return row?.body.toString('utf8', 6) ?? '';
    } catch (fault) {
      assert.match(String(fault), /E:08001/);
      return endOf(await plane.settled()) ?? '';
    }
  };

  const choices: readonly (readonly [wanted: string, primaryFirst: string, standbyFirst: string])[] = [
    ['any', 'primary', 'standby'],
    ['read-write', 'primary', 'primary'],
    ['read-only', 'standby', 'standby'],
    ['primary', 'primary', 'primary'],
    ['standby', 'standby', 'standby'],
    ['prefer-standby', 'standby', 'standby'],
  ];
  for (const [wanted, primaryFirst, standbyFirst] of choices)
    test(`${wanted}: of a primary and a standby`, async () => {
      assert.equal(await open(['primary', 'standby'], wanted), primaryFirst);
      assert.equal(await open(['standby', 'primary'], wanted), standbyFirst);
    });

  test('alone, each is what it is', async () => {
    assert.match(await open(['standby'], 'read-write'), /could not be reached: the server takes no writes$/);
    assert.match(await open(['standby'], 'primary'), /could not be reached: the server is a standby$/);
    assert.match(await open(['primary'], 'standby'), /could not be reached: the server is a primary$/);
    assert.match(await open(['primary'], 'read-only'), /could not be reached: the server takes writes$/);
    assert.equal(await open(['primary'], 'prefer-standby'), 'primary');
  });

  test('a primary whose transactions are read-only by default is read-only, and a primary', async () => {
    const admin = await pair.primary.connect('postgres');
    await admin.query('alter role shop_app set default_transaction_read_only = on');
    assert.equal(await open(['primary'], 'read-only'), 'primary');
    assert.match(await open(['primary'], 'read-write'), /takes no writes/);
    assert.equal(await open(['primary'], 'primary'), 'primary');
    await admin.query('alter role shop_app reset default_transaction_read_only');
    await admin.end();
  });
});
