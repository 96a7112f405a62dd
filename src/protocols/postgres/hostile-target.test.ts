import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { assertSound } from '../../../test/conformance/trial.ts';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import { Random } from '../../../test/rig/random.ts';
import { protocol } from './index.ts';
import { cstring, encodeError, encodeMessage } from './messages.ts';
import { encodeStartup, uint32 } from './startup.ts';
import { type FakeTarget, friendly, startFakeTarget } from './testing/fake-target.ts';
import { message, reply } from './testing/fixtures.ts';
import { int16 } from './testing/messages.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { settingsFor } from './testing/shared-server.ts';
import { endOf, summary } from './testing/told.ts';

const { query, parse, bind, execute, sync, terminate } = message;
const rows = reply.rows([['n', 23]]);

async function planeBefore(target: FakeTarget, password: string | null = null) {
  return startDataPlane({ protocol, settings: settingsFor(target.port, { password }) });
}

function header(type: string, length: number): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), uint32(length)]);
}

/** Opens a session, asks, and reads to the end; what the client heard, and the record. */
async function trial(asks: Buffer, answer: (sent: Buffer, socket: Socket) => Buffer | null, greeting = friendly) {
  await using target = await startFakeTarget(greeting, answer);
  await using plane = await planeBefore(target);
  using client = await RawClient.open(plane);
  client.send(asks);
  const heard = await client.rest();
  const entries = await plane.settled();
  assertSound(entries);
  return { heard, entries, log: plane.log };
}

