import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DataPlane, startDataPlane } from '../../../test/rig/data-plane.ts';
import { startTap } from '../../../test/rig/tap.ts';
import { protocol } from './index.ts';
import { cstring, encodeError, encodeMessage } from './messages.ts';
import { encodeCancel, encodeStartup, uint32 } from './startup.ts';
import { friendly, startFakeTarget } from './testing/fake-target.ts';
import { message } from './testing/fixtures.ts';
import { needsLibpq18, runPsql } from './testing/psql.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, settingsFor, sharedServer } from './testing/shared-server.ts';
import { endOf, summary } from './testing/told.ts';

const version = (minor: number) => 3 * 0x1_0000 + minor;

describe('protocol versions of clients', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer();
  });
  after(() => plane.close());

  const open = async (minor: number, options: Readonly<Record<string, string>> = {}) => {
    const client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map(Object.entries(options)), minor));
    const door = await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    const key = (await client.until('Z')).find(({ type }) => type === 'K');
    return { client, negotiated: door.find(({ type }) => type === 'v')?.body ?? null, key: key?.body ?? Buffer.alloc(0) };
  };

  const cases = [
    { minor: 0, options: {}, negotiated: null, secret: 4 },
    { minor: 1, options: {}, negotiated: null, secret: 4 },
    { minor: 2, options: {}, negotiated: null, secret: 32 },
    { minor: 3, options: {}, negotiated: [uint32(version(2)), uint32(0)], secret: 32 },
    // libpq 19 asks for this one, to keep servers from rusting shut.
    {
      minor: 9999,
      options: { '_pq_.test_protocol_negotiation': '' },
      negotiated: [uint32(version(2)), uint32(1), cstring('_pq_.test_protocol_negotiation')],
      secret: 32,
    },
    {
      minor: 0,
      options: { '_pq_.a': '1', '_pq_.b': '' },
      negotiated: [uint32(version(0)), uint32(2), cstring('_pq_.a'), cstring('_pq_.b')],
      secret: 4,
    },
    { minor: 2, options: { '_pq_.a': '1' }, negotiated: [uint32(version(2)), uint32(1), cstring('_pq_.a')], secret: 32 },
  ] as const;
  for (const { minor, options, negotiated, secret } of cases)
    test(`3.${minor} with ${Object.keys(options).length} options: a key of ${secret} bytes`, async () => {
      const opened = await open(minor, options);
      using client = opened.client;
      assert.deepEqual(opened.negotiated, negotiated && Buffer.concat(negotiated));
      assert.equal(opened.key.length, 4 + secret);
      client.send(message.query('select 1'));
      assert.equal(describeMessages(await client.until('Z')), 'T D C Z');
    });

  test('a long key cancels, and neither its beginning nor another does', async () => {
    const { client, key } = await open(2);
    using _closed = client;
    const [process, secret] = [key.readUInt32BE(0), key.subarray(4)];
    client.send(message.query("do $$ begin raise notice 'begun'; perform pg_sleep(30); end $$"));
    await client.until('N');
    const wrong = Buffer.from(secret);
    wrong[31] = (wrong[31] ?? 0) ^ 1;
    for (const tried of [secret.subarray(0, 4), wrong, Buffer.concat([secret, Buffer.alloc(1)]), secret]) {
      using messenger = await RawClient.dial(plane.port);
      messenger.send(encodeCancel(process, tried));
      assert.deepEqual(await messenger.rest(), []);
    }
    assert.equal(describeMessages(await client.until('Z')), 'E:57014 Z');
    client.send(message.terminate());
    await client.rest();
    const entries = await plane.settled();
    assert.equal(summary(entries).filter((line) => line.startsWith('cancel')).length, 1);
    const record = Buffer.concat(entries.flatMap((entry) => (entry.kind === 'bytes' ? [entry.bytes] : [])));
    assert.ok(!record.includes(secret), 'the key is on record');
  });

  for (const [least, most] of [
    ['3.0', '3.0'],
    ['3.2', 'latest'],
  ] as const)
    test(`libpq 18, versions ${least} to ${most}`, needsLibpq18, async () => {
      const where = `host=127.0.0.1 port=${plane.port} dbname=${plane.connection} user=x sslmode=disable min_protocol_version=${least} max_protocol_version=${most}`;
      const { code, out, err } = await runPsql(where, await plane.token(), "select 'hello';", 18);
      assert.deepEqual([code, out, err], [0, 'hello\n', '']);
    });
});

