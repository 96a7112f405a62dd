import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SessionItem } from '../../src/archive/items.ts';
import { keptMessages } from '../../src/protocols/http/testing/wire-messages.ts';
import { cutMessages, type WireMessage } from '../rig/wire-messages.ts';
import { openWebHouse, startWebTarget, type WebHouse } from '../e2e/http-house.ts';
import { eventually } from '../e2e/demonstration.ts';
import { Random } from '../rig/random.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { recorded } from './record-whole.ts';

/*
 * Kills the gateway under load and compares what taps on both sides of it saw with what is on record: every request that reached the
 * target, and every reply that reached a client, to the last byte that crossed.
 */

const rounds = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 4);
const limitMs = 200_000 + rounds * 20_000;
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const clients = 4;
const policies = 'permit (principal, action, resource);';

describe(`HTTP, killed ${rounds} times under load (seed ${seed})`, { timeout: limitMs }, () => {
  test('all that crossed is on record, and what was cut is marked', async (t) => {
    await using target = await startWebTarget((asked, reply) => {
      const pieces: Buffer[] = [];
      asked.on('data', (piece: Buffer) => pieces.push(piece));
      asked.on('end', () => {
        const body = Buffer.concat([Buffer.from(`${asked.url ?? ''} `), ...pieces]);
        reply.writeHead(200, {
          'content-type': 'application/octet-stream',
          ...(body.length % 2 === 0 ? { 'content-length': body.length } : {}),
        });
        reply.end(body);
      });
    });
    await using behind = await startTap(target.port);
    await using house = await openWebHouse({
      policies,
      connections: ['write', 'fsync'].map((durability) => ({
        name: durability,
        protocol: 'http',
        target: { url: `http://127.0.0.1:${behind.port}` },
        recording: { durability },
      })),
    });
    await using before = await startTap(house.webPort);
    const random = new Random(seed);
    const seen = { requests: 0, replies: 0, interrupted: 0 };
    for (let round = 1; round <= rounds; round += 1) {
      await load(house, before, random, round);
      await house.restart();
      await compare(house, before, behind, `round${round}-`, seen);
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.requests > 0 && seen.replies > 0 && seen.interrupted > 0, 'the kills came while requests ran');
  });
});

/** Clients that ask without pause until the gateway is killed under them. */
async function load(house: WebHouse, before: Tap, random: Random, round: number): Promise<void> {
  const begun = Promise.withResolvers<void>();
  const agents = Array.from({ length: clients }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const asking = agents.map(async (agent, number) => {
    const run = `round${round}-${number}`;
    for (let count = 0; ; count += 1) {
      if (!(await ask(house, before, agent, run, count, Buffer.alloc(random.below(200_000), `${run} `)))) return;
      begun.resolve();
    }
  });
  await begun.promise;
  await pause(150 + random.below(500));
  await house.gateway.kill();
  await Promise.all(asking);
  for (const agent of agents) agent.destroy();
}

function ask(house: WebHouse, before: Tap, agent: Agent, run: string, count: number, body: Buffer): Promise<boolean> {
  const headers = { authorization: `Bearer ${house.tokens.agent}`, 'chaperone-run': run, 'content-type': 'application/octet-stream' };
  const path = `/${count % 2 === 0 ? 'write' : 'fsync'}/echo/${run}/${count}`;
  return new Promise((resolve) => {
    const asked = request({ port: before.port, host: '127.0.0.1', agent, method: 'POST', path, headers }, (reply) => {
      reply.on('error', () => resolve(false));
      reply.once('close', () => resolve(reply.complete));
      reply.resume();
    });
    asked.once('error', () => resolve(false));
    asked.end(body);
  });
}

async function compare(
  house: WebHouse,
  before: Tap,
  behind: Tap,
  prefix: string,
  seen: { requests: number; replies: number; interrupted: number },
) {
  const sessions = await sessionsOf(house, prefix);
  seen.interrupted += sessions.filter(({ status }) => status === 'interrupted').length;
  const kept = new Map<string, { readonly request?: WireMessage; readonly reply?: WireMessage }>();
  for (const { id } of sessions) {
    const { request: asked, reply } = await recorded(house.state, id);
    for (const message of keptMessages(asked)) kept.set(pathOf(message), { request: message });
    for (const message of keptMessages(reply)) kept.set(markOf(message), { ...kept.get(markOf(message)), reply: message });
  }
  for (const message of behind.lines().flatMap(({ request: asked }) => cutMessages(asked))) {
    if (!pathOf(message).includes(prefix)) continue;
    assertWithin(message, kept.get(pathOf(message))?.request, 'a request that reached the target');
    seen.requests += 1;
  }
  for (const message of before.lines().flatMap(({ reply }) => cutMessages(reply))) {
    if (!markOf(message).includes(prefix)) continue;
    assertWithin(message, kept.get(markOf(message))?.reply, 'a reply that reached its client');
    seen.replies += 1;
  }
}

async function sessionsOf(house: WebHouse, prefix: string): Promise<readonly SessionItem[]> {
  let items: readonly SessionItem[] = [];
  const settled = await eventually(async () => {
    items = (await house.sessions()).filter(({ run }) => run?.startsWith(prefix));
    return items.length > 0 && items.every(({ status }) => status !== 'active');
  });
  assert.ok(
    settled,
    `the sessions of a killed gateway are over: ${JSON.stringify(items.map(({ run, status }) => [run, status]))} ${house.gateway.stderr()}`,
  );
  return items;
}

/** `/echo/RUN/NUMBER` of a request, and of the reply to it. */
function pathOf({ line }: WireMessage): string {
  return line.split(' ')[1] ?? '';
}
function markOf({ body }: WireMessage): string {
  return body.toString('latin1', 0, 60).split(' ')[0] ?? '';
}

function assertWithin(message: WireMessage, kept: WireMessage | undefined, what: string): void {
  assert.ok(kept !== undefined, `${what} is not on record: ${message.line} ${markOf(message)}`);
  const { body } = message;
  assert.ok(
    body.equals(kept.body.subarray(0, body.length)),
    `${what} is not wholly on record: ${body.length} bytes against ${kept.body.length}`,
  );
  for (const [name, value] of kept.fields)
    assert.ok(
      message.fields.some(([own, said]) => own === name && said === value),
      `${what} has another ${name} than is on record`,
    );
}
