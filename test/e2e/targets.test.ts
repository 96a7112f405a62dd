import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Client, DatabaseError, Query } from 'pg';
import { freePorts } from '../rig/gateway.ts';
import { type House, openHouse } from './house.ts';
import { find } from './story.ts';
import { message } from './wire-client.ts';

const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const authenticationOk = message('R', int32(0));
const ready = message('Z', Buffer.from('I'));
const welcome = Buffer.concat([authenticationOk, message('K', Buffer.concat([int32(4711), int32(42)])), ready]);
const columns = message('T', Buffer.concat([int16(1), Buffer.from('n\0'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]));
const row = message('D', Buffer.concat([int16(1), int32(5), Buffer.from('whole')]));
const garbage = Buffer.from('HTTP/1.1 400 Bad Request\r\nServer: nothing you know\r\n\r\n'.repeat(4));

/** What a hostile target does once it was sent the start-up message, and then a statement. */
interface Behaviour {
  readonly atStartup?: (socket: Socket) => void;
  readonly atQuery?: (socket: Socket) => void;
}

let house: House;
let hostile: Server;
let silent: Server;
let behaviour: Behaviour = {};
/** The other sockets of both servers, so that nothing is left open. */
const sockets = new Set<Socket>();

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has such an address.
  return (server.address() as AddressInfo).port;
}

function track(socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
}

/** A server that is the test's subject: what it does to the gateway is what a broken or malicious target would do. */
function createHostile(): Server {
  return createServer((socket) => {
    track(socket);
    const { atStartup = (to: Socket) => to.write(welcome), atQuery = () => {} } = behaviour;
    socket.once('data', () => {
      atStartup(socket);
      socket.once('data', () => atQuery(socket));
    });
  });
}

/** Connects and asks; what went wrong, as the client was told. */
async function failureOf(runId: string, connection: string): Promise<Error> {
  let client: Client;
  const told: Error[] = [];
  try {
    client = await house.connect(runId, { database: connection }, (fault) => told.push(fault));
  } catch (fault) {
    assert.ok(fault instanceof Error);
    return fault;
  }
  // It may have been told, and the line closed, before it could ask.
  const [early] = told;
  if (early) return early;
  const ended = new Promise<void>((resolve) => void client.once('end', () => resolve()));
  const fault: unknown = await client.query('select n from somewhere').then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(fault instanceof Error, 'the statement succeeded');
  client.end().catch(() => {});
  await ended;
  return told.find((each) => each instanceof DatabaseError) ?? fault;
}

async function assertGoesOn(): Promise<void> {
  assert.equal((await fetch(`${house.gateway.console}/healthz`)).status, 200);
  assert.equal((await fetch(`${house.gateway.console}/readyz`)).status, 200);
  const client = await house.connect('goes-on');
  assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
  await client.end();
}

