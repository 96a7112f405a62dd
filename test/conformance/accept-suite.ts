import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Greeting, SocketProtocol } from '../../src/core/protocol.ts';
import { refuse } from '../../src/core/verdict.ts';
import { Random } from '../rig/random.ts';
import type { ProtocolFolder } from './folder.ts';

const turnedAway = refuse('ACCESS_REFUSED', 'You may not.', 'Go elsewhere.');
const rounds = 40;

/** A web protocol's clients are received by the web listener, whose own tests are in src/gateway. */
export function acceptSuite({ protocol, rig }: ProtocolFolder): void {
  if (protocol.listener !== 'socket') return;
  describe('receives whoever comes', () => {
    for (const then of ['leave', 'vanish'] as const)
      test(`who says nothing, and then: ${then}`, async () => assert.deepEqual(await outcomeOf(protocol, [], then), []));

    test('who breaks off within a greeting', async () => {
      const steps = Math.max(1, Math.floor(rig.opening.length / 25));
      for (let at = 1; at < rig.opening.length; at += steps) await outcomeOf(protocol, [rig.opening.subarray(0, at)], 'leave');
    });

    test('who sends a greeting byte by byte', async () => {
      const bytes = Array.from(rig.opening, (_, at) => rig.opening.subarray(at, at + 1));
      assert.equal((await outcomeOf(protocol, bytes, 'leave')).length, 1);
    });

    test('who sends anything', async () => {
      const random = new Random(3);
      for (let round = 0; round < rounds; round += 1) await outcomeOf(protocol, [random.bytes(1 + random.below(400))], 'leave');
    });

    test('who sends a greeting gone wrong', async () => {
      const random = new Random(4);
      for (let round = 0; round < rounds; round += 1) await outcomeOf(protocol, [random.mutate(rig.opening)], 'leave');
    });

    test('who sends without end', async () => {
      for (const first of [0x00, 0x20, 0x7f, 0xff]) await outcomeOf(protocol, [Buffer.alloc(4 * 1024 * 1024, first)], 'leave');
    });
  });
}

/** Lets one client come; resolves with its greetings once its socket is closed and nothing is left to wait for. */
async function outcomeOf(
  protocol: SocketProtocol<unknown>,
  sent: readonly Buffer[],
  then: 'leave' | 'vanish',
): Promise<Greeting<unknown>[]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  client.on('error', () => {});
  client.resume();
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed = once(socket, 'close').catch(() => {});
  const greetings: Greeting<unknown>[] = [];
  const received = receive(protocol, socket, greetings);
  for (const bytes of sent) client.write(bytes);
  if (then === 'leave') client.end();
  else client.destroy();
  await received;
  await closed;
  client.destroy();
  server.close();
  return greetings;
}

async function receive(protocol: SocketProtocol<unknown>, socket: Socket, greetings: Greeting<unknown>[]): Promise<void> {
  for await (const greeting of protocol.accept({ socket, address: 'test', tls: null, plaintext: true })) {
    greetings.push(greeting);
    await greeting.refuse(turnedAway);
    socket.destroy();
  }
}
