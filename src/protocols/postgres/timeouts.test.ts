import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertSound } from '../../../test/conformance/trial.ts';
import { type DataPlane, everybody } from '../../../test/rig/data-plane.ts';
import type { PostgresServer } from '../../../test/rig/postgres.ts';
import type { Timeouts } from '../../core/stages.ts';
import { parseFields } from './messages.ts';
import { SessionClock, spoken } from './session-clock.ts';
import { message } from './testing/fixtures.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, sharedServer } from './testing/shared-server.ts';
import { endOf, summary } from './testing/told.ts';

const { query, parse, bind, execute, sync, terminate, copyData } = message;
const cancelCode = Buffer.from([4, 210, 22, 46]);

/** Cancels that the gateway itself has put on record. */
const cancels = (plane: DataPlane) =>
  plane.entries().filter((entry) => entry.kind === 'bytes' && entry.exchange === 0 && Buffer.from(entry.bytes).includes(cancelCode)).length;

async function within<Result>(timeouts: Partial<Timeouts>, converse: (client: RawClient, plane: DataPlane) => Promise<Result>) {
  const plane = await planeBeforeServer({ timeouts });
  try {
    using client = await RawClient.open(plane);
    const result = await converse(client, plane);
    const entries = await plane.settled();
    assertSound(entries);
    return { result, entries, cancels: cancels(plane) };
  } finally {
    await plane.close();
  }
}

describe('the time-outs of a connection', () => {
  for (const [name, timeouts, before, code] of [
    ['idle from the beginning', { idle: 60 }, [], '57P05'],
    ['idle after a statement', { idle: 60 }, [query('select 1')], '57P05'],
    ['idle in a transaction, by the time for that', { idle: 60_000, idleInTransaction: 60 }, [query('begin')], '25P03'],
    ['idle in a transaction that failed', { idleInTransaction: 60 }, [query('begin; select 1/0')], '25P03'],
    ['idle in a transaction, by the time for all', { idle: 60, idleInTransaction: 60_000 }, [query('begin')], '57P05'],
  ] as const)
    test(`${name}: FATAL ${code}`, async () => {
      const { result, entries } = await within(timeouts, async (client) => {
        client.send(...before);
        return client.rest();
      });
      const words = result.at(-1);
      assert.deepEqual(words && [words.type, parseFields(words.body).severity, parseFields(words.body).code], ['E', 'FATAL', code]);
      assert.match(endOf(entries) ?? '', /the session was idle for 60 ms/);
    });

  test('whoever works is not idle, and a statement that runs is no idle transaction', async () => {
    const { result } = await within({ idle: 500, idleInTransaction: 500 }, async (client) => {
      client.send(query('begin'), query('select pg_sleep(0.8)'), query('commit'), terminate());
      return client.rest();
    });
    assert.equal(describeMessages(result), 'C Z T D C Z C Z');
  });

  for (const [name, asks, hears, record] of [
    ['a simple query', [query('select pg_sleep(30)')], 'T E:57014 Z', ['select pg_sleep(30) → error 57014']],
    [
      'the second of a string',
      [query('select 1; select pg_sleep(30); select 2')],
      'T D C T E:57014 Z',
      ['select 1 → ok SELECT 1', 'select pg_sleep(30) → error 57014', 'select 2 → skipped'],
    ],
    [
      'one of the extended protocol, and what is behind it in its batch',
      [parse('', 'select pg_sleep(30)'), bind('', ''), execute(''), parse('', 'select 2'), bind('', ''), execute(''), sync()],
      '1 2 E:57014 Z',
      ['select pg_sleep(30) → error 57014', 'select 2 → skipped'],
    ],
  ] as const)
    test(`${name} that takes too long is cancelled, and the session goes on`, async () => {
      const {
        result,
        entries,
        cancels: seen,
      } = await within({ statement: 150 }, async (client) => {
        client.send(...asks);
        const heard = await client.until('Z');
        client.send(query("select 'still here'"));
        assert.equal(describeMessages(await client.until('Z')), 'T D C Z');
        client.send(terminate());
        await client.rest();
        return heard;
      });
      assert.equal(describeMessages(result), hears);
      const refusal = result.find(({ type }) => type === 'E');
      assert.match((refusal && parseFields(refusal.body).message) ?? '', /run for 150 ms, so it was cancelled/);
      assert.deepEqual(summary(entries), [...record, "select 'still here' → ok SELECT 1"]);
      assert.ok(seen >= 1, 'the cancel is on record');
    });

  test('a COPY whose data does not come takes no cancel, so its session ends', async () => {
    const { result } = await within({ statement: 150 }, async (client) => {
      client.send(query('create temp table t (n int)'), query('copy t from stdin'));
      await client.until('G');
      client.send(copyData('1\n'));
      return client.rest();
    });
    assert.equal(describeMessages(result), 'E:57014');
    assert.equal(result[0] && parseFields(result[0].body).severity, 'FATAL');
  });

  test('many short statements are no long one', async () => {
    const { result } = await within({ statement: 600 }, async (client) => {
      const one = [parse('', 'select pg_sleep(0.15)'), bind('', ''), execute(''), sync()];
      client.send(...[1, 2, 3, 4, 5, 6].flatMap(() => one), terminate());
      return client.rest();
    });
    assert.equal(describeMessages(result).match(/C/g)?.length, 6);
  });

  test('waiting for a verdict is neither', async () => {
    const plane = await planeBeforeServer({
      timeouts: { idle: 50, statement: 50 },
      judge: () => new Promise((resolve) => setTimeout(resolve, 200, everybody)),
    });
    try {
      using client = await RawClient.open(plane);
      client.send(query('select 1'));
      assert.equal(describeMessages(await client.until('Z')), 'T D C Z');
    } finally {
      await plane.close();
    }
  });

  test('without limits there is no clock', () => {
    assert.equal(new SessionClock({ idle: null, idleInTransaction: null, statement: null }, () => {}).limits, false);
  });
  test('a time is said as people say it', () => {
    assert.deepEqual([150, 2_000, 90_000, 120_000, 7_200_000].map(spoken), ['150 ms', '2 s', '90 s', '2 min', '2 h']);
  });
});