describe('targets that fail', { timeout: 120_000 }, () => {
  let waiting: Promise<Error>;
  /** A port that nobody listens on before its test does. */
  const late = { port: 0 };

  before(async () => {
    hostile = createHostile();
    silent = createServer(track);
    const [hostilePort, silentPort] = await Promise.all([listen(hostile), listen(silent)]);
    const [closedPort = 0, latePort = 0] = await freePorts(2);
    late.port = latePort;
    house = await openHouse({
      connections: [
        { name: 'unreachable', target: { port: closedPort } },
        { name: 'wrong-password', credentials: { password: { env: 'WRONG_PASSWORD' } } },
        { name: 'wrong-database', target: { database: 'no_such_database' } },
        { name: 'hostile', target: { port: hostilePort } },
        { name: 'silent', target: { port: silentPort } },
        { name: 'several', triedBefore: [closedPort, hostilePort] },
        { name: 'late', target: { port: latePort } },
      ],
      env: { WRONG_PASSWORD: 'not-the-password' },
    });
    // The gateway gives up after 15 seconds; the last test looks at what came of it.
    waiting = failureOf('silent', 'silent');
  });
  after(async () => {
    await house?.[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    for (const server of [hostile, silent]) server.close();
  });

  const unreached: readonly (readonly [connection: string, cause: RegExp])[] = [
    ['unreachable', /^the target could not be reached: .*ECONNREFUSED/],
    [
      'wrong-password',
      /^the target could not be reached: the target refused the gateway: password authentication failed for user "shop_app"/,
    ],
    ['wrong-database', /^the target could not be reached: the target refused the gateway: database "no_such_database" does not exist/],
  ];
  for (const [connection, cause] of unreached)
    test(`${connection}: the client is told no more than that, the record says why`, async () => {
      const fault = await failureOf(connection, connection);
      assert.ok(fault instanceof DatabaseError);
      const { session } = await house.story(connection);
      assert.deepEqual([fault.severity, fault.code], ['FATAL', '08001']);
      assert.equal(fault.message, `The target of "${connection}" could not be reached.`);
      assert.equal(fault.hint, `The record of session ${session.id} says why; tell whoever runs Chaperone.`);
      assert.deepEqual([session.status, session.verdict, session.exchanges], ['ended', 'permitted', 0]);
      assert.match(session.reason ?? '', cause);
      assert.doesNotMatch(JSON.stringify(session), /not-the-password/);
      await assertGoesOn();
    });

  test('a target of several servers: those that refuse, start up or take no writes are passed by, and each that was spoken to is on record', async () => {
    const startsUp = message('E', Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0'));
    const readOnly = message('S', Buffer.from('default_transaction_read_only\0on\0'));
    const standby = Buffer.concat([authenticationOk, message('S', Buffer.from('in_hot_standby\0off\0')), readOnly, ready]);
    for (const [index, greeting] of [startsUp, standby].entries()) {
      behaviour = { atStartup: (socket) => socket.write(greeting) };
      const client = await house.connect(`several-${index}`, { database: 'several' });
      assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
      await client.end();
      const { lines } = await house.story(`several-${index}`);
      const marks = lines.flatMap((line) => (line.kind === 'bytes' && line.exchange === 0 ? line.parts : []));
      // The gateway goes the same way for itself, to read the catalog.
      const clients = marks.filter((part) => part.shape === 'mark' && part.detail['application_name'] !== 'chaperone');
      assert.equal(clients.filter((part) => part.shape === 'mark' && part.name === 'start-up').length, 2);
    }
  });

  test('a target that is back soon costs its client a wait, and no error', async () => {
    const connecting = house.connect('late', { database: 'late' });
    const server = createServer((near) => {
      const far = connect(house.database.port, house.database.host);
      for (const socket of [near, far]) track(socket);
      near.pipe(far).pipe(near);
    });
    await once(server.listen(late.port, '127.0.0.1'), 'listening');
    const client = await connecting;
    assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
    await client.end();
    server.close();
  });

  test('a target whose server ends the session in the middle of a result', async () => {
    const client = await house.connect('killed');
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise<void>((resolve) => void client.once('end', () => resolve()));
    // Rows that come slowly: a server that is ended while it waits for its client to read says no more (the client gets 08006 then).
    const slowly = "select n, repeat('x', 500) from generate_series(1, 100000) n where n < 5000 or pg_sleep(0.002) is not null";
    const query = client.query(new Query(slowly));
    const begun = once(query, 'row');
    const failed = new Promise<Error>((resolve) => void query.once('error', resolve));
    let received = 0;
    query.on('row', () => (received += 1));
    await begun;
    await house.database.run(`select pg_terminate_backend(${rows[0]?.pid})`);
    const fault = await failed;
    assert.ok(fault instanceof DatabaseError, String(fault));
    assert.deepEqual([fault.severity, fault.code], ['FATAL', '57P01']);
    assert.match(fault.message, /terminating connection due to administrator command/);
    await ended;

    const session = (await house.over('killed'))[0];
    assert.equal(session?.status, 'ended');
    assert.equal(session?.reason, 'the target ended the session');
    const exchange = (await house.exchanges('auditor', `session=${session?.id}`)).find(({ text }) => text === slowly);
    assert.deepEqual([exchange?.status, exchange?.error?.code, exchange?.rows], ['error', '57P01', received]);
    await assertGoesOn();
  });

  interface Case {
    readonly name: string;
    readonly does: Behaviour;
    /** The SQLSTATE that the client is told. */
    readonly code: string;
    readonly reason: RegExp;
  }
  const broken = /^The target broke the protocol: /;
  const cases: readonly Case[] = [
    {
      name: 'cuts the line in the middle of a row',
      does: { atQuery: (socket) => socket.end(Buffer.concat([columns, row, row.subarray(0, row.length - 3)])) },
      code: '08006',
      reason: /^The target closed the connection\.$/,
    },
    {
      name: 'resets the line in the middle of a row',
      does: { atQuery: (socket) => socket.write(Buffer.concat([columns, row.subarray(0, 8)]), () => socket.resetAndDestroy()) },
      code: '08006',
      reason: /^The target closed the connection\.$/,
    },
    { name: 'sends garbage', does: { atQuery: (socket) => socket.write(garbage) }, code: '08006', reason: broken },
    {
      name: 'sends a message that does not exist',
      does: { atQuery: (socket) => socket.write(message('!', Buffer.from('what'))) },
      code: '08006',
      reason: broken,
    },
    {
      name: 'sends rows although nothing was asked',
      does: { atStartup: (socket) => socket.write(Buffer.concat([welcome, columns, row])) },
      code: '08006',
      reason: /^The target broke the protocol: .*although nothing was asked/,
    },
    {
      name: 'asks for a password in the middle of a result',
      does: { atQuery: (socket) => socket.write(Buffer.concat([columns, message('R', int32(3))])) },
      code: '08006',
      reason: broken,
    },
    {
      name: 'says a length that is larger than any message',
      does: { atQuery: (socket) => socket.write(Buffer.concat([columns, Buffer.from('D'), int32(0x7fffffff), row])) },
      code: '08006',
      reason: broken,
    },
    {
      name: 'says a length that is less than its own',
      does: { atQuery: (socket) => socket.write(Buffer.concat([columns, Buffer.from('D'), int32(3)])) },
      code: '08006',
      reason: broken,
    },
    {
      name: 'says a negative length',
      does: { atQuery: (socket) => socket.write(Buffer.concat([Buffer.from('T'), int32(-1)])) },
      code: '08006',
      reason: broken,
    },
    {
      name: 'says goodbye with a fatal error',
      does: { atQuery: (socket) => socket.end(message('E', Buffer.from('SFATAL\0VFATAL\0C57P02\0Mit crashed\0\0'))) },
      code: '57P02',
      reason: /^the target ended the session$/,
    },
    {
      name: 'sends garbage at the start-up',
      does: { atStartup: (socket) => socket.write(garbage) },
      code: '08001',
      reason: /^the target could not be reached: the target sent a message of \d+ bytes during start-up$/,
    },
    {
      name: 'hangs up at the start-up',
      does: { atStartup: (socket) => socket.end() },
      code: '08001',
      reason: /^the target could not be reached: /,
    },
    {
      name: 'asks for an authentication nobody speaks',
      does: { atStartup: (socket) => socket.write(message('R', int32(7))) },
      code: '08001',
      reason: /^the target could not be reached: the target asks for authentication method 7/,
    },
    {
      name: 'says at the start-up that a message is huge',
      does: { atStartup: (socket) => socket.write(Buffer.concat([Buffer.from('S'), int32(0x7fffffff)])) },
      code: '08001',
      reason: /^the target could not be reached: the target sent a message of 2147483647 bytes during start-up$/,
    },
  ];
  for (const [index, { name, does, code, reason }] of cases.entries())
    test(`one that ${name}`, async () => {
      behaviour = does;
      const fault = await failureOf(`hostile-${index}`, 'hostile');
      assert.ok(fault instanceof DatabaseError, String(fault));
      assert.deepEqual([fault.severity, fault.code], ['FATAL', code]);
      const { session, exchanges } = await house.story(`hostile-${index}`);
      assert.equal(session.status, 'ended');
      assert.match(session.reason ?? '', reason);
      for (const exchange of exchanges) assert.ok(exchange.status === 'cut' || exchange.error?.code === code, JSON.stringify(exchange));
      await assertGoesOn();
    });

  test('what a broken target sent is on record', async () => {
    behaviour = { atQuery: (socket) => socket.end(Buffer.concat([columns, row, row.subarray(0, row.length - 3)])) };
    await failureOf('half-a-row', 'hostile');
    const story = await house.story('half-a-row');
    const asked = find(story, 'select n from somewhere');
    const parts = story.lines.flatMap((line) => (line.kind === 'bytes' && line.exchange === asked.ordinal ? line.parts : []));
    assert.deepEqual(
      parts.flatMap((part) => (part.shape === 'rows' ? part.rows : [])),
      [['whole']],
    );
  });

  test('one that accepts and says nothing is given up', async () => {
    const fault = await waiting;
    assert.ok(fault instanceof DatabaseError, String(fault));
    assert.deepEqual([fault.severity, fault.code], ['FATAL', '08001']);
    const { session } = await house.story('silent');
    assert.match(session.reason ?? '', /^the target could not be reached: /);
    await assertGoesOn();
  });
});
