import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { segmentNumber } from '../../src/core/segment.ts';
import { Random } from '../rig/random.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { startLoad } from './load.ts';
import { assertWhole, recorded, witnesses } from './record-whole.ts';
import { openSite, type Site } from './site.ts';

/** `npm run audit -- loss` asks for more. */
const rounds = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 5);
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const roundsOfOneState = 10;
const clients = 6;
const durabilities = ['write', 'fsync'] as const;
const hook = pathToFileURL(join(import.meta.dirname, 'sync-log.mjs')).href;
const skip = process.platform === 'linux' ? false : 'needs /proc to tell what was flushed';

/*
 * A power cut without special devices: the gateway is killed, and then every segment of its journal is cut to the length that
 * it had when the last flush that succeeded began; a segment that was never flushed goes. That is the least that the disk must
 * have. What the archive wrote is left, for it flushes before it says that it has anything.
 */
describe(`the power cut ${rounds} times under load (seed ${seed})`, { skip }, () => {
  for (let from = 0; from < rounds; from += roundsOfOneState) {
    const to = Math.min(from + roundsOfOneState, rounds);
    it(`rounds ${from + 1} to ${to}: all that crossed on fsync is on record`, async (t) => {
      await using stack = new AsyncDisposableStack();
      let behind: Tap | null = null;
      const site = stack.use(
        await openSite({
          connections: async (postgres) => {
            behind = stack.use(await startTap(postgres.port));
            return durabilities.map((durability) => ({ name: durability, targetPort: behind?.port ?? 0, durability }));
          },
        }),
      );
      const before = stack.use(await startTap(site.postgresPort));
      assert.ok(behind !== null);
      const random = new Random(seed + from);
      const seen = { sessions: 0, bytes: 0, thrownAway: 0 };
      await startNoting(site);
      for (let round = from + 1; round <= to; round += 1) await oneRound({ site, before, behind, round, random, seen });
      t.diagnostic(JSON.stringify(seen));
      assert.ok(seen.sessions > 0 && seen.thrownAway > 0, 'sessions crossed, and pages were thrown away');
    });
  }
});

interface Round {
  readonly site: Site;
  readonly before: Tap;
  readonly behind: Tap;
  readonly round: number;
  readonly random: Random;
  readonly seen: { sessions: number; bytes: number; thrownAway: number };
}

async function oneRound({ site, before, behind, round, random, seen }: Round): Promise<void> {
  const token = await site.token('dana');
  const name = `power${round}`;
  const connect = (application_name: string) =>
    site.connect(token, {
      port: before.port,
      database: application_name.includes(`${name}-0-`) ? 'write' : 'fsync',
      application_name,
    });
  // Only now: in ten seconds the gateway would ask its targets again, on the record of a session that is compared.
  await site.acquaint(['write', 'fsync']);
  const load = startLoad({ clients, name, random, connect });
  await pause(50 + random.below(700));
  await site.gateway.kill();
  await load.stop();
  await pause(100);
  seen.thrownAway += throwAway(site);
  await startNoting(site);
  const crossed = [...witnesses(before.lines(), behind.lines()).values()].filter(
    ({ run, client, target }) =>
      run.startsWith(`${name}-`) && !run.startsWith(`${name}-0-`) && client.reply.length + target.request.length > 0,
  );
  const sessions = await site.sessionsOnce(
    (items) => items.every(({ status }) => status !== 'active') && crossed.every(({ run }) => items.some((item) => item.run === run)),
  );
  for (const witness of crossed) {
    const session = sessions.find(({ run }) => run === witness.run);
    assert.ok(session);
    assertWhole(witness, await recorded(site.state, session.id));
    seen.sessions += 1;
    seen.bytes += witness.client.reply.length + witness.target.request.length;
  }
}

async function startNoting(site: Site): Promise<void> {
  await site.start({ NODE_OPTIONS: `--import ${hook}`, CHAPERONE_AUDIT_SYNC_LOG: join(site.folder, 'flushed') });
}

/** Cuts the journal to what was flushed; returns how many bytes that took. */
function throwAway(site: Site): number {
  const folder = join(site.state, 'journal');
  const flushed = new Map<string, number>();
  for (const line of readFileSync(join(site.folder, 'flushed'), 'utf8').split('\n')) {
    const [, size, path] = /^(\d+) (.+)$/.exec(line) ?? [];
    if (path !== undefined) flushed.set(path, Number(size));
  }
  let bytes = 0;
  for (const name of readdirSync(folder).filter((entry) => segmentNumber(entry) !== null)) {
    const path = join(folder, name);
    const [size, kept] = [statSync(path).size, flushed.get(path)];
    bytes += Math.max(0, size - (kept ?? 0));
    if (kept === undefined) rmSync(path);
    else if (kept < size) truncateSync(path, kept);
  }
  assert.ok(existsSync(folder));
  return bytes;
}
