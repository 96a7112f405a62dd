import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { OpenSessions } from './sessions.ts';
import { connectThreads } from './calls.ts';
import { MessageChannel } from 'node:worker_threads';
import type { Ending, Session } from '../core/session.ts';
import { createId } from '../core/identifier.ts';
import type { Client, Greeting, SocketProtocol } from '../core/protocol.ts';
import { z } from 'zod';
import { openListener } from './listener.ts';

/** As much of a session as the list of open ones looks at. */
function openSession(expiresAt: number): { session: Session; endings: Ending[] } {
  const endings: Ending[] = [];
  const facts = { id: createId(), connection: 'orders' };
  const session = { facts, principal: { token: { expiresAt } }, stop: (ending: Ending) => endings.push(ending) };
  return { session: session as unknown as Session, endings };
}

describe('the open sessions', () => {
  test('end with the token that opened them', async () => {
    const sessions = new OpenSessions(Date.now);
    const [short, long, free] = [openSession(Date.now() + 5), openSession(Date.now() + 2 ** 40), openSession(Date.now() - 5)];
    sessions.add(short.session, false);
    sessions.add(long.session, false);
    sessions.add(free.session, true);
    while (short.endings.length === 0) await new Promise((later) => setTimeout(later, 5));
    assert.equal(short.endings[0]?.code, 'SESSION_EXPIRED');
    assert.deepEqual([long.endings, free.endings], [[], []]);
    for (const { session } of [short, long, free]) sessions.remove(session.facts.id);
    await sessions.empty();
  });

  test('are counted by connection, and told when the gateway goes', async () => {
    const sessions = new OpenSessions(Date.now);
    const [one, other] = [openSession(Date.now() + 60_000), openSession(Date.now() + 60_000)];
    for (const { session } of [one, other]) sessions.add(session, false);
    assert.deepEqual([sessions.count, sessions.countOf('orders'), sessions.countOf('billing')], [2, 2, 0]);
    sessions.stopAll('The gateway goes.');
    for (const { endings } of [one, other]) assert.equal(endings[0]?.message, 'The gateway goes.');
    let empty = false;
    const emptied = sessions.empty().then(() => (empty = true));
    sessions.remove(one.session.facts.id);
    await new Promise((later) => setImmediate(later));
    assert.equal(empty, false);
    sessions.remove(other.session.facts.id);
    await emptied;
  });
});

describe('calls between threads', () => {
  const handlers = {
    double: (n: number) => n * 2,
    fail: (why: string) => Promise.reject(new Error(why)),
  };

  test('are answered, fail with their words, and know only what is there', async () => {
    const { port1, port2 } = new MessageChannel();
    connectThreads(port1, handlers);
    const calls = connectThreads<typeof handlers>(port2, {});
    assert.deepEqual(await Promise.all([calls.double(2), calls.double(3)]), [4, 6]);
    await assert.rejects(calls.fail('no luck'), /no luck/);
    const others = calls as unknown as { readonly [name: string]: (argument: unknown) => Promise<unknown> };
    for (const name of ['toString', 'constructor', 'nothing']) await assert.rejects(async () => others[name]?.(1), /no handler/);
    const lost = calls.double(4);
    calls.failAll(new Error('the thread has gone'));
    await assert.rejects(lost, /has gone/);
    port1.close();
  });
});

describe('a listener', () => {
  const protocol = (accept: (client: Client) => AsyncIterable<Greeting<unknown>>): SocketProtocol<unknown> => ({
    name: 'toy',
    settings: z.unknown(),
    actions: {},
    facts: {},
    objects: [],
    listener: 'socket',
    addresses: () => [{ host: '127.0.0.1', port: 1 }],
    accept,
    probe: () => assert.fail('nothing is tried'),
    decoder: () => ({ bytes: () => [], withheld: () => {} }),
  });

  test('drops the client whose reception fails, and goes on', async () => {
    let log = '';
    const house = { log: (line: string) => (log += line) } as unknown as Parameters<typeof openListener>[3];
    const listener = await openListener(
      protocol(() => {
        throw new Error('accept is broken');
      }),
      { host: '127.0.0.1', port: 0 },
      { certificate: null, insecureLoopback: true },
      house,
    );
    for (let count = 0; count < 2; count += 1) {
      const client = connect(listener.port, '127.0.0.1');
      client.resume();
      client.on('error', () => {});
      await once(client, 'close');
    }
    assert.match(log, /was dropped: accept is broken.*was dropped: accept is broken/);
    listener.close();
  });

  test('says where it cannot listen', async () => {
    const house = {} as Parameters<typeof openListener>[3];
    const security = { certificate: null, insecureLoopback: true };
    const quiet = protocol(async function* () {});
    const first = await openListener(quiet, { host: '127.0.0.1', port: 0 }, security, house);
    await assert.rejects(openListener(quiet, { host: '127.0.0.1', port: first.port }, security, house), {
      code: 'LISTENER_FAILED',
      message: /^listen\.toy \(127\.0\.0\.1:\d+\) cannot be opened: .*EADDRINUSE/,
    });
    first.close();
  });
});
