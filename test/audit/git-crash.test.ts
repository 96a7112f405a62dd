import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startGitServer, user } from '../../src/protocols/git/testing/git-server.ts';
import { clientEnvironment, run } from '../../src/protocols/git/testing/trial.ts';
import { keptMessages, type Message, messagesIn } from '../../src/protocols/git/testing/wire-messages.ts';
import { openWebHouse, type WebHouse } from '../e2e/http-house.ts';
import { Random } from '../rig/random.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { recorded } from './record-whole.ts';

/*
 * Kills the gateway while git pushes and clones by it, and compares what taps on both sides saw with what is on record: every request that
 * reached the target, and every reply that reached a client, to the last byte that crossed.
 */

const rounds = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 3);
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const clients = 2;
/** The archive works with what the processors have left, which may be little where other suites share them. */
const limitMs = 600_000 + rounds * 20_000;
const password = 'audited-password';

describe(`git, killed ${rounds} times while it pushes (seed ${seed})`, { timeout: limitMs }, () => {
  test('all that crossed is on record, and nothing of a push is left behind', { timeout: limitMs }, async (t) => {
    process.env['CHAPERONE_AUDIT_GIT'] = password;
    await using server = await startGitServer(password);
    server.createRepository('team/web-app.git');
    await using behind = await startTap(server.port);
    const target = { url: `http://127.0.0.1:${behind.port}/team/web-app.git` };
    const connection = { name: 'web-app', protocol: 'git', target, credentials: { user, password: { env: 'CHAPERONE_AUDIT_GIT' } } };
    const env = { CHAPERONE_AUDIT_GIT: password };
    await using house = await openWebHouse({ policies: 'permit (principal, action, resource);', connections: [connection], env });
    await using before = await startTap(house.webPort);
    const random = new Random(seed);
    const seen = { requests: 0, replies: 0, bytes: 0, pushes: 0 };
    for (let round = 1; round <= rounds; round += 1) {
      seen.pushes += await load(house, before, random, round);
      await house.restart();
    }
    await compare(house, before, behind, seen);
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.requests > 0 && seen.replies > 0 && seen.pushes > 0);
  });
});

/** Clients that push without pause until the gateway is killed under them; resolves with how many pushes were done before. */
async function load(house: WebHouse, before: Tap, random: Random, round: number): Promise<number> {
  const url = `http://127.0.0.1:${before.port}/web-app`;
  const common = clientEnvironment(house.folder, url, house.tokens.agent);
  const pairs = Number(common['GIT_CONFIG_COUNT']);
  const begun = Promise.withResolvers<void>();
  let done = 0;
  const pushing = Array.from({ length: clients }, async (_, number) => {
    const work = join(house.folder, `work-${round}-${number}`);
    // A run of its own is a session of its own, whose record has one request behind the other.
    const environment = {
      ...common,
      GIT_CONFIG_COUNT: String(pairs + 1),
      [`GIT_CONFIG_KEY_${pairs}`]: `http.${url}.extraHeader`,
      [`GIT_CONFIG_VALUE_${pairs}`]: `Chaperone-Run: r${round}-${number}`,
    };
    mkdirSync(work);
    await run('git', ['init', '--quiet'], work, environment);
    for (let count = 0; ; count += 1) {
      writeFileSync(join(work, 'file'), randomBytes(1_000 + random.below(400_000)));
      await run('git', ['add', '--all'], work, environment);
      await run('git', ['commit', '--quiet', '--message', `${round} ${number} ${count}`], work, environment);
      const { code } = await run('git', ['push', '--quiet', url, `HEAD:refs/heads/r${round}-${number}`], work, environment);
      if (code !== 0) return;
      done += 1;
      begun.resolve();
    }
  });
  await begun.promise;
  await pause(200 + random.below(800));
  await house.gateway.kill();
  await Promise.all(pushing);
  return done;
}

async function compare(
  house: WebHouse,
  before: Tap,
  behind: Tap,
  seen: { requests: number; replies: number; bytes: number },
): Promise<void> {
  const [asked, answered]: [Message[], Message[]] = [[], []];
  for (const { id } of await settledSessions(house)) {
    const { request, reply } = await recorded(house.state, id);
    asked.push(...keptMessages('request', request));
    answered.push(...keptMessages('reply', reply));
  }
  for (const message of behind.lines().flatMap(({ request }) => messagesIn(request))) {
    assertWithin(message, asked, 'a request that reached the target');
    seen.requests += 1;
    seen.bytes += message.body.length;
  }
  for (const message of before.lines().flatMap(({ reply }) => messagesIn(reply))) {
    assertWithin(message, answered, 'a reply that reached its client');
    seen.replies += 1;
    seen.bytes += message.body.length;
  }
  // The sessions of the last start have been closed with their gateway's end; what a push had is swept when the mirror is next opened.
  const environment = clientEnvironment(house.folder, house.url('/web-app'), house.tokens.agent);
  const work = join(house.folder, 'work-1-0');
  await run('git', ['commit', '--quiet', '--allow-empty', '--message', 'After'], work, environment);
  const { code, out } = await run('git', ['push', house.url('/web-app'), 'HEAD:refs/heads/after'], work, environment);
  assert.equal(code, 0, out);
  const quarantine = join(house.state, 'targets', 'web-app', 'quarantine');
  while (readdirSync(quarantine).length > 0) await pause(10);
}

/** All sessions, once none is active: recovery has marked those that were cut. The suite's own limit is all that ends the waiting. */
async function settledSessions(house: WebHouse): Promise<readonly { readonly id: string }[]> {
  for (; ; await pause(100)) {
    const sessions = await house.sessions();
    if (sessions.length >= rounds && sessions.every(({ status }) => status !== 'active')) return sessions;
  }
}

function assertWithin(message: Message, kept: readonly Message[], what: string): void {
  const found = kept.some(({ line, body }) => line === message.line && body.subarray(0, message.body.length).equals(message.body));
  assert.ok(found, `${what} is not on record: ${message.line}, ${message.body.length} bytes`);
}