describe('a hostile target', () => {
  const broken: readonly {
    readonly name: string;
    readonly asks: Buffer;
    readonly says: Buffer;
    readonly hears: RegExp;
    readonly record: readonly string[];
  }[] = [
    {
      name: 'sends garbage',
      asks: query('select 1'),
      says: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      hears: /^E:08006$/,
      record: ['select 1 → cut'],
    },
    {
      name: 'sends an unknown type',
      asks: query('select 1'),
      says: Buffer.concat([rows, header('!', 4)]),
      hears: /^T E:08006$/,
      record: ['select 1 → cut'],
    },
    // PgBouncer CVE-2026-6665: lengths that a malicious server chose.
    { name: 'says a length under 4', asks: query('select 1'), says: header('C', 3), hears: /^E:08006$/, record: ['select 1 → cut'] },
    {
      name: 'says a length of 2^32 - 1',
      asks: query('select 1'),
      says: header('T', 2 ** 32 - 1),
      hears: /^E:08006$/,
      record: ['select 1 → cut'],
    },
    {
      name: 'says a row longer than any row',
      asks: query('select 1'),
      says: header('D', 2 ** 31),
      hears: /^E:08006$/,
      record: ['select 1 → cut'],
    },
    {
      name: 'asks for the password again',
      asks: query('select 1'),
      says: encodeMessage('R', uint32(3)),
      hears: /^E:08006$/,
      record: ['select 1 → cut'],
    },
    {
      name: 'sends another key',
      asks: query('select 1'),
      says: encodeMessage('K', uint32(1), uint32(2)),
      hears: /^E:08006$/,
      record: ['select 1 → cut'],
    },
    {
      name: 'answers Parse by a row',
      asks: Buffer.concat([parse('', 'select 1'), sync()]),
      says: reply.row('1'),
      hears: /^E:08006$/,
      record: ['select 1 → cut'],
    },
    { name: 'answers Sync by a row', asks: sync(), says: reply.row('1'), hears: /^E:08006$/, record: [] },
    {
      name: 'is ready twice',
      asks: query('select 1'),
      says: Buffer.concat([rows, reply.complete('SELECT 0'), reply.ready(), reply.ready()]),
      hears: /^T C Z E:08006$/,
      record: ['select 1 → ok SELECT 0'],
    },
    {
      name: 'completes twice',
      asks: Buffer.concat([parse('', 'select 1'), bind('', ''), execute(''), sync()]),
      says: Buffer.concat([reply.parsed(), reply.bound(), reply.complete('SELECT 0'), reply.complete('SELECT 0')]),
      hears: /^1 2 C E:08006$/,
      record: ['select 1 → ok SELECT 0'],
    },
    // PgBouncer CVE-2026-6666: an error without a SQLSTATE.
    {
      name: 'sends an error without fields and closes',
      asks: query('select 1'),
      says: Buffer.concat([encodeMessage('E', Buffer.alloc(1)), reply.ready(), header('!', 4)]),
      hears: /^E:undefined Z E:08006$/,
      record: ['select 1 → error XX000'],
    },
    {
      name: 'sends an error that does not end',
      asks: query('select 1'),
      says: Buffer.concat([encodeMessage('E', Buffer.from('Mno end')), reply.ready(), header('!', 4)]),
      hears: /^E:undefined Z E:08006$/,
      record: ['select 1 → error XX000'],
    },
    {
      name: 'sends a tag that does not end',
      asks: query('select 1'),
      says: Buffer.concat([encodeMessage('C', Buffer.alloc(0)), reply.ready(), header('!', 4)]),
      hears: /^C Z E:08006$/,
      record: ['select 1 → ok'],
    },
    {
      name: 'counts more columns than there are',
      asks: query('select 1'),
      says: Buffer.concat([
        encodeMessage('T', int16(9)),
        encodeMessage('D', int16(-1)),
        reply.complete('SELECT 1'),
        reply.ready(),
        header('!', 4),
      ]),
      hears: /^T D C Z E:08006$/,
      record: ['select 1 → ok SELECT 1'],
    },
  ];
  for (const { name, asks, says, hears, record } of broken)
    test(`${name}: the client is told, the record says what came`, async () => {
      const { heard, entries } = await trial(asks, () => says);
      assert.match(describeMessages(heard), hears);
      assert.deepEqual(summary(entries), record);
      assert.match(endOf(entries) ?? '', /^The target broke the protocol/);
    });

  test('sends what nobody asked for', async () => {
    await using target = await startFakeTarget(friendly);
    await using plane = await planeBefore(target);
    using client = await RawClient.open(plane);
    target.sockets[0]?.write(Buffer.concat([rows, reply.row('1')]));
    assert.equal(describeMessages(await client.rest()), 'E:08006');
    assert.match(endOf(await plane.settled()) ?? '', /RowDescription although nothing was asked/);
  });

  test('behind its first ReadyForQuery already', async () => {
    await using target = await startFakeTarget(Buffer.concat([friendly, reply.row('1')]));
    await using plane = await planeBefore(target);
    using client = await RawClient.open(plane);
    assert.equal(describeMessages(await client.rest()), 'E:08006');
  });

  for (const [name, half, hears] of [
    ['before it answers', Buffer.alloc(0), 'E:08006'],
    ['in the middle of a result', Buffer.concat([rows, reply.row('1')]), 'T D E:08006'],
    ['in the middle of a row', Buffer.concat([rows, reply.row('1').subarray(0, 8)]), 'T E:08006'],
    ['in the middle of a header', Buffer.concat([rows, Buffer.from('D\0')]), 'T E:08006'],
    ['in the middle of a row that is passed on in pieces', Buffer.concat([rows, header('D', 1_000_000), Buffer.alloc(300_000)]), 'T'],
  ] as const)
    test(`dies ${name}`, async () => {
      const { heard, entries } = await trial(query('select 1'), (_sent, socket) => {
        socket.end(half);
        return null;
      });
      assert.equal(describeMessages(heard), hears);
      assert.deepEqual(summary(entries), ['select 1 → cut']);
    });

  test('says farewell before it goes: its words reach the client, and nothing is added', async () => {
    const farewell = encodeError({ severity: 'FATAL', code: '57P01', message: 'terminating connection' });
    const { heard, entries } = await trial(query('select 1'), (_sent, socket) => {
      socket.end(farewell);
      return null;
    });
    assert.equal(describeMessages(heard), 'E:57P01');
    assert.equal(endOf(entries), 'the target ended the session');
  });

  test('sends on after the client has said goodbye', async () => {
    const { entries } = await trial(terminate(), () => Buffer.concat([rows, reply.row('late')]));
    assert.equal(endOf(entries), 'the client said goodbye');
  });

  test('sends anything at all: only its own session ends', async () => {
    const random = new Random(6);
    const sound = Buffer.concat([
      rows,
      reply.row('1'),
      reply.notice('x'),
      reply.notification('a', 'b'),
      reply.complete('SELECT 1'),
      reply.ready(),
    ]);
    await using target = await startFakeTarget(friendly, () => random.mutate(sound));
    await using plane = await planeBefore(target);
    for (let round = 0; round < 60; round += 1) {
      using client = await RawClient.open(plane);
      client.send(query('select 1'), Buffer.concat([parse('', 'select 2'), bind('', ''), execute(''), sync()]), terminate());
      target.sockets.at(-1)?.end();
      await client.rest();
    }
    for (const session of new Set((await plane.settled()).map((entry) => entry.session)))
      assertSound(plane.entries().filter((entry) => entry.session === session));
    assert.deepEqual(plane.log, []);
  });
});

