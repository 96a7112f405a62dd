import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Direction, Entry } from '../../src/core/entry.ts';
import { assertWhole, recorded, type Witness, witnesses } from './record-whole.ts';
import { openSite, type Site } from './site.ts';
import { SmallDisk, withoutSmallDisk } from './small-disk.ts';
import { startTap, type Tap } from '../rig/tap.ts';

/** Room for a segment, the reserve and the archive's first files. */
const mebibytes = 112;

test('a full disk: stop ends its sessions, gap goes on and says what is missing, and both go on when there is room', {
  skip: withoutSmallDisk(),
}, async () => {
  await using stack = new AsyncDisposableStack();
  const disk = stack.use(new SmallDisk(mebibytes));
  const { site, before, behind } = await openTapped(stack, join(disk.folder, 'state'));
  const token = await site.token('dana');
  const open = (database: string, run: string) => site.connect(token, { port: before.port, database, application_name: `disk;run=${run}` });
  await site.acquaint(['strict', 'lax']);
  const [strict, lax] = [await open('strict', 'strict'), await open('lax', 'lax')];
  await ask(strict, 'on record');
  await ask(lax, 'on record');

  disk.fill();
  const fault = await untilStopped(strict);
  assert.equal(fault.code, '58030', fault.message);
  await assertUnready(site);
  for (const database of ['strict', 'lax'])
    await assert.rejects(open(database, `late-${database}`), (refusal: Error & { code?: string }) => {
      assert.equal(refusal.code, '58030', refusal.message);
      assert.match(refusal.message, /cannot record/);
      return true;
    });
  for (let count = 0; count < 5; count += 1) await ask(lax, `not on record ${count}`);

  disk.empty();
  await untilReady(site);
  await ask(lax, 'on record again');
  await lax.end();
  const again = await open('strict', 'again');
  await ask(again, 'on record again');
  await again.end();
  const over = ['strict', 'lax', 'again'];
  const sessions = await site.sessionsOnce((items) =>
    over.every((run) => items.some((item) => item.run === run && item.status === 'ended')),
  );
  const seen = witnesses(before.lines(), behind.lines());
  const told = async (run: string) => {
    const session = sessions.find((item) => item.run === run);
    const witness = seen.get(run);
    assert.ok(session && witness);
    return { session, witness, record: await recorded(site.state, session.id) };
  };
  const stopped = await told('strict');
  assert.match(stopped.session.reason ?? '', /could not be written/);
  assert.equal(stopped.session.recording, 'complete');
  assertWhole(withoutFarewell(stopped.witness), stopped.record);
  const gone = await told('lax');
  assert.equal(gone.session.recording, 'gap');
  assertAddsUp(gone.witness, gone.record.entries);
  const fresh = await told('again');
  assert.equal(fresh.session.recording, 'complete');
  assertWhole(fresh.witness, fresh.record);
  assert.deepEqual(await site.gateway.stop(), { code: 0, signal: null });
});

async function openTapped(stack: AsyncDisposableStack, state: string) {
  let behind: Tap | null = null;
  const site = stack.use(
    await openSite({
      state,
      connections: async (postgres) => {
        behind = stack.use(await startTap(postgres.port));
        return [
          { name: 'strict', targetPort: behind.port, onFailure: 'stop' },
          { name: 'lax', targetPort: behind.port, onFailure: 'gap' },
        ];
      },
    }),
  );
  await site.start();
  const before = stack.use(await startTap(site.postgresPort));
  assert.ok(behind !== null);
  return { site, before, behind: behind as Tap };
}

async function ask(client: Client, value: string): Promise<void> {
  const { rows } = await client.query(`select '${value}' as value`);
  assert.deepEqual(rows, [{ value }]);
}

/** The file system gives out whole pages, so the first statements may still find room. */
async function untilStopped(client: Client): Promise<Error & { code?: string }> {
  for (;;) {
    try {
      await client.query(`select repeat('x', 2000) as filling`);
    } catch (fault) {
      assert.ok(fault instanceof Error);
      return fault;
    }
  }
}

async function assertUnready(site: Site): Promise<void> {
  const response = await site.fetch('/readyz', null);
  const { code, detail } = (await response.json()) as { code: string; detail: string };
  assert.equal(response.status, 503);
  assert.equal(code, 'RECORDER_FAULT');
  assert.match(detail, /journal.*cannot be written/);
  assert.equal((await site.fetch('/healthz', null)).status, 200, 'it lives');
}

async function untilReady(site: Site): Promise<void> {
  while (!(await site.fetch('/readyz', null)).ok) await pause(50);
}

/** A session that stops because it cannot be recorded says so past the record: its last message to the client. */
function withoutFarewell(witness: Witness): Witness {
  const { reply } = witness.client;
  const at = reply.lastIndexOf(Buffer.from('SFATAL\0')) - 5;
  assert.ok(at > 0 && reply.includes('C58030\0', at));
  assert.equal(at + 1 + reply.readUInt32BE(at + 1), reply.length, 'the farewell is the last that the client hears');
  return { ...witness, client: { ...witness.client, reply: reply.subarray(0, at) } };
}

/** What crossed is the record with its gaps: bytes where there are bytes, and as many as a gap says where there is one. */
function assertAddsUp({ client, target }: Witness, entries: readonly Entry[]): void {
  const crossed = { request: target.request, reply: client.reply };
  const at = { request: 0, reply: 0 };
  let missing = 0;
  for (const entry of entries) {
    if (entry.kind === 'gap') {
      at[entry.direction] += entry.count;
      missing += entry.count;
      assert.ok(entry.reason.length > 0);
    } else if (entry.kind === 'bytes') {
      const { direction, bytes } = entry;
      const there = crossed[direction].subarray(at[direction], at[direction] + bytes.length);
      assert.ok(
        there.equals(bytes),
        `${direction} at ${at[direction]}: ${there.toString('latin1')} is on record as ${Buffer.from(bytes).toString('latin1')}`,
      );
      at[direction] += bytes.length;
    }
  }
  const lengths: { readonly [direction in Direction]: number } = { request: crossed.request.length, reply: crossed.reply.length };
  assert.deepEqual(at, lengths);
  assert.ok(missing > 0);
}