describe('protocol versions of targets', () => {
  const asked = (received: string) => [...received.matchAll(/\0\x03\0([\0-\x09])/g)].map(([, minor]) => minor?.charCodeAt(0));

  test('PostgreSQL 18 is asked for 3.2, and its long key cancels', async () => {
    const server = await sharedServer();
    await using tap = await startTap(server.port);
    await using plane = await startDataPlane({ protocol, settings: settingsFor(tap.port, { password: server.password }) });
    using client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map()));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${await plane.token()}\0`)));
    const key = (await client.until('Z')).find(({ type }) => type === 'K')?.body ?? Buffer.alloc(0);
    assert.equal(tap.lines()[0]?.request.readUInt32BE(4), version(2));
    client.send(message.query("do $$ begin raise notice 'begun'; perform pg_sleep(30); end $$"));
    await client.until('N');
    using messenger = await RawClient.dial(plane.port);
    messenger.send(encodeCancel(key.readUInt32BE(0), key.subarray(4)));
    assert.equal(describeMessages(await client.until('Z')), 'E:57014 Z');
    assert.equal(tap.lines().at(-1)?.request.length, 12 + 32);
  });

  const settled = (minor: number, ...more: readonly Buffer[]) =>
    Buffer.concat([encodeMessage('v', uint32(version(minor)), uint32(more.length), ...more), friendly]);
  const open = async (greeting: Buffer) => {
    await using target = await startFakeTarget(greeting);
    await using plane = await startDataPlane({ protocol, settings: settingsFor(target.port) });
    try {
      using client = await RawClient.open(plane);
      return client.socket.destroyed ? 'closed' : 'open';
    } catch {
      return endOf(await plane.settled());
    }
  };

  for (const minor of [0, 2])
    test(`one that settles on 3.${minor} is gone on with`, async () => assert.equal(await open(settled(minor)), 'open'));
  for (const [name, greeting] of [
    ['3.1, which there is not', settled(1)],
    ['more than was asked for', settled(3)],
    ['another protocol', Buffer.concat([encodeMessage('v', uint32(2 * 0x1_0000), uint32(0)), friendly])],
    ['turns down options that were not asked for', settled(0, cstring('_pq_.x'))],
    ['settles twice', Buffer.concat([encodeMessage('v', uint32(version(0)), uint32(0)), settled(0)])],
    ['half a settlement', Buffer.concat([encodeMessage('v', uint32(version(0))), friendly])],
  ] as const)
    test(`one that settles on ${name} is not`, async () =>
      assert.match((await open(greeting)) ?? '', /^the target could not be reached: .*(settles on|bytes|0x76)/));

  for (const length of [3, 257])
    test(`a key of ${length} bytes is none`, async () => {
      const key = encodeMessage('K', uint32(7), Buffer.alloc(length));
      assert.match((await open(Buffer.concat([encodeMessage('R', uint32(0)), key, friendly]))) ?? '', /cancel key of/);
    });

  for (const code of ['08P01', '0A000'])
    test(`one that refuses 3.2 by ${code} is asked for 3.0, and the next time at once`, async () => {
      const refusal = encodeError({ severity: 'FATAL', code, message: 'unsupported frontend protocol 3.2' });
      await using target = await startFakeTarget((sent) => (sent.readUInt32BE(4) === version(0) ? friendly : refusal));
      await using plane = await startDataPlane({ protocol, settings: settingsFor(target.port) });
      (await RawClient.open(plane)).socket.destroy();
      (await RawClient.open(plane)).socket.destroy();
      const entries = await plane.settled();
      assert.deepEqual(asked(target.received()), [2, 0, 0]);
      const sent = entries.filter((entry) => entry.kind === 'bytes' && entry.direction === 'request');
      assert.equal(sent.length, 3, 'each start-up message is on record');
    });

  test('one that refuses both says why by the second', async () => {
    const refusal = (sent: Buffer) => encodeError({ severity: 'FATAL', code: '0A000', message: `no 3.${sent.readUInt16BE(6)} here` });
    await using target = await startFakeTarget(refusal);
    await using plane = await startDataPlane({ protocol, settings: settingsFor(target.port) });
    await assert.rejects(RawClient.open(plane), /E:08001/);
    assert.match(endOf(await plane.settled()) ?? '', /no 3\.0 here/);
  });
});