describe('a target that cannot be reached or entered', () => {
  const doors: readonly { readonly name: string; readonly greeting: Buffer; readonly says: RegExp; readonly answer?: Buffer }[] = [
    {
      name: 'refuses the gateway',
      greeting: encodeError({ severity: 'FATAL', code: '28P01', message: 'password authentication failed for user "shop_app"' }),
      says: /refused the gateway: password authentication failed/,
    },
    { name: 'refuses without words', greeting: encodeMessage('E', Buffer.alloc(1)), says: /without a reason/ },
    {
      name: 'speaks something else',
      greeting: Buffer.from('220 mail.example.com ESMTP ready, at your service\r\n'),
      says: /during start-up/,
    },
    { name: 'asks for a way that is not spoken', greeting: encodeMessage('R', uint32(7)), says: /authentication method 7/ },
    { name: 'asks for a password where there is none', greeting: encodeMessage('R', uint32(3)), says: /has none/ },
    { name: 'sends half an authentication request', greeting: encodeMessage('R', Buffer.alloc(2)), says: /./ },
    { name: 'sends half a key', greeting: Buffer.concat([encodeMessage('R', uint32(0)), encodeMessage('K', Buffer.alloc(2))]), says: /./ },
    { name: 'says a length of 2^32 - 1', greeting: header('R', 2 ** 32 - 1), says: /message of 4294967295 bytes/ },
    { name: 'says a length of 0', greeting: header('R', 0), says: /message of 0 bytes/ },
    {
      name: 'never gets ready',
      greeting: Buffer.concat([encodeMessage('R', uint32(0)), ...Array.from({ length: 1_100 }, () => reply.notice('wait'))]),
      says: /has no end/,
    },
  ];
  for (const { name, greeting, says } of doors)
    test(`${name}: the client learns nothing of it, the record everything`, async () => {
      await using target = await startFakeTarget(greeting);
      await using plane = await planeBefore(target);
      await assert.rejects(RawClient.open(plane), /E:08001/);
      assert.match(endOf(await plane.settled()) ?? '', says);
      assert.deepEqual(plane.log, []);
    });

  const scramOffer = encodeMessage('R', uint32(10), cstring('SCRAM-SHA-256'), Buffer.alloc(1));
  for (const [name, greeting, answer, says] of [
    [
      'offers other mechanisms alone',
      encodeMessage('R', uint32(10), cstring('OAUTHBEARER'), Buffer.alloc(1)),
      null,
      /offers no SCRAM-SHA-256/,
    ],
    [
      'skips to the end of SCRAM',
      Buffer.concat([scramOffer, encodeMessage('R', uint32(12), Buffer.from('v='))]),
      null,
      /signature is wrong/,
    ],
    ['breaks SCRAM off and lets everybody in', scramOffer, encodeMessage('R', uint32(0)), /broke off SCRAM/],
    ['sends a salt of nothing', scramOffer, encodeMessage('R', uint32(11), Buffer.from('r=x,s=,i=1')), /malformed/],
    ['goes on with SCRAM that was never begun', encodeMessage('R', uint32(11), Buffer.from('r=x,s=AAAA,i=1')), null, /method 11/],
  ] as const)
    test(name, async () => {
      await using target = await startFakeTarget(greeting, () => answer);
      await using plane = await planeBefore(target, 'secret-password');
      await assert.rejects(RawClient.open(plane), /E:08001/);
      assert.match(endOf(await plane.settled()) ?? '', says);
      assert.ok(!target.received().includes('secret-password'));
    });

  test('nobody listens there', async () => {
    const target = await startFakeTarget(friendly);
    await target[Symbol.asyncDispose]();
    await using plane = await planeBefore(target);
    await assert.rejects(RawClient.open(plane), /E:08001/);
    assert.match(endOf(await plane.settled()) ?? '', /ECONNREFUSED/);
  });

  test('is silent, and the client leaves meanwhile: the target is let go', async () => {
    await using target = await startFakeTarget(null);
    await using plane = await planeBefore(target);
    using client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map()));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    while (target.received() === '') await new Promise((later) => setImmediate(later));
    const gone = new Promise((resolve) => target.sockets[0]?.once('close', resolve));
    client.socket.destroy();
    await gone;
    await plane.settled();
  });

  test('is silent, and the gateway ends the session', async () => {
    await using target = await startFakeTarget(null);
    await using plane = await planeBefore(target);
    const opening = assert.rejects(RawClient.open(plane), /E:57P01/);
    while (target.received() === '') await new Promise((later) => setImmediate(later));
    plane.opened[0]?.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: 'Ask the test.' });
    await opening;
    await plane.settled();
  });
});