describe('a session that ends in the middle of a statement', () => {
  const running = async (server: PostgresServer, mark: string) => {
    const watcher = await server.admin();
    const { rowCount } = await watcher.query(
      'select 1 from pg_stat_activity where query like $1 and pid <> pg_backend_pid() and state = $2',
      [`%${mark}%`, 'active'],
    );
    await watcher.end();
    return rowCount !== 0;
  };
  const begun = "raise notice 'begun'; perform pg_sleep(30)";

  for (const [name, leave] of [
    ['its client vanishes', (client: RawClient) => client.socket.destroy()],
    ['its client hangs up', (client: RawClient) => client.socket.end()],
    [
      'the gateway ends it',
      (_client: RawClient, plane: DataPlane) =>
        plane.opened[0]?.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: 'Ask the test.' }),
    ],
    ['its client breaks the protocol', (client: RawClient) => client.send(Buffer.from([0x21, 0, 0, 0, 4]))],
  ] as const)
    test(`${name}: the statement is cancelled at the target, and that is on record`, async () => {
      const server = await sharedServer();
      const plane = await planeBeforeServer();
      try {
        using client = await RawClient.open(plane);
        client.send(query(`do $$ begin ${begun}; end $$ -- ${name}`));
        await client.until('N');
        leave(client, plane);
        assertSound(await plane.settled());
        while (await running(server, name)) await new Promise((later) => setImmediate(later));
        assert.equal(cancels(plane), 1);
      } finally {
        await plane.close();
      }
    });

  test('a client that says goodbye first lets it run to its end', async () => {
    const server = await sharedServer();
    await server.run('create table if not exists left_behind (n int)', 'grant all on left_behind to shop_app', 'truncate left_behind');
    const plane = await planeBeforeServer();
    try {
      using client = await RawClient.open(plane);
      // Where the server itself looks for its client, it would end the statement.
      client.send(query('set client_connection_check_interval = 0'));
      await client.until('Z');
      client.send(query("do $$ begin raise notice 'begun'; perform pg_sleep(0.2); insert into left_behind values (1); end $$"));
      await client.until('N');
      client.send(terminate());
      client.socket.end();
      await plane.settled();
      const watcher = await server.admin();
      while ((await watcher.query('select 1 from left_behind')).rowCount === 0) await watcher.query('select pg_sleep(0.05)');
      await watcher.end();
      assert.equal(cancels(plane), 0);
    } finally {
      await plane.close();
    }
  });
});
